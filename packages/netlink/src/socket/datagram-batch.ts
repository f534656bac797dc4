/** Buffers for datagrams that are taken in one go. */
export class DatagramBatch {
  readonly buffers: readonly Buffer[]
  /** Of the datagrams that were taken, in their order. */
  readonly lengths: number[] = []
  /** How far each buffer was ever written, for wiping. */
  readonly #used: number[]

  /** @param size of each buffer in bytes */
  constructor(count: number, size: number) {
    const memory = Buffer.allocUnsafeSlow(count * size)
    this.buffers = Array.from({ length: count }, (_, at) =>
      memory.subarray(at * size, (at + 1) * size),
    )
    this.#used = this.buffers.map(() => 0)
  }

  /** Forgets what was taken, which stays in the buffers. */
  clear(): void {
    this.lengths.length = 0
  }

  /** The next buffer has a datagram of so many bytes. */
  add(length: number): void {
    const at = this.lengths.push(length) - 1
    if (length > (this.#used[at] as number)) this.#used[at] = length
  }

  /** Zeroes what was written. */
  wipe(): void {
    this.buffers.forEach((buffer, at) => {
      buffer.fill(0, 0, this.#used[at])
      this.#used[at] = 0
    })
  }
}
