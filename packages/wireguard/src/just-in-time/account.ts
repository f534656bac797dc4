import { type JustInTimeCounters, type JustInTimeEvent, NOTHING_HAPPENED } from './options.js'

type Counts = { -readonly [name in keyof JustInTimeCounters]: number }

/** What is counted of a gateway, and told as it happens. */
export class Account {
  readonly counts: Counts = { ...NOTHING_HAPPENED }
  readonly #onEvent: ((event: JustInTimeEvent) => unknown) | undefined
  readonly #failed: (error: unknown) => void

  /** @param failed is given what a listener throws or rejects with */
  constructor(
    onEvent: ((event: JustInTimeEvent) => unknown) | undefined,
    failed: (error: unknown) => void,
  ) {
    this.#onEvent = onEvent
    this.#failed = failed
  }

  tell(event: JustInTimeEvent): void {
    try {
      const told: unknown = this.#onEvent?.(event)
      Promise.resolve(told).catch(this.#failed)
    } catch (error) {
      this.#failed(error)
    }
  }
}
