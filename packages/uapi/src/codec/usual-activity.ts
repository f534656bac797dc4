import { beginText, putKey, takePiece } from '@wgctrl/types'
import type { WirePeer } from './reply.js'
import {
  ALLOWED_IP,
  beginPeer,
  ENDPOINT,
  isNext,
  isPeerOver,
  numbers,
  skipText,
  takeNumbers,
} from './usual-lines.js'

/** Of a peer of which no more is asked than whether it is there. */
const NO_NETWORKS: string[] = []

/**
 * Reads whether a peer is there, as `usualPeer` reads all of it: what it may do is passed over, and its secret is not
 * looked at.
 */
export function usualActivity(
  bytes: Uint8Array,
  from: number,
  to: number,
  key: Uint8Array,
): WirePeer | undefined {
  if (!beginPeer(bytes, from, to, key)) return undefined
  if (isNext(ENDPOINT)) skipText(ENDPOINT)
  takeNumbers()
  while (isNext(ALLOWED_IP)) skipText(ALLOWED_IP)
  if (!isPeerOver()) return undefined
  beginText()
  putKey(key, 0)
  return {
    publicKey: takePiece(),
    persistentKeepaliveInterval: numbers.persistentKeepaliveInterval,
    lastHandshakeTimeSec: numbers.lastHandshakeTimeSec,
    lastHandshakeTimeNsec: numbers.lastHandshakeTimeNsec,
    rxBytes: numbers.rxBytes,
    txBytes: numbers.txBytes,
    allowedIps: NO_NETWORKS,
    protocolVersion: 1,
    areCanonical: true,
  }
}
