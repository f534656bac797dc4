import { onAbort, startTimer, type WireGuardError } from '@wgctrl/types'

/**
 * How long a service may take, and the signal of whoever waits for it, in one signal. Call {@link end} when it is over, or a
 * timer is left behind.
 *
 * It is no `AbortSignal.any`: in Node 20 a signal that lives as long as a gateway would keep something of each request.
 */
export class Patience {
  readonly #controller = new AbortController()
  readonly #milliseconds: number
  readonly #late: WireGuardError
  readonly #unlisten: () => void
  #stop = (): void => {}

  /** @param late what it fires with when the time is over */
  constructor(milliseconds: number, late: WireGuardError, signal: AbortSignal) {
    ;[this.#milliseconds, this.#late] = [milliseconds, late]
    const give = (): void => this.#controller.abort(signal.reason)
    this.#unlisten = onAbort(signal, give)
    if (signal.aborted) give()
    this.renew()
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** There was a sign of life: the time begins anew. */
  renew(): void {
    this.#stop()
    this.#stop = startTimer(this.#milliseconds, () => this.#controller.abort(this.#late))
  }

  end(): void {
    this.#stop()
    this.#unlisten()
  }
}
