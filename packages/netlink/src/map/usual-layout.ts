import { timeOf } from '@wgctrl/types'
import { readBe16 } from '../codec/bytes.js'
import { wgAllowedIp, wgPeer } from '../specs/wireguard.js'
import { AF_INET, AF_INET6, SOCKADDR_IN, SOCKADDR_IN6 } from './sockaddr.js'

/*
 * Where everything is in a peer as every kernel so far writes it: the same attributes in the same order, so that a few
 * headers, each compared as one word, say it. Of anything else nothing is said: the declared tables have their turn.
 */

const P = wgPeer.fields
const A = wgAllowedIp.fields
const NLA_F_NESTED = 0x8000

/** The header of an attribute as a little-endian word: its length, then its type. */
const header = ({ type }: { type: number }, payload: number): number => (payload + 4) | (type << 16)

const PUBLIC_KEY: number = header(P.publicKey, 32)
const PRESHARED_KEY: number = header(P.presharedKey, 32)
const HANDSHAKE: number = header(P.lastHandshakeTime, 16)
const KEEPALIVE: number = header(P.persistentKeepaliveInterval, 2)
const TX_BYTES: number = header(P.txBytes, 8)
const RX_BYTES: number = header(P.rxBytes, 8)
const PROTOCOL_VERSION: number = header(P.protocolVersion, 4)
const ENDPOINT_IPV4: number = header(P.endpoint, SOCKADDR_IN)
const ENDPOINT_IPV6: number = header(P.endpoint, SOCKADDR_IN6)
const ALLOWED_IPS: number = P.allowedips.type | NLA_F_NESTED
const MASK: number = header(A.cidrMask, 1)
const FAMILY: number = header(A.family, 2)
const IPV4: number = header(A.ipaddr, 4)
const IPV6: number = header(A.ipaddr, 16)

/** Words from a peer's first attribute to its last of a fixed size. */
const FIXED = 33

/** Bytes from there to the endpoint. */
export const FIXED_BYTES: number = FIXED * 4

/** Where the fields of a fixed size are, in words behind a peer's first attribute. */
export const WORD = {
  publicKey: 1,
  presharedKey: 10,
  handshake: 19,
  keepalive: 24,
  txBytes: 26,
  rxBytes: 29,
  protocolVersion: 32,
} as const

/** Bytes of an allowed IP with its header. */
const ALLOWED_IPV4 = 28
const ALLOWED_IPV6 = 40

/** Where the address of an allowed IP and the length of its prefix are. */
export const NETWORK_ADDRESS = 24
export const NETWORK_PREFIX = 8

/** The words of the memory that was looked at last. */
export let words: Int32Array = new Int32Array(0)

/** One of them. */
export const word = (at: number): number => words[at] as number

/**
 * Looks at a peer whose attributes are `bytes[start..end)`.
 *
 * @returns where they begin in {@link words}; -1: it is of another form
 * @source drivers/net/wireguard/netlink.c, get_peer
 */
export function lookAtPeer(bytes: Uint8Array, start: number, end: number): number {
  const at = bytes.byteOffset + start
  if ((at & 3) !== 0 || start + FIXED_BYTES > end) return -1
  if (words.buffer !== bytes.buffer) {
    words = new Int32Array(bytes.buffer, 0, bytes.buffer.byteLength >> 2)
  }
  const first = at >> 2
  return hasUsualHeaders(first) ? first : -1
}

function hasUsualHeaders(first: number): boolean {
  return (
    words[first] === PUBLIC_KEY &&
    words[first + 9] === PRESHARED_KEY &&
    words[first + 18] === HANDSHAKE &&
    words[first + 23] === KEEPALIVE &&
    words[first + 25] === TX_BYTES &&
    words[first + 28] === RX_BYTES &&
    words[first + 31] === PROTOCOL_VERSION
  )
}

/** -1: a number would not be exact. */
export function counterAt(at: number): number {
  const high = word(at + 1) >>> 0
  return high < 0x200000 ? high * 0x1_0000_0000 + (word(at) >>> 0) : -1
}

/** Whether there was a handshake. */
export const hasHandshakeAt = (at: number): boolean =>
  (word(at) | word(at + 1) | word(at + 2)) !== 0

/** As {@link timeOf}. */
export function handshakeAt(at: number): Date | undefined {
  const seconds = word(at + 1) * 0x1_0000_0000 + (word(at) >>> 0)
  return timeOf(seconds, word(at + 2) >>> 0)
}

/** @returns where the endpoint ends, `at` where there is none; -1: it is of another form */
export function endpointEnd(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) return at
  const head = word((bytes.byteOffset + at) >> 2)
  if (head >>> 16 === ALLOWED_IPS) return at
  const isIPv4 = head === ENDPOINT_IPV4
  const behind = at + 4 + (isIPv4 ? SOCKADDR_IN : SOCKADDR_IN6)
  const isUsual =
    (isIPv4 || head === ENDPOINT_IPV6) &&
    behind <= end &&
    bytes[at + 4] === (isIPv4 ? AF_INET : AF_INET6) &&
    bytes[at + 5] === 0
  return isUsual ? behind : -1
}

/** Of the endpoint whose attribute begins at `at`, as {@link endpointEnd} found it. */
export const endpointFamily = (bytes: Uint8Array, at: number): 4 | 6 =>
  bytes[at + 4] === AF_INET ? 4 : 6

export const endpointPort = (bytes: Uint8Array, at: number): number => readBe16(bytes, at + 6)

/** Where its address is. */
export const endpointAddress = (family: 4 | 6, at: number): number =>
  family === 4 ? at + 8 : at + 12

/** The index of a link; 0: none. It is the one native-endian number of the struct, and of IPv6 alone. */
export const endpointScope = (bytes: Uint8Array, at: number): number =>
  word((bytes.byteOffset + at + 28) >> 2) >>> 0

/** @returns where the first allowed IP stands, `end` when there is none; -1: something else does */
export function networksStart(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) return end
  const head = word((bytes.byteOffset + at) >> 2)
  return head >>> 16 === ALLOWED_IPS && at + (head & 0xffff) === end ? at + 4 : -1
}

/** @returns the bytes of the allowed IP that begins there; -1: it is of another form */
export function networkLength(bytes: Uint8Array, at: number, end: number): number {
  const first = (bytes.byteOffset + at) >> 2
  const isIPv4 = words[first + 5] === IPV4
  const length = isIPv4 ? ALLOWED_IPV4 : ALLOWED_IPV6
  const isUsual =
    at + length <= end &&
    (word(first) & 0xffff) === length &&
    words[first + 1] === MASK &&
    words[first + 3] === FAMILY &&
    (isIPv4 || words[first + 5] === IPV6) &&
    (word(first + 4) & 0xffff) === (isIPv4 ? AF_INET : AF_INET6)
  return isUsual ? length : -1
}

/** The family of an allowed IP by its bytes. */
export const familyOf = (length: number): 4 | 6 => (length === ALLOWED_IPV4 ? 4 : 6)
