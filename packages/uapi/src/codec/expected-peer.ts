import {
  type Endpoint,
  formatEndpoint,
  hasSameFields,
  isCanonicalCidr,
  isCanonicalEndpoint,
  type PeerComparison,
  type PeerConfig,
} from '@wgctrl/types'
import {
  ALLOWED_IP,
  beginPeer,
  ENDPOINT,
  isNext,
  isPeerOver,
  numbers,
  skipText,
  takeNumbers,
  takeSecret,
  takeThis,
} from './usual-lines.js'

/** 32 bytes that hold keys while a peer is looked at, and the same as words; whoever lends them wipes them. */
export interface KeyScratch {
  readonly bytes: Uint8Array
  readonly words: Int32Array
}

/**
 * Compares a peer whose lines are all there with what is expected of it, letter by letter, and makes nothing of it.
 *
 * @param from where it may begin
 * @param to behind the newline of the last whole line
 * @returns whether it is just so, which is noted then; false also of what is spelled otherwise
 */
export function isExpectedPeer(
  bytes: Uint8Array,
  from: number,
  to: number,
  key: KeyScratch,
  comparison: PeerComparison,
): boolean {
  if (!beginPeer(bytes, from, to, key.bytes)) return false
  const peer = comparison.begin(key.words, 0)
  if (peer === undefined || !hasEndpoint(peer.endpoint, bytes)) return false
  takeNumbers()
  return (
    hasNetworks(peer.allowedIPs ?? [], bytes) &&
    isPeerOver() &&
    takeSecret(bytes, key.bytes) &&
    hasSameFields(peer, numbers.persistentKeepaliveInterval, key.bytes, 0) &&
    comparison.keep()
  )
}

/**
 * An entry without one says nothing of it. Whether one with a scope is there, says whether the daemon shows any: its peer
 * is read.
 */
function hasEndpoint(given: PeerConfig['endpoint'], bytes: Uint8Array): boolean {
  if (!isNext(ENDPOINT)) return given === undefined
  if (given === undefined) return !skipText(ENDPOINT)
  const text = typeof given === 'string' ? given : textOf(given)
  return text !== undefined && takeThis(ENDPOINT, text, bytes) && isCanonicalEndpoint(text)
}

function textOf(given: Endpoint): string | undefined {
  if (typeof given?.address !== 'string' || given.scopeId !== undefined) return undefined
  return formatEndpoint(given)
}

function hasNetworks(given: NonNullable<PeerConfig['allowedIPs']>, bytes: Uint8Array): boolean {
  for (const text of given) {
    if (typeof text !== 'string') return false
    if (!takeThis(ALLOWED_IP, text, bytes) || !isCanonicalCidr(text)) return false
  }
  return true
}
