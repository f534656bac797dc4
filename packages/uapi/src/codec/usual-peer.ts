import {
  beginText,
  isCanonicalCidrAt,
  isLongText,
  putKey,
  SecretKey,
  takePiece,
  textCount,
  textEnd,
  textIn,
  textStart,
  textsIn,
} from '@wgctrl/types'
import type { WirePeer } from './reply.js'
import {
  ALLOWED_IP,
  beginPeer,
  ENDPOINT,
  isNext,
  isPeerOver,
  numbers,
  takeNumbers,
  takeSecret,
  takeText,
} from './usual-lines.js'

/**
 * Reads a peer whose lines are all there: another or the end of the reply stands behind it.
 *
 * @param from where it may begin
 * @param to behind the newline of the last whole line
 * @param key 32 bytes that hold keys meanwhile; whoever lends them wipes them
 * @returns `undefined`: it is of another form, or there may be more of it
 */
export function usualPeer(
  bytes: Uint8Array,
  from: number,
  to: number,
  key: Uint8Array,
): WirePeer | undefined {
  if (!beginPeer(bytes, from, to, key)) return undefined
  beginText()
  putKey(key, 0)
  const hasEndpoint = isNext(ENDPOINT)
  if (hasEndpoint) takeText(ENDPOINT, bytes)
  takeNumbers()
  while (isNext(ALLOWED_IP) && !isLongText()) takeText(ALLOWED_IP, bytes)
  if (!isPeerOver()) return undefined
  const piece = takePiece()
  const first = hasEndpoint ? 2 : 1
  for (let index = first; index < textCount(); index++) {
    if (!isCanonicalCidrAt(piece, textStart(index), textEnd(index))) return undefined
  }
  if (!takeSecret(bytes, key)) return undefined
  const peer: WirePeer = {
    publicKey: textIn(piece, 0),
    persistentKeepaliveInterval: numbers.persistentKeepaliveInterval,
    lastHandshakeTimeSec: numbers.lastHandshakeTimeSec,
    lastHandshakeTimeNsec: numbers.lastHandshakeTimeNsec,
    rxBytes: numbers.rxBytes,
    txBytes: numbers.txBytes,
    allowedIps: textsIn(piece, first),
    protocolVersion: 1,
    areCanonical: true,
  }
  if (hasEndpoint) peer.endpoint = textIn(piece, 1)
  const presharedKey = SecretKey.at(key, 0)
  if (presharedKey !== undefined) peer.presharedKey = presharedKey
  return peer
}
