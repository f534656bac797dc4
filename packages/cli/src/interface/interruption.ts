import { constants } from 'node:os'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Takes signals that would end the process in the middle of its work; the second one does end it. */
export class Interruption implements Disposable {
  readonly #controller = new AbortController()
  #status: number | undefined

  constructor() {
    for (const name of SIGNALS) process.on(name, this.#take)
  }

  /** Fires with the first signal. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** The exit status of a program that the signal ended; `undefined`: there was none. */
  get status(): number | undefined {
    return this.#status
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
    if (this.#status !== undefined) process.kill(process.pid, this.signal.reason)
    return this.#status ?? 0
  }

  [Symbol.dispose](): void {
    for (const name of SIGNALS) process.off(name, this.#take)
  }

  readonly #take = (name: NodeJS.Signals): void => {
    const isSecond = this.#status !== undefined
    this.#status ??= 128 + constants.signals[name]
    this.#controller.abort(name)
    if (!isSecond) return
    this[Symbol.dispose]()
    process.kill(process.pid, name)
  }
}
