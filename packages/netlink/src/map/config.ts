import {
  type CheckedAllowedIP,
  type CheckedConfig,
  type CheckedPeer,
  type Endpoint,
  invalid,
  parseAddress,
} from '@wgctrl/types'
import { writeBe16, writeU16, writeU32 } from '../codec/bytes.js'
import { wgAllowedIp, wgDevice, wgPeer } from '../specs/wireguard.js'
import type { WgDeviceChange } from '../wireguard/pack.js'
import type { WgAllowedIp, WgPeer } from '../wireguard/peer-builder.js'

const AF_INET = 2
const AF_INET6 = 10
const { replacePeers } = wgDevice.fields.flags.masks
const { removeMe, replaceAllowedips, updateOnly } = wgPeer.fields.flags.masks

/** The index of a link that an endpoint's scope names. */
export type ScopeIndex = (name: string) => number | undefined

/**
 * A checked config in the kernel's words. Peers are made one by one as they are walked, and share
 * the config's secrets: nothing is copied that would have to be wiped.
 */
export function toChange(
  name: string,
  config: CheckedConfig,
  scopeIndex: ScopeIndex = () => undefined,
): WgDeviceChange {
  return {
    ifname: name,
    privateKey: config.privateKey,
    flags: config.replacePeers ? replacePeers : undefined,
    listenPort: config.listenPort,
    fwmark: config.firewallMark,
    peers: toPeers(config.peers, scopeIndex),
  }
}

function* toPeers(peers: readonly CheckedPeer[], scopeIndex: ScopeIndex): Generator<WgPeer> {
  for (const peer of peers) yield toPeer(peer, scopeIndex)
}

function toPeer(peer: CheckedPeer, scopeIndex: ScopeIndex): WgPeer {
  const flags =
    (peer.remove ? removeMe : 0) |
    (peer.updateOnly ? updateOnly : 0) |
    (peer.replaceAllowedIPs ? replaceAllowedips : 0)
  return {
    publicKey: Buffer.from(peer.publicKey, 'base64'),
    presharedKey: peer.presharedKey,
    flags: flags === 0 ? undefined : flags,
    endpoint: peer.endpoint && toSockaddr(peer.endpoint, scopeIndex),
    persistentKeepaliveInterval: peer.persistentKeepalive,
    allowedips: peer.allowedIPs.length === 0 ? undefined : peer.allowedIPs.map(toAllowedIp),
  }
}

export function toAllowedIp({
  family,
  bytes,
  prefixLength,
  remove,
}: CheckedAllowedIP): WgAllowedIp {
  return {
    family: family === 4 ? AF_INET : AF_INET6,
    ipaddr: bytes,
    cidrMask: prefixLength,
    flags: remove ? wgAllowedIp.fields.flags.masks.removeMe : undefined,
  }
}

/**
 * struct sockaddr_in (16 bytes) or sockaddr_in6 (28): native family, port and address in network
 * order, and a native scope.
 */
function toSockaddr(endpoint: Endpoint, scopeIndex: ScopeIndex): Uint8Array {
  const ip = parseAddress(endpoint.address)
  if (!ip) throw invalid('endpoint', `not an IP address: ${JSON.stringify(endpoint.address)}`)
  const bytes = new Uint8Array(ip.family === 4 ? 16 : 28)
  writeU16(bytes, 0, ip.family === 4 ? AF_INET : AF_INET6)
  writeBe16(bytes, 2, endpoint.port)
  bytes.set(ip.bytes, ip.family === 4 ? 4 : 8)
  if (endpoint.scopeId !== undefined) writeU32(bytes, 24, toIndex(endpoint.scopeId, scopeIndex))
  return bytes
}

function toIndex(scope: number | string, scopeIndex: ScopeIndex): number {
  const index = typeof scope === 'number' ? scope : scopeIndex(scope)
  if (index === undefined) throw invalid('endpoint.scopeId', `there is no interface ${scope}`)
  return index
}
