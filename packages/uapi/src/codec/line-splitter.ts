import { WireGuardError } from '@wgctrl/types'

const NEWLINE = 10

/** The longest line of the protocol has about 110 bytes; a line without end must not fill memory. */
const LONGEST_LINE = 4096

/**
 * Takes one line: `bytes[from]` up to, not including, `bytes[to]`. The bytes are lent.
 *
 * @returns false to be called no more
 */
export type LineHandler = (bytes: Uint8Array, from: number, to: number) => boolean

/** Cuts chunks of any size into lines. A line that spans chunks is put together in a buffer of its own. */
export class LineSplitter {
  /** Of the line that is or was last handled, from 1. */
  lineNumber = 0
  readonly #onLine: LineHandler
  readonly #carry = new Uint8Array(LONGEST_LINE)
  #carried = 0
  #isDone = false

  constructor(onLine: LineHandler) {
    this.#onLine = onLine
  }

  /** @throws {WireGuardError} `EPROTO` on a line that is too long */
  push(chunk: Uint8Array): void {
    let from = 0
    while (!this.#isDone) {
      let end = from
      while (end < chunk.length && chunk[end] !== NEWLINE) end++
      if (end === chunk.length) {
        this.#keep(chunk, from, chunk.length)
        return
      }
      if (this.#carried === 0) this.#take(chunk, from, end)
      else {
        this.#keep(chunk, from, end)
        const length = this.#carried
        this.#carried = 0
        this.#take(this.#carry, 0, length)
      }
      from = end + 1
    }
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

  #take(bytes: Uint8Array, from: number, to: number): void {
    this.#checkLength(to - from)
    this.lineNumber++
    this.#isDone = !this.#onLine(bytes, from, to)
  }

  #keep(chunk: Uint8Array, from: number, to: number): void {
    this.#checkLength(this.#carried + to - from)
    this.#carry.set(chunk.subarray(from, to), this.#carried)
    this.#carried += to - from
  }

  #checkLength(length: number): void {
    if (length <= LONGEST_LINE) return
    const line = this.lineNumber + 1
    const message = `UAPI reply, line ${line}: more than ${LONGEST_LINE} bytes`
    throw new WireGuardError(message, { code: 'EPROTO', line })
  }
}
