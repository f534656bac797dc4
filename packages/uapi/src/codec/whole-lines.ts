const NEWLINE = 10

/**
 * The longest line that a WireGuard device has is of about 110 bytes; one of AmneziaWG describes a whole packet, and
 * amneziawg-go itself reads 64 KiB. A line without end must not fill memory.
 */
export const LONGEST_LINE: number = 2 ** 16

/** Room for a line that spans chunks, until there is one that needs more. */
const USUAL_LINE = 4096

/**
 * Takes whole lines: `bytes[from]` up to, not including, `bytes[to]`, behind their last newline. The
 * bytes are lent.
 *
 * @returns false to be called no more
 */
export type LinesHandler = (bytes: Buffer, from: number, to: number) => boolean

/** Cuts chunks of any size behind newlines. A line that spans chunks is put together in a buffer of its own. */
export class WholeLines {
  /** True once a line was longer than {@link LONGEST_LINE}. Nothing is handed out any more. */
  isTooLong = false
  readonly #onLines: LinesHandler
  #carry = Buffer.alloc(USUAL_LINE)
  #carried = 0

  constructor(onLines: LinesHandler) {
    this.#onLines = onLines
  }

  push(chunk: Buffer): void {
    let from = 0
    if (this.#carried > 0) {
      from = chunk.indexOf(NEWLINE) + 1
      this.#keep(chunk, 0, from || chunk.length)
      if (from === 0 || this.isTooLong) return
      const length = this.#carried
      this.#carried = 0
      if (!this.#onLines(this.#carry, 0, length)) return
    }
    const to = chunk.lastIndexOf(NEWLINE) + 1
    if (to > from && !this.#onLines(chunk, from, to)) return
    this.#keep(chunk, Math.max(from, to), chunk.length)
  }

  /** True when the input stopped within a line. */
  get isWithinLine(): boolean {
    return this.#carried > 0
  }

  /** Zeroes what is left of the input: it may hold half a secret. */
  wipe(): void {
    this.#carry.fill(0)
    this.#carried = 0
  }

  #grow(length: number): void {
    const before = this.#carry
    this.#carry = Buffer.alloc(Math.min(LONGEST_LINE + 1, 2 * length))
    before.copy(this.#carry, 0, 0, this.#carried)
    before.fill(0)
  }

  #keep(chunk: Buffer, from: number, to: number): void {
    const length = this.#carried + to - from
    this.isTooLong = length > (chunk[to - 1] === NEWLINE ? LONGEST_LINE + 1 : LONGEST_LINE)
    if (this.isTooLong) return
    if (length > this.#carry.length) this.#grow(length)
    chunk.copy(this.#carry, this.#carried, from, to)
    this.#carried = length
  }
}
