import { abortable, onAbort, type PublicKey, startTimer, WireGuardError } from '@wgctrl/types'
import { BoundedMap } from '../bounded-map.js'

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

/** The part of the places that is for keys that are known. */
const FOR_KNOWN = 1 / 4

/** How many known keys wait for a place. */
const LONGEST_LINE = 16_384

/**
 * Asks for keys, each once at a time, and remembers those that nobody has. What is remembered is
 * bounded: the first that was remembered goes first.
 */
export class Lookups<T> {
  readonly #limits: LookupLimits
  /** Keys that are being looked up, or wait for a place. */
  readonly #asked = new Set<PublicKey>()
  /** Those of them that were forgotten meanwhile: that nobody has one is no news then. */
  readonly #overtaken = new Set<PublicKey>()
  /** How many are being looked up, and how many of those were not known. */
  #running = 0
  #strangers = 0
  /** Known keys that wait for a place. */
  readonly #line: (() => void)[] = []
  /** Until when each is nobody's. */
  readonly #unknown: BoundedMap<PublicKey, number>

  constructor(limits: LookupLimits) {
    this.#limits = limits
    this.#unknown = new BoundedMap(limits.negativeSize)
  }

  /** How many are being looked up. */
  get pending(): number {
    return this.#running
  }

  /** How many keys are remembered as nobody's. */
  get negatives(): number {
    return this.#unknown.size
  }

  /**
   * @param isKnown is not refused while others are being looked up: it waits for the next place. A part of the places
   *   is for such keys alone, so that others cannot take them all
   * @param ask gives nothing for a key that nobody has; its signal fires when it takes too long or
   *   `signal` fires
   */
  async look(
    key: PublicKey,
    ask: (signal: AbortSignal) => Promise<T | null | undefined> | T | null | undefined,
    signal: AbortSignal,
    isKnown = false,
  ): Promise<Outcome<T>> {
    if (this.#isUnknown(key)) return { kind: 'unknown' }
    if (this.#asked.has(key)) return { kind: 'merged' }
    if (!this.#hasPlace(isKnown)) {
      if (!isKnown || this.#line.length >= LONGEST_LINE) return { kind: 'busy' }
    }
    this.#asked.add(key)
    try {
      while (!this.#hasPlace(isKnown)) {
        await new Promise<void>((resolve) => this.#line.push(resolve))
      }
      return await this.#inPlace(isKnown, () => this.#find(key, ask, signal))
    } finally {
      this.#asked.delete(key)
      this.#overtaken.delete(key)
      this.#line.shift()?.()
    }
  }

  async #inPlace<R>(isKnown: boolean, work: () => Promise<R>): Promise<R> {
    const strangers = isKnown ? 0 : 1
    this.#running++
    this.#strangers += strangers
    try {
      return await work()
    } finally {
      this.#running--
      this.#strangers -= strangers
    }
  }

  async #find(
    key: PublicKey,
    ask: (signal: AbortSignal) => Promise<T | null | undefined> | T | null | undefined,
    signal: AbortSignal,
  ): Promise<Outcome<T>> {
    try {
      const value = await this.#ask(ask, signal)
      if (value !== null && value !== undefined) return { kind: 'found', value }
      if (!this.#overtaken.has(key)) this.#remember(key)
      return { kind: 'unknown' }
    } catch (error) {
      return { kind: 'failed', error }
    }
  }

  #hasPlace(isKnown: boolean): boolean {
    const { concurrency } = this.#limits
    if (this.#running >= concurrency) return false
    return isKnown || this.#strangers < concurrency - Math.floor(concurrency * FOR_KNOWN)
  }

  /** Forgets that nobody has a key, also where that is on its way; without one, of all. */
  forget(key?: PublicKey): void {
    if (key === undefined) this.#unknown.clear()
    else this.#unknown.delete(key)
    for (const asked of key === undefined ? this.#asked : [key]) {
      if (this.#asked.has(asked)) this.#overtaken.add(asked)
    }
  }

  async #ask(
    ask: (signal: AbortSignal) => Promise<T | null | undefined> | T | null | undefined,
    signal: AbortSignal,
  ): Promise<T | null | undefined> {
    const controller = new AbortController()
    const { timeout } = this.#limits
    const end = (): void => controller.abort(signal.reason)
    const stopTimer = startTimer(timeout, () => {
      const text = `the lookup took longer than ${timeout} ms`
      controller.abort(new WireGuardError(text, { code: 'ETIMEDOUT' }))
    })
    const unlisten = onAbort(signal, end)
    try {
      if (signal.aborted) end()
      // In a promise's callback: what `ask` throws at once rejects it as well.
      const answer = Promise.resolve().then(() => ask(controller.signal))
      return await abortable(answer, controller.signal)
    } finally {
      stopTimer()
      unlisten()
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
