import { checkFields, checkGiven, InvalidTypeError, type PublicKey } from '@wgctrl/types'
import { DESCRIBE_OPTIONS } from '../option-fields.js'
import type { AmneziaChange, Change, PeerAdded, PeerChanged, PrivateKeyChange } from './change.js'

export interface DescribeOptions {
  /** What to call a peer; absent or `undefined`: by its public key. */
  readonly peerName?: ((publicKey: PublicKey) => string | undefined) | undefined
}

/**
 * A change as one would say it, in one line without a full stop.
 *
 * @example
 * ```ts
 * const changes = await wg.sync('wg0', desired, { dryRun: true })
 * for (const change of changes) console.log(describeChange(change))
 * // listen port: 51820 → 51821
 * // move allowed IP 10.0.0.2/32 from peer alice to peer bob
 * ```
 * @throws {TypeError} `EINVAL`; `path` names the option, or `change` or `change.kind` of what is no change
 */
export function describeChange(change: Change, options: DescribeOptions = {}): string {
  checkFields(options, 'options', DESCRIBE_OPTIONS)
  checkGiven(change, 'change', 'a change that `sync` gives')
  const { peerName } = options
  const peer = (key: PublicKey): string => `peer ${peerName?.(key) ?? key}`
  switch (change.kind) {
    case 'private-key':
      return describePrivateKey(change)
    case 'listen-port':
      return `listen port: ${portText(change.from)} → ${portText(change.to)}`
    case 'firewall-mark':
      return `firewall mark: ${markText(change.from)} → ${markText(change.to)}`
    case 'amnezia':
      return `${change.parameter}: ${valueText(change.from)} → ${valueText(change.to)}`
    case 'extra':
      return `${change.key}: ${[change.to].flat().join(', ')}`
    case 'peer-added':
      return [`add ${peer(change.publicKey)}`, ...addedParts(change)].join(', ')
    case 'peer-removed':
      return `remove ${peer(change.publicKey)}`
    case 'peer-changed':
      return `${peer(change.publicKey)}: ${changedParts(change).join(', ')}`
    case 'allowed-ip-added':
      return `${peer(change.publicKey)}: add allowed IP ${change.cidr}`
    case 'allowed-ip-removed':
      return `${peer(change.publicKey)}: remove allowed IP ${change.cidr}`
    case 'allowed-ip-moved':
      return `move allowed IP ${change.cidr} from ${peer(change.from)} to ${peer(change.to)}`
    default:
      throw new InvalidTypeError('change.kind', 'is none that `sync` gives')
  }
}

function describePrivateKey({ publicKey, formerPublicKey }: PrivateKeyChange): string {
  if (publicKey === undefined) return `private key: removed (its public key was ${formerPublicKey})`
  if (formerPublicKey === undefined) return `private key: set (public key ${publicKey})`
  return `private key: replaced (public key ${formerPublicKey} → ${publicKey})`
}

function addedParts(peer: PeerAdded): string[] {
  const { hasPresharedKey, endpoint, persistentKeepalive, allowedIPs } = peer
  const parts: string[] = []
  if (allowedIPs.length > 0) parts.push(`allowed IPs ${allowedIPs.join(' ')}`)
  if (endpoint !== undefined) parts.push(`endpoint ${endpoint}`)
  if (persistentKeepalive > 0) parts.push(`keepalive ${keepaliveText(persistentKeepalive)}`)
  if (hasPresharedKey) parts.push('with a preshared key')
  return parts
}

function changedParts(change: PeerChanged): string[] {
  const { presharedKey, endpoint, persistentKeepalive, persistentKeepaliveRange, extra } = change
  const parts: string[] = []
  if (endpoint) parts.push(`endpoint ${endpoint.from ?? '(none)'} → ${endpoint.to}`)
  if (persistentKeepalive) {
    const { from, to } = persistentKeepalive
    parts.push(`keepalive ${keepaliveText(from)} → ${keepaliveText(to)}`)
  }
  if (persistentKeepaliveRange) {
    const { from = '(none)', to = '(none)' } = persistentKeepaliveRange
    parts.push(`range of keepalives ${from} → ${to}`)
  }
  if (extra) parts.push(`${extra.join(', ')} changed`)
  if (presharedKey) parts.push(`preshared key ${presharedKey}`)
  return parts
}

function valueText(value: AmneziaChange['from']): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  return value === '' ? '(none)' : `${value}`
}

const portText = (port: number): string => (port === 0 ? '(none)' : `${port}`)

const markText = (mark: number): string => (mark === 0 ? 'off' : `0x${mark.toString(16)}`)

function keepaliveText(seconds: number): string {
  if (seconds === 0) return 'off'
  return seconds === 1 ? 'every second' : `every ${seconds} seconds`
}
