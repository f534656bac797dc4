import { malformed } from '../errors.js'
import { align } from './align.js'
import { readU16, readU32 } from './bytes.js'

/** sizeof(struct nlmsghdr): length u32, type u16, flags u16, sequence u32, port u32. */
export const MESSAGE_HEADER = 16

/** Message types below NLMSG_MIN_TYPE belong to netlink itself. @source linux/netlink.h */
export const NLMSG = { noop: 1, error: 2, done: 3, overrun: 4, minType: 0x10 } as const

/** @source linux/netlink.h, NLM_F_*; the 0x100 to 0x800 bits mean different things per verb. */
export const NLM_F = {
  request: 0x1,
  multi: 0x2,
  ack: 0x4,
  echo: 0x8,
  /** The dump saw the data change underneath it: it is torn and silently short. */
  dumpInterrupted: 0x10,
  dumpFiltered: 0x20,
  root: 0x100,
  match: 0x200,
  dump: 0x300,
  replace: 0x100,
  exclusive: 0x200,
  create: 0x400,
  append: 0x800,
  /** On NLMSG_ERROR: the request's payload is not echoed. */
  capped: 0x100,
  /** On NLMSG_ERROR and NLMSG_DONE: extended-ack attributes follow. */
  ackTlvs: 0x200,
} as const

/** One message, with its payload as a view of the datagram it came in. */
export interface Message {
  type: number
  flags: number
  sequence: number
  port: number
  payload: Uint8Array
}

/**
 * Walks the messages of a datagram without allocating: after `next()` returned true the fields
 * describe one message, and the payload is `bytes[start..end)`.
 *
 * The cursor borrows the datagram; nothing of it is copied.
 */
export class MessageCursor {
  bytes: Uint8Array = new Uint8Array(0)
  /** Offset of the header of the current message. */
  offset = 0
  type = 0
  flags = 0
  sequence = 0
  port = 0
  start = 0
  end = 0
  #next = 0
  #length = 0

  /** Points the cursor in front of the first message of `bytes[0..length)`. */
  reset(bytes: Uint8Array, length: number = bytes.length): this {
    this.bytes = bytes
    this.#length = length
    this.#next = 0
    return this
  }

  /** @throws {NetlinkError} EPROTO with the offset, for a header or length that does not fit. */
  next(): boolean {
    const o = this.#next
    const rest = this.#length - o
    if (rest <= 0) return false
    if (rest < MESSAGE_HEADER) {
      throw malformed(`datagram ends inside a message header (${rest} of 16 bytes)`, o)
    }
    const b = this.bytes
    const length = readU32(b, o)
    if (length < MESSAGE_HEADER) throw malformed(`message length ${length} is below 16`, o)
    if (length > rest) throw malformed(`message of ${length} bytes is cut at ${rest}`, o)
    this.offset = o
    this.type = readU16(b, o + 4)
    this.flags = readU16(b, o + 6)
    this.sequence = readU32(b, o + 8)
    this.port = readU32(b, o + 12)
    this.start = o + MESSAGE_HEADER
    this.end = o + length
    this.#next = o + align(length)
    return true
  }
}

/** All messages of a datagram. Payloads are views: copy what outlives the datagram. */
export const decodeMessages = (bytes: Uint8Array): Message[] => {
  const cursor = new MessageCursor().reset(bytes)
  const messages: Message[] = []
  while (cursor.next()) {
    const { type, flags, sequence, port, start, end } = cursor
    messages.push({ type, flags, sequence, port, payload: bytes.subarray(start, end) })
  }
  return messages
}
