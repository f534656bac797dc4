import type { WireGuardError } from '@wgctrl/types'
import type { DeviceEvent, WatchEvent } from './events.js'

/** What is told of a backend as a whole. */
export type BackendEvent = Exclude<WatchEvent, DeviceEvent>

/** What keeps devices from being seen, by backend. */
export class BackendFailures {
  readonly #failures = new Map<string | undefined, WireGuardError>()

  errors(): WireGuardError[] {
    return [...this.#failures.values()]
  }

  /** All of them, for who begins to watch. */
  events(): BackendEvent[] {
    return this.errors().map(failureEvent)
  }

  /**
   * Takes over what a look found.
   *
   * @returns what is news: failures of another code than before, and backends that have none any more
   */
  learn(failures: readonly WireGuardError[]): BackendEvent[] {
    const before = new Map(this.#failures)
    this.#failures.clear()
    for (const error of failures) this.#failures.set(error.backend, error)
    const recovered = [...before.keys()].filter((backend) => !this.#failures.has(backend))
    return [
      ...failures
        .filter((error) => before.get(error.backend)?.code !== error.code)
        .map(failureEvent),
      ...recovered.map((backend) => ({ type: 'backend-recovered', backend }) as const),
    ]
  }

  clear(): void {
    this.#failures.clear()
  }
}

const failureEvent = (error: WireGuardError): BackendEvent => ({
  type: 'backend-failed',
  backend: error.backend,
  error,
})
