import type { PublicKey } from '@wgctrl/types'

/** What is known of a key. */
export interface Answer<T> {
  readonly client: T
  /** Absent: the store did not say. */
  readonly revision?: number | undefined
  /** When the store said so, on the monotonic clock. */
  readonly at: number
}

/**
 * The last that a store said of keys, a bounded number of them. It is in two halves: when the younger one is full, it
 * becomes the older one, and what nobody asked for since then goes.
 */
export class Answers<T> {
  readonly #size: number
  readonly #half: number
  #younger = new Map<PublicKey, Answer<T>>()
  #older = new Map<PublicKey, Answer<T>>()

  /** @param size how many at most; 0: none */
  constructor(size: number) {
    this.#size = size
    this.#half = Math.max(1, Math.floor(size / 2))
  }

  get size(): number {
    return this.#younger.size + this.#older.size
  }

  get(publicKey: PublicKey): Answer<T> | undefined {
    const answer = this.#younger.get(publicKey)
    if (answer) return answer
    const old = this.#older.get(publicKey)
    if (old) this.set(publicKey, old)
    return old
  }

  set(publicKey: PublicKey, answer: Answer<T>): void {
    if (this.#size === 0) return
    this.#older.delete(publicKey)
    this.#younger.set(publicKey, answer)
    if (this.#younger.size < this.#half) return
    this.#older = this.#younger
    this.#younger = new Map()
  }

  delete(publicKey: PublicKey): void {
    this.#younger.delete(publicKey)
    this.#older.delete(publicKey)
  }

  clear(): void {
    this.#younger.clear()
    this.#older.clear()
  }
}
