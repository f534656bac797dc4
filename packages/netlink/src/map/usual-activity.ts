import { beginText, type PeerActivity, putKey, takePiece } from '@wgctrl/types'
import { counterAt, handshakeAt, hasHandshakeAt, lookAtPeer, WORD } from './usual-layout.js'

/**
 * Whether a peer is there, at a glance.
 *
 * @param start where its attributes begin
 * @returns `undefined`: it is of another form
 */
export function usualActivity(
  bytes: Uint8Array,
  start: number,
  end: number,
): PeerActivity | undefined {
  const first = lookAtPeer(bytes, start, end)
  if (first < 0) return undefined
  const receivedBytes = counterAt(first + WORD.rxBytes)
  const transmittedBytes = counterAt(first + WORD.txBytes)
  const time = first + WORD.handshake
  const hasHandshake = hasHandshakeAt(time)
  const lastHandshake = hasHandshake ? handshakeAt(time) : undefined
  if (hasHandshake && lastHandshake === undefined) return undefined
  if (receivedBytes < 0 || transmittedBytes < 0) return undefined
  beginText()
  putKey(bytes, start + 4 * WORD.publicKey)
  const publicKey = takePiece()
  if (lastHandshake === undefined) return { publicKey, receivedBytes, transmittedBytes }
  return { publicKey, receivedBytes, transmittedBytes, lastHandshake }
}
