import { runInTurns, WireGuardError } from '@wgctrl/types'
import { DeviceDiff } from './device-diff.js'
import type { DeviceEvent } from './events.js'
import { Pause } from './pause.js'
import type { Reading, ReadingOptions } from './shared-reader.js'

/** What a poller needs from the hub. */
export interface PollerHub {
  reading(name: string, options: ReadingOptions): Promise<Reading>
  /** Milliseconds between readings that the most impatient watcher wants. */
  interval(name: string): number
  tell(event: DeviceEvent): void
  /** A reading is over: who waits for it may have their events. */
  release(name: string): void
  /** The device is not there any more. */
  missing(name: string): void
}

/** Reads one device again and again and tells what changed. */
export class DevicePoller {
  readonly #name: string
  readonly #hub: PollerHub
  readonly #diff: DeviceDiff
  readonly #controller = new AbortController()
  readonly #pause = new Pause()
  readonly #done: Promise<void>
  #isNew: boolean
  /** Whether a reading was looked at to its end. */
  #isKnown = false
  #newcomers: ((event: DeviceEvent) => void)[] = []
  #at = Number.NEGATIVE_INFINITY
  #failures = 0

  /** @param isNew the device just came: its peers are news as well */
  constructor(hub: PollerHub, name: string, isNew: boolean) {
    this.#hub = hub
    this.#name = name
    this.#isNew = isNew
    this.#diff = new DeviceDiff(name)
    this.#done = this.#run()
  }

  /** Tells one watcher of all peers as if they had been added just now, once they are known. */
  tellAll(tell: (event: DeviceEvent) => void): void {
    if (this.#isKnown) this.#diff.tellAll(tell)
    else this.#newcomers.push(tell)
  }

  /** Who watches the device has changed. */
  reconsider(): void {
    this.#pause.reconsider()
  }

  async stop(): Promise<void> {
    this.#controller.abort()
    await this.#done
  }

  async #run(): Promise<void> {
    const { signal } = this.#controller
    let left: () => number
    do {
      const start = performance.now()
      await this.#tick(signal)
      // Half of the time at most is spent on reading, however large the device is.
      const least = 2 * (performance.now() - start)
      left = () => start + Math.max(least, this.#hub.interval(this.#name)) - performance.now()
    } while (await this.#pause.over(left, signal))
  }

  async #tick(signal: AbortSignal): Promise<void> {
    try {
      const maxAge = this.#hub.interval(this.#name) / 2
      const { device, at } = await this.#hub.reading(this.#name, { maxAge, signal })
      if (signal.aborted) return
      this.#failures = 0
      if (at === this.#at) return
      this.#at = at
      const tell = (event: DeviceEvent): void => {
        if (!signal.aborted) this.#hub.tell(event)
      }
      await runInTurns(this.#diff.update(device, at, Date.now(), tell))
      if (signal.aborted) return
      const newcomers = this.#isNew ? [tell] : this.#newcomers
      for (const newcomer of newcomers) this.#diff.tellAll(newcomer)
      this.#newcomers = []
      this.#isKnown = true
      this.#isNew = false
      this.#hub.release(this.#name)
    } catch (error) {
      if (!signal.aborted) this.#fail(error)
    }
  }

  /** One failure is no news: a daemon that just started has its socket before it listens. */
  #fail(error: unknown): void {
    const failure = asWireGuardError(error)
    if (failure.code === 'ENODEV') {
      this.#hub.missing(this.#name)
      return
    }
    this.#failures++
    if (this.#failures !== 2) return
    const { code } = failure
    this.#hub.tell({ type: 'device-failed', device: this.#name, code, error: failure })
    this.#hub.release(this.#name)
  }
}

/** @internal What is told of a look that failed, whatever it threw. */
export function asWireGuardError(error: unknown): WireGuardError {
  if (error instanceof WireGuardError) return error
  return new WireGuardError(String(error), { code: 'EUNKNOWN', cause: error })
}
