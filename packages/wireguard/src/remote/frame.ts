import { brokenProtocol } from './encoding.js'
import { REMOTE_LIMITS } from './limits.js'

/** A frame is its length in four bytes, the highest first, and so many bytes of MessagePack. */
const HEADER = 4

const SMALLEST_ROOM = 1024

/** The frame of some bytes, which are wiped. */
export function frameOf(bytes: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafeSlow(HEADER + bytes.length)
  frame.writeUInt32BE(bytes.length)
  frame.set(bytes, HEADER)
  bytes.fill(0)
  return frame
}

/**
 * Puts frames together of what comes, wherever it is cut. No room is made for what was only announced: there is at
 * most twice as much of it as came. What was handed in or out is wiped.
 */
export class FrameReader {
  #room = Buffer.allocUnsafeSlow(SMALLEST_ROOM)
  #held = 0

  /** Bytes of a frame that is not whole yet. */
  get held(): number {
    return this.#held
  }

  /**
   * @param take gets each frame that is whole now, without its header; it is wiped when that returns
   * @throws {WireGuardError} `EPROTO` of a frame that is empty or too long
   */
  push(chunk: Uint8Array, take: (frame: Uint8Array) => void): void {
    this.#append(chunk)
    let at = 0
    try {
      for (;;) {
        const length = this.#announced(at)
        if (length === undefined || this.#held - at < HEADER + length) break
        const end = at + HEADER + length
        take(this.#room.subarray(at + HEADER, end))
        at = end
      }
    } finally {
      this.#drop(at)
    }
  }

  /** Wipes what is there. */
  clear(): void {
    this.#drop(this.#held)
  }

  #append(chunk: Uint8Array): void {
    const needed = this.#held + chunk.length
    if (needed > this.#room.length) {
      const larger = Buffer.allocUnsafeSlow(2 * needed)
      larger.set(this.#room.subarray(0, this.#held))
      this.#room.fill(0, 0, this.#held)
      this.#room = larger
    }
    this.#room.set(chunk, this.#held)
    this.#held = needed
    chunk.fill(0)
  }

  #announced(at: number): number | undefined {
    if (this.#held - at < HEADER) return undefined
    const length = this.#room.readUInt32BE(at)
    if (length > 0 && length <= REMOTE_LIMITS.frame) return length
    throw brokenProtocol(`a frame of ${length} bytes; 1 to ${REMOTE_LIMITS.frame} can be`)
  }

  /** The rest moves to the front; nothing of what was there is left behind it. */
  #drop(count: number): void {
    if (count === 0) return
    this.#room.copyWithin(0, count, this.#held)
    this.#room.fill(0, this.#held - count, this.#held)
    this.#held -= count
  }
}
