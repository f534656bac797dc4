import { onAbort } from './abort-listeners.js'
import { checkGiven } from './argument.js'
import { checkDuration, startTimer } from './duration.js'
import { AbortError, InvalidTypeError, WireGuardError } from './errors.js'

/** What every call takes. */
export interface CallOptions {
  /** Ends the call with an {@link AbortError}. */
  readonly signal?: AbortSignal | undefined
  /**
   * Milliseconds that the call may spend waiting for the device, {@link DEFAULT_TIMEOUT} when
   * absent, `Infinity` for no limit. The time a consumer of a stream takes does not count.
   */
  readonly timeout?: number | undefined
}

/** Milliseconds. Long enough for 100,000 peers on a slow machine, short enough to notice a stuck daemon. */
export const DEFAULT_TIMEOUT = 60_000

/**
 * What to throw when a signal fired: an {@link AbortError}, or what is thrown for a call that ran out of time.
 */
export function abortReason({ reason }: AbortSignal): unknown {
  const isOurs = reason instanceof WireGuardError || reason?.code === 'ABORT_ERR'
  return isOurs ? reason : new AbortError(reason)
}

/** @throws {TypeError} `EINVAL` when it is no signal */
export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal === undefined || signal instanceof AbortSignal) return
  throw new InvalidTypeError('options.signal', 'must be an AbortSignal')
}

/** @throws {AbortError} when the signal fired, see {@link abortReason} */
export function refuseAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortReason(signal)
}

/**
 * Joins the caller's signal and the timeout of one call into one signal. The clock runs only between
 * {@link resume} and {@link pause}. Call {@link end} when the call is over, or a timer is left behind.
 */
export class Deadline {
  readonly #controller = new AbortController()
  readonly #caller: AbortSignal | undefined
  #left: number
  #stop: (() => void) | undefined
  #unlisten = (): void => {}
  #since = 0

  /**
   * Starts the clock.
   *
   * @throws {TypeError | RangeError} when an option is none
   * @throws {AbortError} when the signal was aborted before
   */
  constructor(options: CallOptions = {}) {
    checkGiven(options, 'options', 'an object with signal, timeout')
    const { signal, timeout = DEFAULT_TIMEOUT } = options
    checkDuration(timeout, 'options.timeout')
    checkSignal(signal)
    refuseAborted(signal)
    this.#left = timeout
    this.#caller = signal
    if (signal) this.#unlisten = onAbort(signal, this.#onAbort)
    this.resume()
  }

  /** Fires with the error to throw as its `reason`. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Starts the clock again. */
  resume(): void {
    if (this.#stop !== undefined || this.#left === Number.POSITIVE_INFINITY) return
    this.#since = performance.now()
    this.#stop = startTimer(this.#left, this.#onTimeout)
  }

  /** Stops the clock while the caller has the word. */
  pause(): void {
    if (this.#stop === undefined) return
    this.#left = Math.max(0, this.#left - (performance.now() - this.#since))
    this.#stopTimer()
  }

  /** Ends the call from a third side: {@link signal} fires with `error`. */
  abort(error: WireGuardError): void {
    this.end()
    this.#controller.abort(error)
  }

  /** Lets go of the timer and of the caller's signal. */
  end(): void {
    this.#stopTimer()
    this.#unlisten()
  }

  [Symbol.dispose](): void {
    this.end()
  }

  #stopTimer(): void {
    this.#stop?.()
    this.#stop = undefined
  }

  readonly #onAbort = (): void => {
    this.end()
    if (this.#caller) this.#controller.abort(abortReason(this.#caller))
  }

  readonly #onTimeout = (): void => {
    this.abort(new WireGuardError('the device did not answer in time', { code: 'ETIMEDOUT' }))
  }
}
