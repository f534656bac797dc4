import { answer } from './bytes.js'
import type { KernelFunction } from './fake-transport.js'

const NLM_F_ACK = 4

/** The messages of a datagram, each with its header. */
export function messagesOf(bytes: Buffer): Buffer[] {
  const messages: Buffer[] = []
  for (let at = 0; at + 16 <= bytes.length; ) {
    const length = bytes.readUInt32LE(at)
    messages.push(bytes.subarray(at, at + length))
    at += Math.max(16, (length + 3) & ~3)
  }
  return messages
}

/**
 * A kernel that takes batches of nfnetlink.
 *
 * @param refused errnos by the place of the message that they are for; the one that begins the batch has the place -1.
 *   Absent: it refuses none
 */
export const batchKernel =
  (refused: Readonly<Record<number, number>> = {}): KernelFunction =>
  (request) =>
    messagesOf(request).flatMap((message, at) => {
      const errno = refused[at - 1]
      const isAsked = (message.readUInt16LE(6) & NLM_F_ACK) !== 0
      return errno !== undefined || isAsked ? [answer(message, errno ?? 0)] : []
    })
