import type { CallOptions } from '@wgctrl/types'
import type { Listing } from '../backends.js'
import { type BackendEvent, BackendFailures } from './backend-failures.js'
import { asWireGuardError, DevicePoller, type PollerHub } from './device-poller.js'
import type { DeviceEvent } from './events.js'
import type { Reading, ReadingOptions } from './shared-reader.js'
import {
  type LinkState,
  type SessionHub,
  WatchSession,
  type WatchSources,
} from './watch-session.js'
import {
  checkWatch,
  DEFAULT_INTERVAL,
  type Watched,
  Watcher,
  type WatchOptions,
} from './watcher.js'

/** What {@link WatchHub} needs from the client. */
export interface WatchContext extends WatchSources {
  list(options?: CallOptions): Promise<Listing>
  reading(name: string, options: ReadingOptions): Promise<Reading>
}

/**
 * All who watch devices: one reader for each device and one ear at the system, however many watchers
 * there are, and none when there is no watcher.
 */
export class WatchHub implements Watched, PollerHub, SessionHub {
  readonly #context: WatchContext
  readonly #watchers = new Set<Watcher>()
  readonly #pollers = new Map<string, DevicePoller>()
  readonly #present = new Set<string>()
  /** By index. Filled once links are listened to. */
  readonly #links = new Map<number, LinkState>()
  /** Names of links that went and are not accounted for. */
  readonly #deleted = new Set<string>()
  /** New names of links, and the ones before. */
  readonly #renamed = new Map<string, string>()
  readonly #failures = new BackendFailures()
  #session: WatchSession | undefined
  #looking: Promise<void> | undefined
  #lookAgain = false

  constructor(context: WatchContext) {
    this.#context = context
  }

  /**
   * Watches one device, or all.
   *
   * @throws {TypeError | RangeError | WireGuardError} `EINVAL` when the name is none or an option is wrong
   */
  watch(name?: string, options: WatchOptions = {}): Watcher {
    checkWatch(name, options)
    const { interval = DEFAULT_INTERVAL } = options
    return new Watcher(this, name, options, interval)
  }

  async attach(watcher: Watcher): Promise<void> {
    const isFirst = this.#watchers.size === 0
    this.#watchers.add(watcher)
    if (isFirst) this.#session = new WatchSession(this, this.#context)
    await this.#session?.ready
    if (!this.#watchers.has(watcher)) return
    // Those who were there may have wanted longer pauses.
    this.#session?.reconsider()
    for (const poller of this.#pollers.values()) poller.reconsider()
    this.#tellBackends(this.#failures.events(), [watcher])
    if (!watcher.initial) return this.#startPollers(false)
    for (const name of this.#present) {
      if (watcher.name === undefined || watcher.name === name) {
        watcher.push({ type: 'device-added', device: name })
      }
    }
    this.#startPollers(false, watcher)
    watcher.releaseNow()
  }

  async detach(watcher: Watcher): Promise<void> {
    if (!this.#watchers.delete(watcher)) return
    const idle = [...this.#pollers].filter(([name]) => !this.#isWatched(name))
    for (const [name] of idle) this.#pollers.delete(name)
    const session = this.#watchers.size === 0 ? this.#session : undefined
    if (session) {
      this.#session = undefined
      this.#present.clear()
      this.#links.clear()
      this.#deleted.clear()
      this.#renamed.clear()
      this.#failures.clear()
    }
    await Promise.all([session?.end(), ...idle.map(([, poller]) => poller.stop())])
  }

  /** Ends all watching. */
  async close(): Promise<void> {
    await Promise.all([...this.#watchers].map((watcher) => watcher.return()))
  }

  reading(name: string, options: ReadingOptions): Promise<Reading> {
    return this.#context.reading(name, options)
  }

  interval(name?: string): number {
    if (this.#watchers.size === 0) return DEFAULT_INTERVAL
    let shortest = Number.POSITIVE_INFINITY
    for (const watcher of this.#watchers) {
      if (name !== undefined && watcher.name !== undefined && watcher.name !== name) continue
      shortest = Math.min(shortest, watcher.interval)
    }
    return shortest
  }

  tell(event: DeviceEvent): void {
    for (const watcher of this.#watchers) {
      if (watcher.name === undefined || watcher.name === event.device) watcher.push(event)
      else if (event.type === 'device-renamed' && watcher.name === event.from) watcher.push(event)
    }
  }

  release(name: string): void {
    const now = performance.now()
    for (const watcher of this.#watchers) {
      if (watcher.name === undefined || watcher.name === name) watcher.release(now)
    }
  }

  missing(): void {
    void this.look()
  }

  /**
   * Looks which devices there are and tells what changed. One look at a time: what happens meanwhile
   * is looked at afterwards.
   */
  look(): Promise<void> {
    if (this.#looking) {
      this.#lookAgain = true
      return this.#looking
    }
    this.#looking = this.#lookUntilQuiet()
    return this.#looking
  }

  /**
   * What the system says about a link. Names that change and go are only noted here: which devices
   * there are the next look says, for a userspace device is its socket, not its link.
   */
  hear(link: LinkState, isDeleted: boolean): void {
    const before = this.#links.get(link.index)
    if (isDeleted) {
      this.#links.delete(link.index)
      if (before) this.#deleted.add(before.name)
      return
    }
    this.#links.set(link.index, link)
    if (before && before.name !== link.name) {
      this.#renamed.set(link.name, this.#renamed.get(before.name) ?? before.name)
    }
    const isDevice = this.#present.has(link.name)
    if (isDevice && before && before.up !== link.up) {
      this.#tellNow({ type: link.up ? 'device-up' : 'device-down', device: link.name })
    }
  }

  learn(links: readonly LinkState[]): void {
    for (const link of links) this.#links.set(link.index, link)
  }

  async begin(signal: AbortSignal): Promise<void> {
    const { names, errors, refusals } = await this.#context.list({ signal })
    for (const error of errors) throw error
    for (const name of names) this.#present.add(name)
    this.#failures.learn(refusals)
  }

  async #lookUntilQuiet(): Promise<void> {
    try {
      do {
        this.#lookAgain = false
        const session = this.#session
        const listing = await this.#list()
        if (!listing) return
        const { names, errors, refusals } = listing
        const now = new Set(names)
        // Of a backend that could not be listed just now the devices are not known to be gone.
        const isWhole = errors.length === 0
        if (isWhole && this.#differs(now)) await session?.hearAll()
        if (!session || session !== this.#session) continue
        this.#tellBackends(this.#failures.learn([...errors, ...refusals]), this.#watchers)
        if (isWhole) this.#settle(now)
      } while (this.#lookAgain)
    } finally {
      // In the same breath as the test above: nobody can ask for a look in between.
      this.#looking = undefined
    }
  }

  /**
   * Nobody waits for a look: a list that fails says nothing of any device, and is told like a backend that does.
   *
   * @returns `undefined` when the client is being closed: its watchers are about to end
   */
  async #list(): Promise<Listing | undefined> {
    try {
      return await this.#context.list()
    } catch (error) {
      const failure = asWireGuardError(error)
      if (failure.code === 'ECLOSED') return undefined
      // What was known of others still is.
      return { names: [], errors: [...this.#failures.errors(), failure], refusals: [] }
    }
  }

  #tellBackends(events: readonly BackendEvent[], watchers: Iterable<Watcher>): void {
    if (events.length === 0) return
    for (const watcher of watchers) {
      for (const event of events) watcher.push(event)
      watcher.releaseNow()
    }
  }

  #differs(now: ReadonlySet<string>): boolean {
    return now.size !== this.#present.size || [...now].some((name) => !this.#present.has(name))
  }

  #settle(now: ReadonlySet<string>): void {
    this.#settleRenamed(now)
    this.#settleDeleted(now)
    for (const name of this.#present) if (!now.has(name)) this.#remove(name)
    for (const name of now) if (!this.#present.has(name)) this.#add(name)
  }

  #settleRenamed(now: ReadonlySet<string>): void {
    for (const [to, from] of this.#renamed) {
      if (now.has(to) && !now.has(from) && !this.#present.has(to)) this.#rename(from, to)
    }
    this.#renamed.clear()
  }

  /** A device that is there again behind another link is a new one. */
  #settleDeleted(now: ReadonlySet<string>): void {
    const linked = new Set(Array.from(this.#links.values(), (link) => link.name))
    for (const name of this.#deleted) {
      if (now.has(name) && !linked.has(name)) continue
      this.#deleted.delete(name)
      this.#remove(name)
    }
  }

  #add(name: string): void {
    this.#present.add(name)
    this.#tellNow({ type: 'device-added', device: name })
    this.#startPollers(true)
  }

  #remove(name: string): void {
    if (!this.#present.delete(name)) return
    this.#stopPoller(name)
    this.#tellNow({ type: 'device-removed', device: name })
  }

  #rename(from: string, device: string): void {
    if (!this.#present.delete(from)) return
    this.#present.add(device)
    this.#stopPoller(from)
    this.#tellNow({ type: 'device-renamed', device, from })
    this.#startPollers(false)
  }

  #tellNow(event: DeviceEvent): void {
    this.tell(event)
    for (const watcher of this.#watchers) watcher.releaseNow()
  }

  #stopPoller(name: string): void {
    void this.#pollers.get(name)?.stop()
    this.#pollers.delete(name)
  }

  /** @param newcomer gets the peers of devices that others are watching already */
  #startPollers(isNew: boolean, newcomer?: Watcher): void {
    for (const name of this.#present) {
      if (!this.#isWatched(name)) continue
      const poller = this.#pollers.get(name)
      const isFor = newcomer && (newcomer.name === undefined || newcomer.name === name)
      if (!poller) this.#pollers.set(name, new DevicePoller(this, name, isNew || isFor === true))
      else if (isFor) poller.tellAll((event) => newcomer.push(event))
    }
  }

  #isWatched(name: string): boolean {
    for (const watcher of this.#watchers) {
      if (watcher.name === undefined || watcher.name === name) return true
    }
    return false
  }
}
