import { isDeepStrictEqual } from 'node:util'
import { REMOTE_LIMITS } from './limits.js'
import type { Source } from './source.js'

/** Items that are sent together at most. */
const BATCH = 64
/** Milliseconds between looks whether the state is another, while nothing is sent. */
const STATE_INTERVAL = 1000

type Send = (items: readonly unknown[], state: unknown) => Promise<void>

/**
 * Takes items from a source as the other side wants them, and no more: a source that can wait is slowed down by the
 * slowest consumer. What lies ready at once is sent together.
 */
export class SourceStream {
  readonly #source: Source
  readonly #send: Send
  #wanted = 0
  #batch: unknown[] = []
  #isFlushing = false
  #isEnded = false
  #state: unknown
  #wake = (): void => {}
  #closed = (): void => {}
  /** The source has let go of everything. */
  readonly closed: Promise<void> = new Promise((resolve) => {
    this.#closed = resolve
  })
  #failure: { readonly error: unknown } | undefined

  constructor(source: Source, send: Send) {
    this.#source = source
    this.#send = send
  }

  /** @returns the state at the end @throws what the source throws */
  async run(): Promise<unknown> {
    const timer = this.#source.state && setInterval(() => this.#tellState(), STATE_INTERVAL)
    try {
      await this.#source.start?.()
      // It has begun, says a message without items.
      await this.#flush(true)
      await this.#takeAll()
      await this.#flush(false)
      if (this.#failure) throw this.#failure.error
      return this.#source.state?.()
    } finally {
      clearInterval(timer)
      this.end()
    }
  }

  /** So many more are wanted. */
  pull(count: number): void {
    this.#wanted = Math.min(this.#wanted + count, REMOTE_LIMITS.window)
    this.#wake()
  }

  /** What is still to come is sent first. */
  end(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    const closing = (this.#source.return?.() ?? Promise.resolve()).catch((error: unknown) => {
      this.#failure ??= { error }
    })
    closing.then(() => this.#closed())
    this.#wake()
  }

  /** The state is told before the answer. */
  async ask(name: string, args: readonly unknown[]): Promise<unknown> {
    const answer = await this.#source.ask?.(name, args)
    this.#tellState()
    return answer
  }

  async #takeAll(): Promise<void> {
    for (;;) {
      while (this.#wanted === 0 && !this.#isEnded) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
      const next = await this.#source.next()
      if (next.done) return
      this.#wanted--
      this.#batch.push(next.value)
      if (this.#batch.length >= BATCH) await this.#flush(false)
      else if (this.#batch.length === 1) setImmediate(() => void this.#flushSoon())
    }
  }

  async #flushSoon(): Promise<void> {
    try {
      if (this.#batch.length > 0 && !this.#isFlushing) await this.#flush(false)
    } catch (error) {
      this.#failure ??= { error }
      this.end()
    }
  }

  async #flush(isBeginning: boolean): Promise<void> {
    const batch = this.#batch
    if (batch.length === 0 && !isBeginning) return
    this.#batch = []
    this.#isFlushing = true
    const state = this.#source.state?.()
    this.#state = state
    try {
      const { pack, wipe } = this.#source
      const sent = this.#send(pack ? batch.map(pack) : batch, state)
      if (wipe) batch.forEach(wipe)
      await sent
    } finally {
      this.#isFlushing = false
    }
  }

  #tellState(): void {
    const state = this.#source.state?.()
    if (state === undefined || isDeepStrictEqual(state, this.#state)) return
    this.#state = state
    this.#send([], state).catch(() => {})
  }
}
