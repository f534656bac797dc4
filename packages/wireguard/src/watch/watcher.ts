import { AbortError } from '@wgctrl/types'
import type { WatchEvent, WatchField } from './events.js'
import { MergedQueue } from './merged-queue.js'

export interface WatchOptions {
  /**
   * Milliseconds between looks at a device, and so between the events about its peers. Another watcher
   * of the same device may have it looked at more often; this one still hears in its own time. Absent:
   * 1000.
   */
  readonly interval?: number | undefined
  /**
   * What to tell of, besides devices and peers that come and go, which always is. Absent: everything.
   */
  readonly fields?: readonly WatchField[] | undefined
  /** Begins with `device-added` and `peer-added` for all that is there. Absent: false. */
  readonly initial?: boolean | undefined
  /** Ends the iteration with an `AbortError`. */
  readonly signal?: AbortSignal | undefined
}

/** What a watcher is attached to. */
export interface Watched {
  attach(watcher: Watcher): Promise<void>
  detach(watcher: Watcher): Promise<void>
}

/**
 * Events for one consumer. While the consumer is busy, or its time has not come, they are merged: see
 * {@link MergedQueue}.
 */
export class Watcher implements AsyncIterableIterator<WatchEvent, void, undefined> {
  /** Absent: all devices. */
  readonly name: string | undefined
  readonly interval: number
  readonly initial: boolean
  readonly #watched: Watched
  readonly #fields: ReadonlySet<string> | undefined
  readonly #signal: AbortSignal | undefined
  readonly #queue = new MergedQueue()
  #isOpen = false
  #due = 0
  #attached: Promise<void> | undefined
  #ended: Promise<void> | undefined
  #failure: { readonly error: unknown } | undefined
  #wake = (): void => {}

  /** @internal */
  constructor(watched: Watched, name: string | undefined, options: WatchOptions, interval: number) {
    this.#watched = watched
    this.name = name
    this.interval = interval
    this.initial = options.initial === true
    this.#fields = options.fields && new Set(options.fields)
    this.#signal = options.signal
  }

  /** How many events wait for the consumer. */
  get pending(): number {
    return this.#queue.size
  }

  async next(): Promise<IteratorResult<WatchEvent, void>> {
    try {
      this.#attached ??= this.#attach()
      await this.#attached
      for (;;) {
        if (this.#ended) return { done: true, value: undefined }
        if (this.#failure) throw this.#failure.error
        const event = this.#isOpen ? this.#queue.shift() : undefined
        if (event) return { done: false, value: event }
        this.#isOpen = false
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    } catch (error) {
      await this.return()
      throw error
    }
  }

  async return(): Promise<IteratorResult<WatchEvent, void>> {
    this.#ended ??= this.#end()
    await this.#ended
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  /** @internal Takes an event that is of interest. */
  push(event: WatchEvent): void {
    const wanted = this.#wanted(event)
    if (wanted) this.#queue.push(wanted)
  }

  /** @internal Lets the consumer have what there is, when its time has come. */
  release(now: number): void {
    // Timers are late or early by a little; a look is not left out for that.
    if (now < this.#due - this.interval / 4) return
    this.#due = now + this.interval
    this.releaseNow()
  }

  /** @internal What happens to devices is told at once. */
  releaseNow(): void {
    if (this.#queue.size === 0) return
    this.#isOpen = true
    this.#wake()
  }

  /** @internal */
  fail(error: unknown): void {
    this.#failure ??= { error }
    this.#wake()
  }

  #wanted(event: WatchEvent): WatchEvent | undefined {
    const fields = this.#fields
    if (!fields) return event
    switch (event.type) {
      case 'peer-roamed':
        return fields.has('endpoint') ? event : undefined
      case 'peer-handshake':
        return fields.has('handshake') ? event : undefined
      case 'peer-stale':
        return fields.has('stale') ? event : undefined
      case 'peer-transfer':
        return fields.has('transfer') ? event : undefined
      case 'peer-changed': {
        const changed = event.fields.filter((field) => fields.has(field))
        return changed.length > 0 ? { ...event, fields: changed } : undefined
      }
      case 'device-changed': {
        const changed = event.fields.filter((field) => fields.has(field))
        return changed.length > 0 ? { ...event, fields: changed } : undefined
      }
      default:
        return event
    }
  }

  async #attach(): Promise<void> {
    if (this.#signal?.aborted) throw new AbortError(this.#signal.reason)
    this.#signal?.addEventListener('abort', this.#onAbort, { once: true })
    await this.#watched.attach(this)
  }

  async #end(): Promise<void> {
    this.#signal?.removeEventListener('abort', this.#onAbort)
    this.#wake()
    await this.#attached?.catch(() => {})
    await this.#watched.detach(this)
    this.#queue.clear()
  }

  readonly #onAbort = (): void => this.fail(new AbortError(this.#signal?.reason))
}
