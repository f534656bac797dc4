import {
  formatEndpoint,
  isPlainPeer,
  type Peer,
  type PeerConfig,
  type SecretKey,
} from '@wgctrl/types'
import { isSameEndpoint, type Scopes } from './endpoint.js'

/**
 * True when a peer is obviously as it should be. What is spelled in another way than the device has it
 * gives false: the caller looks closer then. This is what makes ten changes among 100,000 peers cheap:
 * what equals a device's own values needs no check.
 */
export function isClearlyUnchanged(current: Peer, wanted: PeerConfig, scopes: Scopes): boolean {
  if (!isPlainPeer(wanted)) return false
  const { presharedKey, endpoint, persistentKeepalive, allowedIPs = [] } = wanted
  return (
    (persistentKeepalive ?? 0) === current.persistentKeepalive &&
    wanted.persistentKeepaliveRange === current.persistentKeepaliveRange &&
    isSameSecret(current.presharedKey, presharedKey) &&
    (endpoint === undefined || isSpelledAs(current.endpoint, endpoint, scopes)) &&
    hasSameElements(current.allowedIPs, allowedIPs)
  )
}

function isSameSecret(current: SecretKey | undefined, wanted: PeerConfig['presharedKey']): boolean {
  if (wanted === undefined || wanted === null) return current === undefined
  try {
    return current?.equals(wanted) ?? false
  } catch {
    return false
  }
}

function isSpelledAs(
  current: Peer['endpoint'],
  wanted: NonNullable<PeerConfig['endpoint']>,
  scopes: Scopes,
): boolean {
  if (current === undefined) return false
  if (typeof wanted === 'string') return formatEndpoint(current) === wanted
  return (
    typeof wanted === 'object' &&
    wanted?.family === current.family &&
    isSameEndpoint(current, wanted, scopes)
  )
}

function hasSameElements(current: readonly string[], wanted: readonly unknown[]): boolean {
  if (current.length !== wanted.length) return false
  if (current.every((network, at) => network === wanted[at])) return true
  const networks = new Set<unknown>(wanted)
  return current.every((network) => networks.has(network))
}
