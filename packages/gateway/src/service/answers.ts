import type { PublicKey } from '@wgctrl/types'
import type { Client } from '../clients/client.js'

/** What is known of a key. */
export interface Answer {
  /** `null`: nobody has it any more. */
  readonly client: Client | null
  /** Absent: the store did not say. */
  readonly revision?: number | undefined
  /** When the store said so, on the monotonic clock. */
  readonly at: number
  /** Whether the store told of it as a change, and was not asked. */
  readonly isTold: boolean
}

/**
 * The last that a store said of keys, a bounded number of them. It is in two halves: when the younger one is full, it
 * becomes the older one, and what nobody asked for since then goes.
 */
export class Answers {
  readonly #half: number
  #younger = new Map<PublicKey, Answer>()
  #older = new Map<PublicKey, Answer>()

  /** @param size how many at most */
  constructor(size: number) {
    this.#half = Math.max(1, Math.floor(size / 2))
  }

  get size(): number {
    return this.#younger.size + this.#older.size
  }

  get(publicKey: PublicKey): Answer | undefined {
    const answer = this.#younger.get(publicKey)
    if (answer) return answer
    const old = this.#older.get(publicKey)
    if (old) this.set(publicKey, old)
    return old
  }

  set(publicKey: PublicKey, answer: Answer): void {
    this.#older.delete(publicKey)
    this.#younger.set(publicKey, answer)
    if (this.#younger.size < this.#half) return
    this.#older = this.#younger
    this.#younger = new Map()
  }

  clear(): void {
    this.#younger.clear()
    this.#older.clear()
  }
}
