import { expect, it } from 'vitest'
import { EventIterator } from './event-iterator.js'

class Counted extends EventIterator<number> {
  begins = 0
  ends = 0

  constructor() {
    super(undefined)
  }

  /** As `start` of those that can be begun before the first value is asked for. */
  start = (): Promise<void> => this.begun()

  protected async begin(): Promise<void> {
    this.begins++
  }

  protected take(): number {
    return 7
  }

  protected async end(): Promise<void> {
    this.ends++
  }
}

it.each(['next', 'start'] as const)(
  'does not begin by %s when it was ended before',
  async (call) => {
    const iterator = new Counted()
    await iterator.return()
    await iterator[call]()
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
    expect(iterator).toMatchObject({ begins: 0, ends: 1 })
  },
)
