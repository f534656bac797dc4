import { abortable, type PublicKey, startTimer, WireGuardError } from '@wgctrl/types'
import { BoundedMap } from '../watch/bounded-map.js'

/** How a lookup ended. */
export type Outcome<T> =
  | { readonly kind: 'found'; readonly value: T }
  /** Nobody has this key, as of now or some time ago. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'failed'; readonly error: unknown }
  /** Asked already; that caller gets the answer. */
  | { readonly kind: 'merged' }
  /** Too many are being looked up. */
  | { readonly kind: 'busy' }

export interface LookupLimits {
  /** Milliseconds that a lookup may take. */
  readonly timeout: number
  /** Milliseconds that "nobody" is remembered; 0: not at all. */
  readonly negativeTtl: number
  /** How many keys that nobody has are remembered. */
  readonly negativeSize: number
  /** How many are looked up at once. */
  readonly concurrency: number
}

/**
 * Asks for keys, each once at a time, and remembers those that nobody has. What is remembered is
 * bounded: the first that was remembered goes first.
 */
export class Lookups<T> {
  readonly #limits: LookupLimits
  readonly #inFlight = new Set<PublicKey>()
  /** Until when each is nobody's. */
  readonly #unknown: BoundedMap<PublicKey, number>

  constructor(limits: LookupLimits) {
    this.#limits = limits
    this.#unknown = new BoundedMap(limits.negativeSize)
  }

  /** How many are being looked up. */
  get pending(): number {
    return this.#inFlight.size
  }

  /** How many keys are remembered as nobody's. */
  get negatives(): number {
    return this.#unknown.size
  }

  /**
   * @param ask gives nothing for a key that nobody has; its signal fires when it takes too long or
   *   `signal` fires
   */
  async look(
    key: PublicKey,
    ask: (signal: AbortSignal) => Promise<T | null | undefined> | T | null | undefined,
    signal: AbortSignal,
  ): Promise<Outcome<T>> {
    if (this.#isUnknown(key)) return { kind: 'unknown' }
    if (this.#inFlight.has(key)) return { kind: 'merged' }
    if (this.#inFlight.size >= this.#limits.concurrency) return { kind: 'busy' }
    this.#inFlight.add(key)
    try {
      const value = await this.#ask(ask, signal)
      if (value !== null && value !== undefined) return { kind: 'found', value }
      this.#remember(key)
      return { kind: 'unknown' }
    } catch (error) {
      return { kind: 'failed', error }
    } finally {
      this.#inFlight.delete(key)
    }
  }

  /** Forgets that nobody has a key; without one, of all. */
  forget(key?: PublicKey): void {
    if (key === undefined) this.#unknown.clear()
    else this.#unknown.delete(key)
  }

  async #ask(
    ask: (signal: AbortSignal) => Promise<T | null | undefined> | T | null | undefined,
    signal: AbortSignal,
  ): Promise<T | null | undefined> {
    const controller = new AbortController()
    const { timeout } = this.#limits
    const text = `the lookup took longer than ${timeout} ms`
    const late = new WireGuardError(text, { code: 'ETIMEDOUT' })
    const onAbort = (): void => controller.abort(signal.reason)
    const stopTimer = startTimer(timeout, () => controller.abort(late))
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      if (signal.aborted) onAbort()
      // In a promise's callback: what `ask` throws at once rejects it as well.
      const answer = Promise.resolve().then(() => ask(controller.signal))
      return await abortable(answer, controller.signal)
    } finally {
      stopTimer()
      signal.removeEventListener('abort', onAbort)
    }
  }

  #isUnknown(key: PublicKey): boolean {
    const until = this.#unknown.get(key)
    if (until === undefined) return false
    if (performance.now() < until) return true
    this.#unknown.delete(key)
    return false
  }

  #remember(key: PublicKey): void {
    const { negativeTtl } = this.#limits
    if (negativeTtl > 0) this.#unknown.set(key, performance.now() + negativeTtl)
  }
}
