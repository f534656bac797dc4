import {
  checkChoice,
  checkDuration,
  checkFields,
  checkLinkName,
  InvalidTypeError,
} from '@wgctrl/types'
import { EventIterator } from '../event-iterator.js'
import { WATCH_FIELDS, WATCH_OPTIONS } from '../option-fields.js'
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

/** Milliseconds between looks when the caller does not say. */
export const DEFAULT_INTERVAL = 1000

/** @throws {TypeError | RangeError | WireGuardError} `EINVAL` when name or an option is none */
export function checkWatch(name: string | undefined, options: WatchOptions): void {
  checkFields(options, 'options', WATCH_OPTIONS)
  if (name !== undefined) checkLinkName(name)
  const { interval = DEFAULT_INTERVAL, fields = [] } = options
  if (!Array.isArray(fields)) throw new InvalidTypeError('options.fields', 'must be an array')
  fields.forEach((field, at) => {
    checkChoice(field, `options.fields[${at}]`, WATCH_FIELDS)
  })
  checkDuration(interval, 'options.interval')
}

/** Milliseconds. Timers are late or early by a little; a look is not left out for that. */
const TOLERANCE = 250

/** What a watcher is attached to. */
export interface Watched {
  attach(watcher: Watcher): Promise<void>
  detach(watcher: Watcher): Promise<void>
}

/**
 * Events for one consumer. While the consumer is busy, or its time has not come, they are merged: see
 * `MergedQueue`.
 */
export class Watcher extends EventIterator<WatchEvent> {
  /** Absent: all devices. */
  readonly name: string | undefined
  readonly interval: number
  readonly initial: boolean
  readonly #watched: Watched
  readonly #fields: ReadonlySet<string> | undefined
  readonly #queue = new MergedQueue()
  #isOpen = false
  #due = 0

  /** @internal */
  constructor(watched: Watched, name: string | undefined, options: WatchOptions, interval: number) {
    super(options.signal)
    this.#watched = watched
    this.name = name
    this.interval = interval
    this.initial = options.initial === true
    this.#fields = options.fields && new Set(options.fields)
  }

  /** How many events wait for the consumer. */
  get pending(): number {
    return this.#queue.size
  }

  /** @internal Takes an event that is of interest. */
  push(event: WatchEvent): void {
    const wanted = this.#wanted(event)
    if (wanted) this.#queue.push(wanted)
  }

  /** @internal Lets the consumer have what there is, when its time has come. */
  release(now: number): void {
    if (now < this.#due - Math.min(this.interval / 4, TOLERANCE)) return
    this.#due = now + this.interval
    this.releaseNow()
  }

  /** @internal What happens to devices is told at once. */
  releaseNow(): void {
    if (this.#queue.size === 0) return
    this.#isOpen = true
    this.wake()
  }

  /** @internal */
  override fail(error: unknown): void {
    super.fail(error)
  }

  protected begin(): Promise<void> {
    return this.#watched.attach(this)
  }

  protected take(): WatchEvent | undefined {
    const event = this.#isOpen ? this.#queue.shift() : undefined
    if (!event) this.#isOpen = false
    return event
  }

  protected async end(): Promise<void> {
    await this.#watched.detach(this)
    this.#queue.clear()
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
}
