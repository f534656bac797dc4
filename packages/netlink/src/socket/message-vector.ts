import { LAYOUT } from './abi.js'
import type { DatagramBatch } from './datagram-batch.js'
import type { LibC } from './ffi.js'

const IOVEC = LAYOUT['sizeof(struct iovec)']
const IOV_BASE = LAYOUT['offsetof(struct iovec, iov_base)']
const IOV_LEN = LAYOUT['offsetof(struct iovec, iov_len)']
const MMSGHDR = LAYOUT['sizeof(struct mmsghdr)']
const MSG_LEN = LAYOUT['offsetof(struct mmsghdr, msg_len)']
const MSG_IOV = LAYOUT['offsetof(struct msghdr, msg_iov)']
const MSG_IOVLEN = LAYOUT['offsetof(struct msghdr, msg_iovlen)']

/**
 * The array of `struct mmsghdr` by which recvmmsg(2) fills a batch, one `struct iovec` for each. Keep the batch alive as long
 * as the array is in use.
 */
export class MessageVector {
  readonly count: number
  /** What recvmmsg(2) takes. */
  readonly headers: Buffer
  /** What the headers point to. */
  readonly #parts: Buffer

  constructor(libc: LibC, { buffers }: DatagramBatch) {
    this.count = buffers.length
    this.#parts = Buffer.allocUnsafeSlow(this.count * IOVEC).fill(0)
    this.headers = Buffer.allocUnsafeSlow(this.count * MMSGHDR).fill(0)
    const parts = libc.addressOf(this.#parts)
    buffers.forEach((buffer, at) => {
      this.#parts.writeBigUInt64LE(libc.addressOf(buffer), at * IOVEC + IOV_BASE)
      this.#parts.writeBigUInt64LE(BigInt(buffer.length), at * IOVEC + IOV_LEN)
      this.headers.writeBigUInt64LE(parts + BigInt(at * IOVEC), at * MMSGHDR + MSG_IOV)
      this.headers.writeBigUInt64LE(1n, at * MMSGHDR + MSG_IOVLEN)
    })
  }

  /** Bytes of one of the datagrams that were taken. */
  lengthAt(at: number): number {
    return this.headers.readUInt32LE(at * MMSGHDR + MSG_LEN)
  }
}
