import {
  beginText,
  type Endpoint,
  hasSameFields,
  isTextIn,
  type PeerComparison,
  type PeerConfig,
  putAddress,
  putEndpoint,
  putNetwork,
} from '@wgctrl/types'
import {
  endpointAddress,
  endpointEnd,
  endpointFamily,
  endpointPort,
  endpointScope,
  FIXED_BYTES,
  familyOf,
  lookAtPeer,
  NETWORK_ADDRESS,
  NETWORK_PREFIX,
  networkLength,
  networksStart,
  WORD,
  word,
  words,
} from './usual-layout.js'

/**
 * Compares a peer with what is expected of it, letter by letter, and makes nothing of it.
 *
 * @param start where its attributes begin
 * @returns whether it is just so, which is noted then; false also of what is spelled otherwise
 */
export function isExpectedPeer(
  bytes: Uint8Array,
  start: number,
  end: number,
  comparison: PeerComparison,
): boolean {
  const first = lookAtPeer(bytes, start, end)
  const peer = first < 0 ? undefined : comparison.begin(words, first + WORD.publicKey)
  if (peer === undefined) return false
  const keepalive = word(first + WORD.keepalive) & 0xffff
  const secret = start + 4 * WORD.presharedKey
  if (!hasSameFields(peer, keepalive, bytes, secret)) return false
  const socketAddress = start + FIXED_BYTES
  const behind = endpointEnd(bytes, socketAddress, end)
  if (behind < 0) return false
  const { endpoint, allowedIPs } = peer
  if (endpoint !== undefined) {
    if (behind === socketAddress || !isEndpoint(endpoint, bytes, socketAddress)) return false
  }
  return hasNetworks(allowedIPs ?? [], bytes, behind, end) && comparison.keep()
}

/** An endpoint with a scope is not compared here: links have names, of which the kernel has to be asked. */
function isEndpoint(given: string | Endpoint, bytes: Uint8Array, at: number): boolean {
  const family = endpointFamily(bytes, at)
  const address = endpointAddress(family, at)
  const port = endpointPort(bytes, at)
  if (family === 6 && endpointScope(bytes, at) !== 0) return false
  beginText()
  if (typeof given === 'string') {
    putEndpoint(family, bytes, address, port)
    return isTextIn(0, given)
  }
  if (typeof given !== 'object' || given === null) return false
  if (given.family !== family || given.port !== port || given.scopeId !== undefined) return false
  putAddress(family, bytes, address)
  return isTextIn(0, given.address)
}

function hasNetworks(
  given: NonNullable<PeerConfig['allowedIPs']>,
  bytes: Uint8Array,
  from: number,
  end: number,
): boolean {
  let at = networksStart(bytes, from, end)
  if (at < 0) return false
  let index = 0
  for (; at < end; index++) {
    const length = networkLength(bytes, at, end)
    const text = given[index]
    if (length < 0 || typeof text !== 'string') return false
    beginText()
    const prefix = bytes[at + NETWORK_PREFIX] as number
    putNetwork(familyOf(length), bytes, at + NETWORK_ADDRESS, prefix)
    if (!isTextIn(0, text)) return false
    at += length
  }
  return index === given.length
}
