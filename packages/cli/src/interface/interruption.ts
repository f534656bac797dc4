import { constants } from 'node:os'
import { AbortError } from '@wgctrl/types'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Takes signals that would end the process in the middle of its work; the second one does end it. */
export class Interruption implements Disposable {
  readonly #controller = new AbortController()
  #name: NodeJS.Signals | undefined
  #hasBegun = false

  constructor() {
    for (const name of SIGNALS) process.on(name, this.#take)
  }

  /** Fires with the first signal, unless that comes behind {@link begin}. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** The exit status of a program that the signal ended; `undefined`: there was none. */
  get status(): number | undefined {
    return this.#name && 128 + constants.signals[this.#name]
  }

  /**
   * From here on a signal is heard when all is done: what is half changed is of no use to anybody.
   *
   * @throws {AbortError} when there was one before
   */
  begin(): void {
    if (this.signal.aborted) throw new AbortError(this.signal.reason)
    this.#hasBegun = true
  }

  /**
   * Takes no more signals, and has the one that came, if one did, end the process now as it would have then. An exit
   * would wait for name servers that nobody waits for any more: a lookup cannot be cancelled, and Node ends with its
   * threads.
   *
   * @returns the status, should the process go on
   */
  end(): number {
    this[Symbol.dispose]()
    if (this.#name !== undefined) process.kill(process.pid, this.#name)
    return this.status ?? 0
  }

  [Symbol.dispose](): void {
    for (const name of SIGNALS) process.off(name, this.#take)
  }

  readonly #take = (name: NodeJS.Signals): void => {
    if (this.#name === undefined) {
      this.#name = name
      if (!this.#hasBegun) this.#controller.abort(name)
      return
    }
    this[Symbol.dispose]()
    process.kill(process.pid, name)
  }
}
