import {
  beginText,
  type Endpoint,
  isLongText,
  type Peer,
  putAddress,
  putKey,
  putNetwork,
  SecretKey,
  takePiece,
  textCount,
  textIn,
  textsIn,
  timeOf,
} from '@wgctrl/types'
import { readBe16 } from '../codec/bytes.js'
import { wgAllowedIp, wgPeer } from '../specs/wireguard.js'
import { AF_INET, AF_INET6, SOCKADDR_IN, SOCKADDR_IN6 } from './sockaddr.js'

/*
 * Peers as every kernel so far writes them: the same attributes in the same order, so that a few headers, each compared as
 * one word, say where everything is. Of anything else nothing is made: the declared tables have their turn.
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
type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** Bytes of an allowed IP with its header. */
const ALLOWED_IPV4 = 28
const ALLOWED_IPV6 = 40

/** The words of the memory that was looked at last. */
let words: Int32Array = new Int32Array(0)

/**
 * @param start where its attributes begin
 * @returns `undefined`: it is of another form
 * @source drivers/net/wireguard/netlink.c, get_peer
 */
export function usualPeer(bytes: Uint8Array, start: number, end: number): Peer | undefined {
  const base = bytes.byteOffset
  if (((base + start) & 3) !== 0 || start + FIXED * 4 > end) return undefined
  if (words.buffer !== bytes.buffer) {
    words = new Int32Array(bytes.buffer, 0, bytes.buffer.byteLength >> 2)
  }
  const first = (base + start) >> 2
  if (!hasUsualHeaders(first)) return undefined
  beginText()
  putKey(bytes, start + 4)
  const socketAddress = start + FIXED * 4
  const behind = putEndpoint(bytes, socketAddress, end)
  const networks = behind < 0 ? -1 : insideNest(bytes, behind, end)
  const rest = networks < 0 ? -1 : putNetworks(bytes, networks, end)
  const receivedBytes = counterAt(first + 29)
  const transmittedBytes = counterAt(first + 26)
  if (rest < 0 || receivedBytes < 0 || transmittedBytes < 0) return undefined
  const piece = takePiece()
  const hasEndpoint = behind > socketAddress
  const publicKey = textIn(piece, 0)
  const endpoint = hasEndpoint ? endpointAt(bytes, socketAddress, textIn(piece, 1)) : undefined
  const allowedIPs = textsIn(piece, hasEndpoint ? 2 : 1)
  if (rest < end && !addNetworks(bytes, rest, end, allowedIPs)) return undefined
  const hasHandshake = (word(first + 19) | word(first + 20) | word(first + 21)) !== 0
  const lastHandshake = hasHandshake ? handshakeAt(first + 19) : undefined
  if (hasHandshake && lastHandshake === undefined) return undefined
  const peer: Mutable<Peer> = {
    publicKey,
    persistentKeepalive: word(first + 24) & 0xffff,
    receivedBytes,
    transmittedBytes,
    // A copy: a list that grew has room to grow further, a quarter of what a peer takes.
    allowedIPs: rest < end ? allowedIPs.slice() : allowedIPs,
    protocolVersion: word(first + 32) >>> 0,
  }
  const presharedKey = SecretKey.inWords(words, first + 10)
  if (presharedKey !== undefined) peer.presharedKey = presharedKey
  if (endpoint !== undefined) peer.endpoint = endpoint
  if (lastHandshake !== undefined) peer.lastHandshake = lastHandshake
  return peer
}

const word = (at: number): number => words[at] as number

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
function counterAt(at: number): number {
  const high = word(at + 1) >>> 0
  return high < 0x200000 ? high * 0x1_0000_0000 + (word(at) >>> 0) : -1
}

/** As {@link timeOf}. */
function handshakeAt(at: number): Date | undefined {
  const seconds = word(at + 1) * 0x1_0000_0000 + (word(at) >>> 0)
  return timeOf(seconds, word(at + 2) >>> 0)
}

/**
 * Writes the address of the endpoint, where there is one.
 *
 * @returns where it ends; -1: it is of another form
 */
function putEndpoint(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) return at
  const head = word((bytes.byteOffset + at) >> 2)
  if (head === ENDPOINT_IPV4 && at + 4 + SOCKADDR_IN <= end && bytes[at + 4] === AF_INET) {
    putAddress(4, bytes, at + 8)
    return bytes[at + 5] === 0 ? at + 4 + SOCKADDR_IN : -1
  }
  if (head === ENDPOINT_IPV6 && at + 4 + SOCKADDR_IN6 <= end && bytes[at + 4] === AF_INET6) {
    putAddress(6, bytes, at + 12)
    return bytes[at + 5] === 0 ? at + 4 + SOCKADDR_IN6 : -1
  }
  return head >>> 16 === ALLOWED_IPS ? at : -1
}

function endpointAt(bytes: Uint8Array, at: number, address: string): Endpoint {
  const port = readBe16(bytes, at + 6)
  if (bytes[at + 4] === AF_INET) return { address, port, family: 4 }
  // The scope is the one native-endian number of the struct.
  const scopeId = word((bytes.byteOffset + at + 28) >> 2) >>> 0
  return scopeId === 0 ? { address, port, family: 6 } : { address, port, family: 6, scopeId }
}

/** @returns where the first allowed IP stands, `end` when there is none; -1: something else does */
function insideNest(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) return end
  const head = word((bytes.byteOffset + at) >> 2)
  return head >>> 16 === ALLOWED_IPS && at + (head & 0xffff) === end ? at + 4 : -1
}

/**
 * Writes allowed IPs until the piece of text is long enough.
 *
 * @returns where the next one stands; -1: it is of another form
 */
function putNetworks(bytes: Uint8Array, from: number, end: number): number {
  let at = from
  while (at < end && !isLongText()) {
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
    if (!isUsual) return -1
    putNetwork(isIPv4 ? 4 : 6, bytes, at + 24, bytes[at + 8] as number)
    at += length
  }
  return at
}

/** Adds the allowed IPs behind the first piece. @returns whether they are all of the usual form */
function addNetworks(bytes: Uint8Array, from: number, end: number, list: string[]): boolean {
  for (let at = from; at < end; ) {
    beginText()
    at = putNetworks(bytes, at, end)
    if (at < 0) return false
    const piece = takePiece()
    for (let index = 0; index < textCount(); index++) list.push(textIn(piece, index))
  }
  return true
}
