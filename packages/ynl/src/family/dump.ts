import { interrupted } from '@wgctrl/netlink'

/** A dump whose data changed under it is made anew so often. */
const ATTEMPTS = 8

/** The messages of a dump, a datagram at a time: what `next` gave belongs to the caller. */
export interface DumpReading<T> {
  /** The messages that came next; `undefined` at the end. */
  next(): Promise<readonly T[] | undefined>
  /** True of data that changed meanwhile: some may be missing. */
  isTorn(): boolean
  /** Has to be called, also before the end. */
  close(): Promise<void>
}

/**
 * What a dump gives, asked for when it is read: each `for await` and each {@link toArray} asks anew.
 *
 * @example
 * ```ts
 * for await (const link of links.dump('getlink')) console.log(link.ifname)
 * ```
 */
export class Dump<T> implements AsyncIterable<T> {
  readonly #open: () => Promise<DumpReading<T>>

  /** @internal made by a family */
  constructor(open: () => Promise<DumpReading<T>>) {
    this.#open = open
  }

  /**
   * All of it. A dump whose data changed meanwhile is made anew.
   *
   * @throws {NetlinkError} the kernel's errno; EINTR when it changed during every attempt
   */
  async toArray(): Promise<T[]> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const found = await this.#attempt()
      if (found) return found
    }
    throw interrupted()
  }

  /**
   * One after the other, as the kernel makes them: it waits while the consumer works. Leaving the loop ends the dump.
   *
   * @throws {NetlinkError} the kernel's errno; EINTR at the end when the data changed meanwhile, and some may be missing
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    const reading = await this.#open()
    try {
      for (let some = await reading.next(); some; some = await reading.next()) yield* some
      if (reading.isTorn()) throw interrupted()
    } finally {
      await reading.close()
    }
  }

  async #attempt(): Promise<T[] | undefined> {
    const found: T[] = []
    const reading = await this.#open()
    try {
      for (let some = await reading.next(); some; some = await reading.next()) {
        for (const each of some) found.push(each)
      }
      return reading.isTorn() ? undefined : found
    } finally {
      await reading.close()
    }
  }
}
