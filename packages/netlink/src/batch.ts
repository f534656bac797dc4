import { writeU16, writeU32 } from './codec/bytes.js'
import { type Acknowledgement, decodeError } from './codec/extended-ack.js'
import { type MessageCursor, NLM_F, NLMSG } from './codec/message.js'
import { kernelError, NetlinkError, protocolError } from './errors.js'
import type { Request } from './reply.js'
import { fixedRequest } from './request.js'
import { batchAttributes, NFNL_MSG_BATCH, nfgenmsg } from './specs/nfnetlink.js'

/**
 * Messages for one subsystem of nfnetlink that the kernel carries out all or none, in one datagram.
 *
 * The last message asks for an acknowledgement, and the others for none: what is refused is answered in any case, and a
 * receive buffer has no room for the acknowledgements of a thousand messages.
 *
 * @source net/netfilter/nfnetlink.c, nfnetlink_rcv_batch
 */
export class Batch {
  readonly bytes: Uint8Array
  readonly #requests: readonly Request[]
  readonly #sequence: number
  #isAcknowledged = false
  /** Of those that the kernel refuses, the first. */
  #refused: { readonly index: number; readonly answer: Acknowledgement } | undefined

  /**
   * @param requests at least one
   * @param sequence the number of the message that begins the batch; those behind it have the next ones
   * @param subsystem one of NFNL_SUBSYS
   */
  constructor(requests: readonly Request[], subsystem: number, sequence: number) {
    this.#requests = requests
    this.#sequence = sequence
    const border = (type: number): Request =>
      fixedRequest(type, 0, nfgenmsg, { resId: subsystem }, batchAttributes, {})
    const all = [border(NFNL_MSG_BATCH.begin), ...requests, border(NFNL_MSG_BATCH.end)]
    this.bytes = Buffer.concat(
      all.map(({ bytes }, at) => {
        const own = (bytes[6] as number) | ((bytes[7] as number) << 8)
        const flags = at === requests.length ? NLM_F.request | NLM_F.ack : NLM_F.request
        writeU16(bytes, 6, own | flags)
        writeU32(bytes, 8, sequence + at)
        return bytes
      }),
    )
  }

  /** Takes an answer in. @returns whether it is one to this batch */
  take({ type, sequence, bytes, start, end, flags }: MessageCursor): boolean {
    const index = sequence - this.#sequence - 1
    if (type !== NLMSG.error || index < -1 || index > this.#requests.length) return false
    const answer = decodeError(bytes, start, end, flags, this.#requests[index])
    if (answer.error === 0) this.#isAcknowledged ||= index === this.#requests.length - 1
    // What is refused as a whole is answered in the name of the message that begins the batch.
    else if (this.#refused === undefined || index < this.#refused.index) {
      this.#refused = { index, answer }
    }
    return true
  }

  /**
   * What came of it, after the last answer.
   *
   * @throws {BatchError} of the first message that was refused
   * @throws {NetlinkError} EPROTO when there was no answer
   */
  conclude(): void {
    if (this.#refused) {
      const { index, answer } = this.#refused
      throw new BatchError(kernelError(answer.error, answer.extendedAck), index)
    }
    if (!this.#isAcknowledged) throw protocolError('the kernel did not answer the batch')
  }
}

/** The kernel refused a batch: nothing of it was done. */
export class BatchError extends NetlinkError {
  override readonly name = 'BatchError'
  /** The message that was refused, from 0; `undefined`: the batch as a whole. */
  readonly index: number | undefined

  constructor(error: NetlinkError, index: number) {
    super(error.message, {
      code: error.code,
      errno: error.errno,
      extendedAck: error.extendedAck,
      cause: error,
    })
    this.index = index < 0 ? undefined : index
  }
}
