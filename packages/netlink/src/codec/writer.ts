import { align } from './align.js'
import { writeU16, writeU32 } from './bytes.js'
import { MESSAGE_HEADER } from './message.js'

/** The flag on an attribute's type that says its payload is attributes. @source NLA_F_NESTED */
export const NLA_F_NESTED = 0x8000
/** @source linux/netlink.h, NLA_TYPE_MASK: the two top bits are flags. */
export const NLA_TYPE_MASK = 0x3fff
/** sizeof(struct nlattr): length u16, type u16. */
export const ATTRIBUTE_HEADER = 4

/** Up to so many bytes a loop is faster than the call of a built-in. */
const FEW = 64

const clear = (bytes: Uint8Array, from: number, to: number): void => {
  if (to - from > FEW) bytes.fill(0, from, to)
  else for (let o = from; o < to; o++) bytes[o] = 0
}

/**
 * Messages are written front to back into one growing array; lengths are patched in when a message,
 * nest or attribute closes. `bytes` is replaced when it grows: take `view()` after the last write.
 */
export class Writer {
  bytes: Uint8Array
  length = 0

  constructor(capacity = 256) {
    this.bytes = new Uint8Array(capacity)
  }

  /** What was written, as a view of the writer's own memory: valid until the next write. */
  view(): Uint8Array {
    return this.bytes.subarray(0, this.length)
  }

  clear(): this {
    this.length = 0
    return this
  }

  /** Takes back everything from `length` on. */
  truncate(length: number): void {
    this.length = length
  }

  /** Room for `count` bytes, zeroed, at the offset that is returned. */
  reserve(count: number): number {
    const offset = this.#room(count)
    clear(this.bytes, offset, this.length)
    return offset
  }

  /** The same with whatever was there before. */
  #room(count: number): number {
    const offset = this.length
    const end = offset + count
    if (end > this.bytes.length) {
      const grown = new Uint8Array(Math.max(end, this.bytes.length * 2))
      grown.set(this.bytes.subarray(0, offset))
      // What is written can be a secret; it does not stay in memory that nobody will wipe.
      this.bytes.fill(0)
      this.bytes = grown
    }
    this.length = end
    return offset
  }

  raw(bytes: Uint8Array): void {
    const offset = this.#room(bytes.length)
    const into = this.bytes
    if (bytes.length > FEW) into.set(bytes, offset)
    else for (let i = 0; i < bytes.length; i++) into[offset + i] = bytes[i] as number
  }

  /** Opens a message; the sequence number is set when it is sent. Returns what `closeMessage` takes. */
  openMessage(type: number, flags: number): number {
    const offset = this.reserve(MESSAGE_HEADER)
    writeU16(this.bytes, offset + 4, type)
    writeU16(this.bytes, offset + 6, flags)
    return offset
  }

  closeMessage(offset: number): void {
    writeU32(this.bytes, offset, this.length - offset)
    this.#pad()
  }

  /** Opens an attribute; `type` carries NLA_F_NESTED itself where that is wanted. */
  openAttribute(type: number): number {
    const offset = this.reserve(ATTRIBUTE_HEADER)
    writeU16(this.bytes, offset + 2, type)
    return offset
  }

  /** A whole attribute whose payload is zeros so far. Returns where they are in `bytes`, as it is then. */
  attribute(type: number, length: number): number {
    const offset = this.reserve(align(ATTRIBUTE_HEADER + length))
    writeU16(this.bytes, offset, ATTRIBUTE_HEADER + length)
    writeU16(this.bytes, offset + 2, type)
    return offset + ATTRIBUTE_HEADER
  }

  openNest(type: number): number {
    return this.openAttribute(type | NLA_F_NESTED)
  }

  /** @throws {RangeError} above 65,535 bytes: an attribute's length is u16, header included. */
  closeAttribute(offset: number): void {
    const length = this.length - offset
    if (length > 0xffff) {
      throw new RangeError(`an attribute of ${length} bytes does not fit in a u16 length`)
    }
    writeU16(this.bytes, offset, length)
    this.#pad()
  }

  #pad(): void {
    const padding = align(this.length) - this.length
    if (padding > 0) this.reserve(padding)
  }
}
