/** Ends a stream from outside, without keeping alive what nobody reads any more. */
export type EndStream = (error: unknown) => Promise<void>

type Batches<P> = AsyncGenerator<P[], void, undefined>

/** Streams that were dropped in the midst let go of their device. */
const dropped = new FinalizationRegistry<Batches<unknown>>((batches) => {
  batches.return().catch(() => {})
})

/**
 * Batches as single values. A hand-written iterator: an async generator takes three turns of the
 * microtask queue per value, this one takes one.
 */
export class PeerStream<P> implements AsyncIterableIterator<P, void, undefined> {
  readonly #open: (end: EndStream) => Batches<P>
  readonly #signal: AbortSignal | undefined
  #batches: Batches<P> | undefined
  #batch: P[] = []
  #at = 0
  #ended = false
  #failure: unknown

  /**
   * @param open called at the first `next`; what it returns must not refer to the stream
   * @param signal what is left of a batch is not given out once it fired: `open`'s generator throws
   */
  constructor(open: (end: EndStream) => Batches<P>, signal?: AbortSignal) {
    this.#open = open
    this.#signal = signal
  }

  next(): Promise<IteratorResult<P, void>> {
    const value = this.ready()
    return value === undefined ? this.#refill() : Promise.resolve({ done: false, value })
  }

  /** The next value where it was read already. Not while a `next` is under way. */
  ready(): P | undefined {
    return this.#at < this.#batch.length && !this.#signal?.aborted
      ? this.#batch[this.#at++]
      : undefined
  }

  async return(): Promise<IteratorResult<P, void>> {
    this.#batch = []
    this.#at = 0
    this.#ended = true
    // Also when it ended before: what it holds is let go of when this resolves.
    await this.#batches?.return()
    return { done: true, value: undefined }
  }

  /** Ends the stream from outside: what was read already is dropped, the reader gets `error`. */
  async abort(error: unknown): Promise<void> {
    if (!this.#ended) this.#failure = error
    await this.return()
  }

  async throw(error: unknown): Promise<IteratorResult<P, void>> {
    await this.return()
    throw error
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  async #refill(): Promise<IteratorResult<P, void>> {
    if (this.#ended) return this.#finished()
    this.#batches ??= this.#start()
    try {
      const { done, value } = await this.#batches.next()
      if (done || this.#ended) {
        this.#ended = true
        return this.#finished()
      }
      this.#batch = value
      this.#at = 0
      return this.next()
    } catch (error) {
      this.#ended = true
      throw error
    }
  }

  #start(): Batches<P> {
    const stream = new WeakRef(this)
    const batches = this.#open(async (error) => {
      await (stream.deref()?.abort(error) ?? batches.return())
    })
    dropped.register(this, batches)
    return batches
  }

  /** A stream that was aborted says so once. */
  #finished(): IteratorResult<P, void> {
    const error = this.#failure
    this.#failure = undefined
    if (error !== undefined) throw error
    return { done: true, value: undefined }
  }
}
