import {
  type Counter,
  type DeviceOf,
  type Endpoint,
  exactBytes,
  formatAddress,
  formatPublicKey,
  isZeroKey,
  type Peer,
  type PeerActivity,
  type PeerComparison,
  SecretKey,
  shownWhole,
  timeOf,
} from '@wgctrl/types'
import { align } from '../codec/align.js'
import { readBe16, readS32, readU16, readU32, readU64Counter } from '../codec/bytes.js'
import { locate, slotsFor, type UnknownTally } from '../codec/decode.js'
import { elementEnd } from '../codec/elements.js'
import { protocolError } from '../errors.js'
import { wgAllowedIp, wgPeer } from '../specs/wireguard.js'
import type { DeviceDump } from '../wireguard/get-device.js'
import type { PeerBuilder } from '../wireguard/peer-builder.js'
import { toAmnezia } from './amnezia.js'
import { isExpectedPeer } from './expected-peer.js'
import { AF_INET, AF_INET6, SOCKADDR_IN6 } from './sockaddr.js'
import { usualActivity } from './usual-activity.js'
import { usualPeer } from './usual-peer.js'

/** Where `locate` puts the start of each attribute's payload. */
const at = ({ type }: { type: number }): number => type * 2
const P = {
  publicKey: at(wgPeer.fields.publicKey),
  presharedKey: at(wgPeer.fields.presharedKey),
  endpoint: at(wgPeer.fields.endpoint),
  keepalive: at(wgPeer.fields.persistentKeepaliveInterval),
  handshake: at(wgPeer.fields.lastHandshakeTime),
  rxBytes: at(wgPeer.fields.rxBytes),
  txBytes: at(wgPeer.fields.txBytes),
  allowedIps: at(wgPeer.fields.allowedips),
  protocolVersion: at(wgPeer.fields.protocolVersion),
}
const A = {
  family: at(wgAllowedIp.fields.family),
  address: at(wgAllowedIp.fields.ipaddr),
  mask: at(wgAllowedIp.fields.cidrMask),
}

const OCTET = Array.from({ length: 256 }, (_, i) => String(i))
const OCTET_DOT = OCTET.map((octet) => `${octet}.`)
const SLASH = OCTET.map((octet) => `/${octet}`)

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** Used within one synchronous call at a time. */
const allowedIpSlots = slotsFor(wgAllowedIp)

/** Builds peers as users see them, straight from the bytes. Nothing of a peer refers to them. */
export const peerBuilder: PeerBuilder<Peer> = {
  usual: usualPeer,
  peer: (bytes, _start, _end, slots, unknown) => {
    const received = counterAt(bytes, slots[P.rxBytes] as number)
    const transmitted = counterAt(bytes, slots[P.txBytes] as number)
    const peer: Mutable<Peer> = {
      publicKey: formatPublicKey(bytes, slots[P.publicKey] as number),
      persistentKeepalive: slots[P.keepalive] ? readU16(bytes, slots[P.keepalive] as number) : 0,
      receivedBytes: Number(received),
      transmittedBytes: Number(transmitted),
      // A copy: a list that grew has room to grow further, a quarter of what a peer takes.
      allowedIPs: addAllowedIps([], bytes, slots, unknown).slice(),
      protocolVersion: slots[P.protocolVersion]
        ? readU32(bytes, slots[P.protocolVersion] as number)
        : 1,
    }
    const range = keepaliveRange(bytes, slots)
    if (range !== undefined) peer.persistentKeepaliveRange = range
    const exact = exactBytes(received, transmitted)
    if (exact !== undefined) peer.exactBytes = exact
    const key = slots[P.presharedKey] as number
    const presharedKey = key === 0 ? undefined : SecretKey.at(bytes, key)
    if (presharedKey !== undefined) peer.presharedKey = presharedKey
    const endpoint = endpointAt(bytes, slots[P.endpoint] as number, slots[P.endpoint + 1] as number)
    if (endpoint !== undefined) peer.endpoint = endpoint
    const lastHandshake = handshakeAt(bytes, slots[P.handshake] as number)
    if (lastHandshake !== undefined) peer.lastHandshake = lastHandshake
    return peer
  },
  append: (peer, bytes, _start, _end, slots, unknown) => {
    addAllowedIps(peer.allowedIPs, bytes, slots, unknown)
  },
}

/** The same without those that are as expected, which `comparison` notes. */
export const comparingBuilder = (comparison: PeerComparison): PeerBuilder<Peer> => ({
  ...peerBuilder,
  begin: () => comparison.restart(),
  isKnown: (bytes, start, end) => isExpectedPeer(bytes, start, end, comparison),
})

/** Builds of peers what says whether they are there. */
export const activityBuilder: PeerBuilder<PeerActivity> = {
  usual: usualActivity,
  peer: (bytes, _start, _end, slots) => {
    const lastHandshake = handshakeAt(bytes, slots[P.handshake] as number)
    return {
      publicKey: formatPublicKey(bytes, slots[P.publicKey] as number),
      receivedBytes: Number(counterAt(bytes, slots[P.rxBytes] as number)),
      transmittedBytes: Number(counterAt(bytes, slots[P.txBytes] as number)),
      ...(lastHandshake !== undefined && { lastHandshake }),
    }
  },
  append: () => {},
}

/** A device as users see it, from the dump of it. */
export function toDevice<P>(dump: DeviceDump<P>): DeviceOf<P> {
  const { head, peers, unknown, version } = dump
  const { ifindex, ifname = '', privateKey, publicKey, listenPort = 0, fwmark = 0, amnezia } = head
  const secret = privateKey && SecretKey.at(privateKey, 0)
  privateKey?.fill(0)
  return shownWhole({
    name: ifname,
    kind: 'linux-kernel',
    ...(ifindex !== undefined && { interfaceIndex: ifindex }),
    ...(secret && { privateKey: secret }),
    ...(publicKey && !isZeroKey(publicKey) && { publicKey: formatPublicKey(publicKey) }),
    listenPort,
    firewallMark: fwmark,
    ...(amnezia && { amnezia: toAmnezia(amnezia, version) }),
    peers,
    ...(unknown.size > 0 && { unknown: Object.fromEntries(unknown) }),
  })
}

/** Two numbers of 16 bits, where the family is AmneziaWG's; WireGuard has one. */
function keepaliveRange(bytes: Uint8Array, slots: Int32Array): string | undefined {
  const at = slots[P.keepalive] as number
  if ((slots[P.keepalive + 1] as number) - at < 4) return undefined
  const [from, to] = [readU16(bytes, at), readU16(bytes, at + 2)]
  return from === to ? undefined : `${from}-${to}`
}

/** struct sockaddr_in or sockaddr_in6: native family, then port and addresses in network order. */
function endpointAt(bytes: Uint8Array, o: number, end: number): Endpoint | undefined {
  if (o === 0) return undefined
  const family = readU16(bytes, o)
  const port = readBe16(bytes, o + 2)
  if (family === AF_INET) return { address: ipv4(bytes, o + 4), port, family: 4 }
  if (family !== AF_INET6 || end - o < SOCKADDR_IN6) return undefined
  const address = formatAddress(6, bytes, o + 8)
  // The scope is the one native-endian number of the struct.
  const scopeId = readU32(bytes, o + 24)
  return scopeId === 0 ? { address, port, family: 6 } : { address, port, family: 6, scopeId }
}

const counterAt = (bytes: Uint8Array, o: number): Counter =>
  o === 0 ? 0 : readU64Counter(bytes, o)

/** Seconds and nanoseconds since 1970; both zero mean that there was no handshake yet. */
function handshakeAt(bytes: Uint8Array, o: number): Date | undefined {
  if (o === 0) return undefined
  // In two halves, of which the upper is signed: a double holds every second there will be.
  const seconds = readS32(bytes, o + 4) * 0x1_0000_0000 + readU32(bytes, o)
  const nanoseconds = readU32(bytes, o + 8)
  if (seconds === 0 && nanoseconds === 0) return undefined
  const time = timeOf(seconds, nanoseconds)
  if (!time) throw protocolError('a handshake beyond all time')
  return time
}

function addAllowedIps(
  list: string[],
  bytes: Uint8Array,
  slots: Int32Array,
  unknown: UnknownTally,
): string[] {
  const end = slots[P.allowedIps + 1] as number
  for (let o = slots[P.allowedIps] as number; o < end; ) {
    const stop = elementEnd(bytes, o, end)
    locate(wgAllowedIp, bytes, o + 4, stop, allowedIpSlots, unknown)
    const cidr = cidrAt(bytes, allowedIpSlots)
    if (cidr !== undefined) list.push(cidr)
    o += align(stop - o)
  }
  return list
}

function cidrAt(bytes: Uint8Array, slots: Int32Array): string | undefined {
  const address = slots[A.address] as number
  const mask = slots[A.mask] as number
  const family = slots[A.family] as number
  if (address === 0 || mask === 0 || family === 0) return undefined
  const suffix = SLASH[bytes[mask] as number] as string
  const length = (slots[A.address + 1] as number) - address
  return readU16(bytes, family) === AF_INET || length < 16
    ? ipv4(bytes, address) + suffix
    : formatAddress(6, bytes, address) + suffix
}

function ipv4(b: Uint8Array, o: number): string {
  return (
    (OCTET_DOT[b[o] as number] as string) +
    (OCTET_DOT[b[o + 1] as number] as string) +
    (OCTET_DOT[b[o + 2] as number] as string) +
    (OCTET[b[o + 3] as number] as string)
  )
}
