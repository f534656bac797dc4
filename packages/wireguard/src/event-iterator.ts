import { AbortError, onAbort } from '@wgctrl/types'

/**
 * Values for one consumer as they come: waiting, ending, failing and being aborted. What they are, and
 * where they come from, is for those that extend this.
 */
export abstract class EventIterator<T> implements AsyncIterableIterator<T, void, undefined> {
  readonly #signal: AbortSignal | undefined
  #begun: Promise<void> | undefined
  #ended: Promise<void> | undefined
  #failure: { readonly error: unknown } | undefined
  #wake = (): void => {}
  #unlisten = (): void => {}

  /** @param signal ends the iteration with an `AbortError` */
  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal
  }

  async next(): Promise<IteratorResult<T, void>> {
    try {
      await this.begun()
      for (;;) {
        if (this.#ended) return { done: true, value: undefined }
        if (this.#failure) throw this.#failure.error
        const value = this.take()
        if (value !== undefined) return { done: false, value }
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    } catch (error) {
      await this.return()
      throw error
    }
  }

  async return(): Promise<IteratorResult<T, void>> {
    this.#ended ??= this.#end()
    await this.#ended
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  /** Makes the beginning, once. */
  protected begun(): Promise<void> {
    this.#begun ??= this.#begin()
    return this.#begun
  }

  protected get isEnded(): boolean {
    return this.#ended !== undefined
  }

  /** There may be something to take. */
  protected wake(): void {
    this.#wake()
  }

  /** The first failure ends the iteration. */
  protected fail(error: unknown): void {
    this.#failure ??= { error }
    this.#wake()
  }

  protected abstract begin(): Promise<void>

  /** The next value; `undefined`: none yet. */
  protected abstract take(): T | undefined

  /** Lets go of everything. @param begun settles when {@link begin} is over, whatever came of it */
  protected abstract end(begun: Promise<void>): Promise<void>

  async #begin(): Promise<void> {
    if (this.#signal?.aborted) throw new AbortError(this.#signal.reason)
    if (this.#signal) this.#unlisten = onAbort(this.#signal, this.#onAbort)
    await this.begin()
  }

  async #end(): Promise<void> {
    this.#unlisten()
    this.#wake()
    await this.end((this.#begun ?? Promise.resolve()).catch(() => {}))
  }

  readonly #onAbort = (): void => this.fail(new AbortError(this.#signal?.reason))
}
