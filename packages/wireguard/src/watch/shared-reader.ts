import {
  abortable,
  type CallOptions,
  type Device,
  type DeviceActivity,
  ownTurn,
  refuseAborted,
  SecretKey,
  shownWhole,
} from '@wgctrl/types'

/** Reads a device from its backend. */
export type ReadDevice<D> = (name: string, options: CallOptions) => Promise<D>

/** A device, and when its reading began. */
export interface Reading<D extends DeviceActivity = Device> {
  /** Shared by all who asked: nobody may change it or wipe its keys. */
  readonly device: D
  /** Milliseconds, as `performance.now()`: what happened before is in the reading. */
  readonly at: number
}

export interface ReadingOptions {
  /** Milliseconds. Absent or 0: the reading begins after the call. */
  readonly maxAge?: number | undefined
  /** A reading from before a change that this process made to peers will do: its age alone counts. */
  readonly beforePeers?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

/** Milliseconds that a reading is kept at most, whatever age somebody would accept. */
const LONGEST_KEPT = 60_000

/** Peers whose looking through takes a millisecond and more. */
const LARGE = 1000

interface Flight<D extends DeviceActivity> {
  readonly at: number
  readonly reading: Promise<Reading<D>>
  readonly controller: AbortController
  waiters: number
}

class Entry<D extends DeviceActivity> {
  flight: Flight<D> | undefined
  last: Reading<D> | undefined
  /** What began before this does not count any more. */
  validFrom = Number.NEGATIVE_INFINITY
  /** The same where peers do not matter. */
  deviceFrom = Number.NEGATIVE_INFINITY
  keep = 0
  timer: NodeJS.Timeout | undefined
}

/**
 * One reader for all who look at the same device for the same: there is never more than one such read of a device under
 * way, and a reading is given to everybody who accepts its age.
 */
export class SharedReader<D extends DeviceActivity = Device> {
  readonly #readDevice: ReadDevice<D>
  readonly #entries = new Map<string, Entry<D>>()

  constructor(readDevice: ReadDevice<D>) {
    this.#readDevice = readDevice
  }

  /**
   * A reading that is at most `maxAge` old.
   *
   * @throws {AbortError} and what the backend throws
   */
  async reading(
    name: string,
    { maxAge = 0, beforePeers = false, signal }: ReadingOptions = {},
  ): Promise<Reading<D>> {
    refuseAborted(signal)
    const oldest = performance.now() - maxAge
    const entry = this.#entries.get(name) ?? new Entry<D>()
    this.#entries.set(name, entry)
    entry.keep = Math.min(LONGEST_KEPT, Math.max(entry.keep, maxAge))
    for (;;) {
      const isGood = (at: number): boolean =>
        at >= oldest && at >= (beforePeers ? entry.deviceFrom : entry.validFrom)
      if (entry.last && isGood(entry.last.at)) return entry.last
      const flight = entry.flight ?? this.#start(name, entry)
      const wanted = isGood(flight.at)
      const reading = await this.#join(entry, flight, signal).catch((error) => {
        if (wanted || signal?.aborted) throw error
      })
      if (!wanted || !reading) continue
      // What each of those who share it makes of a large device is long enough for a turn.
      if (reading.device.peers.length > LARGE) {
        await ownTurn()
        refuseAborted(signal)
      }
      return reading
    }
  }

  /**
   * Something was written: readings that began before now are not given out any more.
   *
   * @param isOfPeers peers alone: those who take {@link ReadingOptions.beforePeers} still get them
   */
  invalidate(name: string, isOfPeers = false): void {
    const entry = this.#entries.get(name)
    if (!entry) return
    entry.validFrom = performance.now()
    if (isOfPeers) return
    entry.deviceFrom = entry.validFrom
    this.#forget(name, entry)
  }

  /** Forgets all readings. Reads under way go on for those who wait for them. */
  close(): void {
    for (const [name, entry] of this.#entries) this.#forget(name, entry)
  }

  #start(name: string, entry: Entry<D>): Flight<D> {
    const at = performance.now()
    const controller = new AbortController()
    const reading = this.#readDevice(name, { signal: controller.signal })
      .then((device) => {
        this.#keep(name, entry, { device, at })
        return { device, at }
      })
      .finally(() => {
        if (entry.flight === flight) entry.flight = undefined
        if (!entry.last) this.#forget(name, entry)
      })
    reading.catch(() => {})
    const flight: Flight<D> = { at, reading, controller, waiters: 0 }
    entry.flight = flight
    return flight
  }

  /** Waits with the others. The read is given up when nobody waits for it any more. */
  async #join(
    entry: Entry<D>,
    flight: Flight<D>,
    signal: AbortSignal | undefined,
  ): Promise<Reading<D>> {
    flight.waiters++
    try {
      return await (signal ? abortable(flight.reading, signal) : flight.reading)
    } finally {
      flight.waiters--
      if (flight.waiters === 0 && entry.flight === flight) {
        entry.flight = undefined
        flight.controller.abort()
      }
    }
  }

  #keep(name: string, entry: Entry<D>, reading: Reading<D>): void {
    clearTimeout(entry.timer)
    entry.last = undefined
    if (entry.keep <= 0 || reading.at < entry.deviceFrom) return
    entry.last = reading
    entry.timer = setTimeout(() => this.#forget(name, entry), entry.keep).unref()
  }

  #forget(name: string, entry: Entry<D>): void {
    clearTimeout(entry.timer)
    entry.last = undefined
    entry.keep = 0
    if (!entry.flight && this.#entries.get(name) === entry) this.#entries.delete(name)
  }
}

/**
 * A shared reading as a device that the caller may keep: its own key and list of peers. The peers themselves, with their
 * preshared keys, are shared with other readers.
 */
export function ownCopy({ device }: Reading): Device {
  const { privateKey, amnezia, peers } = device
  const protection = amnezia?.headerProtectionKey
  return shownWhole({
    ...device,
    ...(privateKey && { privateKey: SecretKey.from(privateKey) }),
    ...(protection && {
      amnezia: { ...amnezia, headerProtectionKey: SecretKey.from(protection) },
    }),
    peers: [...peers],
  })
}
