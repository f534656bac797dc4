import { abortable, abortReason, checkSignal, onAbort, refuseAborted } from '@wgctrl/types'

/**
 * Values for one consumer as they come: waiting, ending, failing and being aborted. What they are, and
 * where they come from, is for those that extend this.
 */
export abstract class EventIterator<T> implements AsyncIterableIterator<T, void, undefined> {
  readonly #signal: AbortSignal | undefined
  #begun: Promise<void> | undefined
  #hasBegun = false
  #ended: Promise<void> | undefined
  #failure: { readonly error: unknown } | undefined
  #wake = (): void => {}
  #unlisten = (): void => {}

  /** @param signal ends the iteration with an `AbortError` */
  constructor(signal: AbortSignal | undefined) {
    checkSignal(signal)
    this.#signal = signal
  }

  async next(): Promise<IteratorResult<T, void>> {
    // Not waited for: it may take long, and an end or an abort comes first then.
    this.#beginOnce().catch(() => {})
    for (;;) {
      const failure = this.#failure
      if (failure) {
        await this.return()
        throw failure.error
      }
      if (this.#ended) return { done: true, value: undefined }
      const value = this.#hasBegun ? this.take() : undefined
      if (value !== undefined) return { done: false, value }
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  async return(): Promise<IteratorResult<T, void>> {
    this.#failure = undefined
    await this.#stop()
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  /** Makes the beginning, once. Waits for it, or until the signal fires. */
  protected begun(): Promise<void> {
    const begun = this.#beginOnce()
    return this.#signal ? abortable(begun, this.#signal) : begun
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
    if (!this.#ended) this.#failure ??= { error }
    this.#wake()
  }

  protected abstract begin(): Promise<void>

  /** The next value; `undefined`: none yet. */
  protected abstract take(): T | undefined

  /** Lets go of everything. @param begun settles when {@link begin} is over, whatever came of it */
  protected abstract end(begun: Promise<void>): Promise<void>

  /** One that was ended before it began never does: nobody would end it any more. */
  #beginOnce(): Promise<void> {
    this.#begun ??= this.#ended ?? this.#begin()
    return this.#begun
  }

  async #begin(): Promise<void> {
    try {
      refuseAborted(this.#signal)
      if (this.#signal) this.#unlisten = onAbort(this.#signal, this.#onAbort)
      await this.begin()
      this.#hasBegun = true
      this.#wake()
    } catch (error) {
      this.fail(error)
      throw error
    }
  }

  #stop(): Promise<void> {
    this.#ended ??= this.#end()
    return this.#ended
  }

  async #end(): Promise<void> {
    this.#unlisten()
    this.#wake()
    await this.end((this.#begun ?? Promise.resolve()).catch(() => {}))
  }

  readonly #onAbort = (): void => {
    if (this.#signal) this.fail(abortReason(this.#signal))
    // Also when nobody asks for the next value any more.
    this.#stop().catch(() => {})
  }
}
