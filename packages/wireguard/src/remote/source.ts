import type { TrafficLedger } from '../traffic/traffic-ledger.js'

/** What a call gives that goes on: items one by one, and what there is to know of it meanwhile. */
export interface Source {
  /** Before the first item. */
  start?(): Promise<unknown>
  next(): Promise<IteratorResult<unknown, unknown>>
  /** Ends it, and lets go of everything. */
  return?(): Promise<unknown>
  /** What can be asked of it at any time, as plain data. */
  state?(): unknown
  /** What else can be asked of it. */
  ask?(name: string, args: readonly unknown[]): Promise<unknown>
  /** What of an item travels. Absent: the item. */
  pack?(item: unknown): unknown
  /** Called for each item when it was put into bytes. */
  wipe?(item: unknown): void
}

/** A source that items are put into. It is ended from outside. */
export class PushedSource implements Source {
  readonly #items: unknown[] = []
  readonly #close: () => Promise<unknown>
  #isEnded = false
  #wake = (): void => {}

  /** @param close makes the last items */
  constructor(close: () => Promise<unknown>) {
    this.#close = close
  }

  push(item: unknown): void {
    this.#items.push(item)
    this.#wake()
  }

  async next(): Promise<IteratorResult<unknown, void>> {
    for (;;) {
      if (this.#items.length > 0) return { done: false, value: this.#items.shift() }
      if (this.#isEnded) return { done: true, value: undefined }
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  async return(): Promise<void> {
    await this.#close()
    this.#isEnded = true
    this.#wake()
  }
}

/** One thing that a ledger was told. */
export type LedgerEntry =
  | { readonly update: Parameters<TrafficLedger['update']>[0] }
  | { readonly removed: string; readonly publicKeys: readonly string[] | undefined }
