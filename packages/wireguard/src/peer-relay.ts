import type { Peer, PeerIterator } from '@wgctrl/types'

/**
 * What the generator of a stream of peers gives out, and what its backend has read already without it: a
 * generator takes three more turns of the queue for each peer.
 *
 * The generator stands still at a `yield` whenever it is passed by, and hands out the peers of the same
 * iterator in the same order: beginning, ending, failing and being cut short are its own.
 */
export class PeerRelay implements AsyncGenerator<Peer, void, undefined> {
  readonly #generator: AsyncGenerator<Peer, void, undefined>
  #peers: PeerIterator | undefined
  #signal: AbortSignal | undefined
  /** Calls of the generator that are under way. */
  #underWay = 0

  /** @param generate tells, once it knows, what it hands out the peers of, and what ends that */
  constructor(
    generate: (
      began: (peers: PeerIterator, signal: AbortSignal) => void,
    ) => AsyncGenerator<Peer, void, undefined>,
  ) {
    this.#generator = generate((peers, signal) => {
      this.#peers = peers
      this.#signal = signal
    })
  }

  next(): Promise<IteratorResult<Peer, void>> {
    const ready = this.#underWay > 0 || this.#signal?.aborted ? undefined : this.#peers?.ready?.()
    if (ready !== undefined) return Promise.resolve({ done: false, value: ready })
    return this.#ask(() => this.#generator.next())
  }

  return(): Promise<IteratorResult<Peer, void>> {
    this.#peers = undefined
    return this.#ask(() => this.#generator.return())
  }

  throw(error: unknown): Promise<IteratorResult<Peer, void>> {
    this.#peers = undefined
    return this.#ask(() => this.#generator.throw(error))
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  async #ask(call: () => Promise<IteratorResult<Peer, void>>): Promise<IteratorResult<Peer, void>> {
    this.#underWay++
    try {
      return await call()
    } finally {
      this.#underWay--
    }
  }
}
