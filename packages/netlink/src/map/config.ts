import {
  type CheckedAllowedIP,
  type CheckedConfig,
  type CheckedPeer,
  type Endpoint,
  invalid,
  type PeerConfig,
  type PublicKey,
  parseRange,
  writeAddress,
  writeCidr,
  writeKey,
} from '@wgctrl/types'
import { writeBe16, writeU16, writeU32 } from '../codec/bytes.js'
import type { Writer } from '../codec/writer.js'
import { WG_KEY_LEN, wgAllowedIp, wgDevice, wgPeer } from '../specs/wireguard.js'
import type { WgDeviceChange } from '../wireguard/pack.js'
import { LASTING_FLAGS, type PeerWriter } from '../wireguard/peer-writer.js'
import { amneziaFields } from './amnezia.js'
import { AF_INET, AF_INET6, SOCKADDR_IN, SOCKADDR_IN6 } from './sockaddr.js'

const { replacePeers } = wgDevice.fields.flags.masks
const { removeMe, replaceAllowedips, updateOnly } = wgPeer.fields.flags.masks
const P = wgPeer.fields
const A = wgAllowedIp.fields

/** The index of a link that an endpoint's scope names. */
export type ScopeIndex = (name: string) => number | undefined

/**
 * A checked config in the kernel's words, but for its peers, which {@link peerWriter} writes.
 *
 * @param version of AmneziaWG's family; absent: the family is WireGuard's
 */
export function toChange(
  name: string,
  config: CheckedConfig,
  version?: number,
): WgDeviceChange<CheckedPeer> {
  return {
    ...(version !== undefined && config.amnezia && amneziaFields(config.amnezia, version)),
    ifname: name,
    privateKey: config.privateKey,
    flags: config.replacePeers ? replacePeers : undefined,
    listenPort: config.listenPort,
    fwmark: config.firewallMark,
    peers: config.peers,
  }
}

/**
 * Writes checked peers straight into the message: no secret gets a copy that would have to be wiped.
 *
 * @param hasRanges the kernel has a range for a keepalive, in 32 bits
 */
export function peerWriter(
  scopeIndex: ScopeIndex = () => undefined,
  hasRanges = false,
): PeerWriter<CheckedPeer> {
  return {
    allowedIps: (peer) => peer.allowedIPs.length,
    peer: (peer, isFirst, writer) => {
      writePublicKey(peer.publicKey, writer)
      if (!isFirst) return writeFlags(peer, LASTING_FLAGS, writer)
      const { presharedKey, endpoint, persistentKeepalive } = peer
      if (presharedKey) writeSecret(presharedKey, writer)
      writeFlags(peer, removeMe | updateOnly | replaceAllowedips, writer)
      if (endpoint) writeEndpoint(endpoint, scopeIndex, writer)
      if (persistentKeepalive === undefined) return
      if (hasRanges) writeKeepaliveRange(peer, writer)
      else writeKeepalive(persistentKeepalive, writer)
    },
    allowedIp: (peer, index, writer) =>
      writeAllowedIp(peer.allowedIPs[index] as CheckedAllowedIP, writer),
  }
}

type PeerFlags = Pick<PeerConfig, 'remove' | 'updateOnly' | 'replaceAllowedIPs'>

export function writePublicKey(key: PublicKey, writer: Writer): void {
  const at = writer.attribute(P.publicKey.type, WG_KEY_LEN)
  writeKey(key, writer.bytes, at)
}

function writeSecret(key: Uint8Array, writer: Writer): void {
  const at = writer.attribute(P.presharedKey.type, WG_KEY_LEN)
  writer.bytes.set(key, at)
}

/** @param mask of the flags those that are written; nothing is where it leaves none */
export function writeFlags(peer: PeerFlags, mask: number, writer: Writer): void {
  const flags =
    (peer.remove ? removeMe : 0) |
    (peer.updateOnly ? updateOnly : 0) |
    (peer.replaceAllowedIPs ? replaceAllowedips : 0)
  if ((flags & mask) === 0) return
  const at = writer.attribute(P.flags.type, 4)
  writeU32(writer.bytes, at, flags & mask)
}

export function writeKeepalive(seconds: number, writer: Writer): void {
  const at = writer.attribute(P.persistentKeepaliveInterval.type, 2)
  writeU16(writer.bytes, at, seconds)
}

/** One number is a range of it alone. */
function writeKeepaliveRange(peer: CheckedPeer, writer: Writer): void {
  const { persistentKeepalive = 0, persistentKeepaliveRange } = peer
  const ends = parseRange(persistentKeepaliveRange ?? '', 65535)
  const at = writer.attribute(P.persistentKeepaliveInterval.type, 4)
  writeU16(writer.bytes, at, persistentKeepalive)
  writeU16(writer.bytes, at + 2, ends?.to ?? persistentKeepalive)
}

function writeAllowedIp({ text, remove }: CheckedAllowedIP, writer: Writer): void {
  const isIPv4 = text.indexOf(':') < 0
  const family = writer.attribute(A.family.type, 2)
  const address = writer.attribute(A.ipaddr.type, isIPv4 ? 4 : 16)
  const mask = writer.attribute(A.cidrMask.type, 1)
  const flags = remove ? writer.attribute(A.flags.type, 4) : 0
  const { bytes } = writer
  writeU16(bytes, family, isIPv4 ? AF_INET : AF_INET6)
  bytes[mask] = writeCidr(text, bytes, address)
  if (remove) writeU32(bytes, flags, A.flags.masks.removeMe)
}

/**
 * struct sockaddr_in or sockaddr_in6: native family, port and address in network order, and a native
 * scope.
 */
export function writeEndpoint(endpoint: Endpoint, scopeIndex: ScopeIndex, writer: Writer): void {
  const { address, port, family, scopeId } = endpoint
  const isIPv4 = family === 4
  const at = writer.attribute(P.endpoint.type, isIPv4 ? SOCKADDR_IN : SOCKADDR_IN6)
  const { bytes } = writer
  writeU16(bytes, at, isIPv4 ? AF_INET : AF_INET6)
  writeBe16(bytes, at + 2, port)
  writeAddress(address, bytes, at + (isIPv4 ? 4 : 8))
  if (scopeId !== undefined) writeU32(bytes, at + 24, toIndex(scopeId, scopeIndex))
}

function toIndex(scope: number | string, scopeIndex: ScopeIndex): number {
  const index = typeof scope === 'number' ? scope : scopeIndex(scope)
  if (index === undefined) throw invalid('endpoint.scopeId', `there is no interface ${scope}`)
  return index
}
