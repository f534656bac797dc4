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
} from '@wgctrl/types'
import {
  counterAt,
  endpointAddress,
  endpointEnd,
  endpointFamily,
  endpointPort,
  endpointScope,
  FIXED_BYTES,
  familyOf,
  handshakeAt,
  hasHandshakeAt,
  lookAtPeer,
  NETWORK_ADDRESS,
  NETWORK_PREFIX,
  networkLength,
  networksStart,
  WORD,
  word,
  words,
} from './usual-layout.js'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/**
 * @param start where its attributes begin
 * @returns `undefined`: it is of another form
 * @source drivers/net/wireguard/netlink.c, get_peer
 */
export function usualPeer(bytes: Uint8Array, start: number, end: number): Peer | undefined {
  const first = lookAtPeer(bytes, start, end)
  if (first < 0) return undefined
  beginText()
  putKey(bytes, start + 4)
  const socketAddress = start + FIXED_BYTES
  const behind = endpointEnd(bytes, socketAddress, end)
  const hasEndpoint = behind > socketAddress
  if (hasEndpoint) putEndpointAddress(bytes, socketAddress)
  const networks = behind < 0 ? -1 : networksStart(bytes, behind, end)
  const rest = networks < 0 ? -1 : putNetworks(bytes, networks, end)
  const receivedBytes = counterAt(first + WORD.rxBytes)
  const transmittedBytes = counterAt(first + WORD.txBytes)
  if (rest < 0 || receivedBytes < 0 || transmittedBytes < 0) return undefined
  const piece = takePiece()
  const publicKey = textIn(piece, 0)
  const endpoint = hasEndpoint ? endpointAt(bytes, socketAddress, textIn(piece, 1)) : undefined
  const allowedIPs = textsIn(piece, hasEndpoint ? 2 : 1)
  if (rest < end && !addNetworks(bytes, rest, end, allowedIPs)) return undefined
  const time = first + WORD.handshake
  const hasHandshake = hasHandshakeAt(time)
  const lastHandshake = hasHandshake ? handshakeAt(time) : undefined
  if (hasHandshake && lastHandshake === undefined) return undefined
  const peer: Mutable<Peer> = {
    publicKey,
    persistentKeepalive: word(first + WORD.keepalive) & 0xffff,
    receivedBytes,
    transmittedBytes,
    // A copy: a list that grew has room to grow further, a quarter of what a peer takes.
    allowedIPs: rest < end ? allowedIPs.slice() : allowedIPs,
    protocolVersion: word(first + WORD.protocolVersion) >>> 0,
  }
  const presharedKey = SecretKey.inWords(words, first + WORD.presharedKey)
  if (presharedKey !== undefined) peer.presharedKey = presharedKey
  if (endpoint !== undefined) peer.endpoint = endpoint
  if (lastHandshake !== undefined) peer.lastHandshake = lastHandshake
  return peer
}

/** Writes the address of the endpoint. */
function putEndpointAddress(bytes: Uint8Array, at: number): void {
  const family = endpointFamily(bytes, at)
  putAddress(family, bytes, endpointAddress(family, at))
}

function endpointAt(bytes: Uint8Array, at: number, address: string): Endpoint {
  const port = endpointPort(bytes, at)
  if (endpointFamily(bytes, at) === 4) return { address, port, family: 4 }
  const scopeId = endpointScope(bytes, at)
  return scopeId === 0 ? { address, port, family: 6 } : { address, port, family: 6, scopeId }
}

/**
 * Writes allowed IPs until the piece of text is long enough.
 *
 * @returns where the next one stands; -1: it is of another form
 */
function putNetworks(bytes: Uint8Array, from: number, end: number): number {
  let at = from
  while (at < end && !isLongText()) {
    const length = networkLength(bytes, at, end)
    if (length < 0) return -1
    const prefix = bytes[at + NETWORK_PREFIX] as number
    putNetwork(familyOf(length), bytes, at + NETWORK_ADDRESS, prefix)
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
