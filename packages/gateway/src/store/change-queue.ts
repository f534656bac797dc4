import type { StoreChange } from './store.js'

/**
 * Changes on their way to whoever listens. However slow that is, a key is in the queue once, with what became of it last.
 */
export class ChangeQueue implements AsyncIterable<StoreChange> {
  readonly #waiting = new Map<string, StoreChange>()
  #wake = (): void => {}
  #isEnded = false
  #failure: unknown

  push(change: StoreChange): void {
    if (change.type === 'lost') this.#waiting.clear()
    const key = 'publicKey' in change ? change.publicKey : change.type
    this.#waiting.delete(key)
    this.#waiting.set(key, change)
    this.#wake()
  }

  /** @param failure absent: as the listener wanted it */
  end(failure?: unknown): void {
    this.#isEnded = true
    this.#failure = failure
    this.#wake()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<StoreChange, void, undefined> {
    for (;;) {
      for (const [key, change] of this.#waiting) {
        this.#waiting.delete(key)
        yield change
        if (this.#isEnded) break
      }
      if (this.#isEnded) {
        if (this.#failure !== undefined) throw this.#failure
        return
      }
      if (this.#waiting.size > 0) continue
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}
