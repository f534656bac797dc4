import { beginText, putKey, takePiece } from '@wgctrl/types'
import type { WirePeer } from './reply.js'
import {
  ALLOWED_IP,
  beginPeer,
  ENDPOINT,
  HANDSHAKE_NSEC,
  HANDSHAKE_SEC,
  isNext,
  isPeerOver,
  KEEPALIVE,
  LAST_NANOSECOND,
  LAST_SECOND,
  RX_BYTES,
  skipText,
  TX_BYTES,
  takeNumber,
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
  const lastHandshakeTimeSec = takeNumber(HANDSHAKE_SEC, LAST_SECOND)
  const lastHandshakeTimeNsec = takeNumber(HANDSHAKE_NSEC, LAST_NANOSECOND)
  const txBytes = takeNumber(TX_BYTES, Number.MAX_SAFE_INTEGER)
  const rxBytes = takeNumber(RX_BYTES, Number.MAX_SAFE_INTEGER)
  const persistentKeepaliveInterval = takeNumber(KEEPALIVE, 65535)
  while (isNext(ALLOWED_IP)) skipText(ALLOWED_IP)
  if (!isPeerOver()) return undefined
  beginText()
  putKey(key, 0)
  return {
    publicKey: takePiece(),
    persistentKeepaliveInterval,
    lastHandshakeTimeSec,
    lastHandshakeTimeNsec,
    rxBytes,
    txBytes,
    allowedIps: NO_NETWORKS,
    protocolVersion: 1,
    areCanonical: true,
  }
}
