import { type FSWatcher, watch as watchDirectory } from 'node:fs'
import type { LinkEvent } from '@wgctrl/netlink'
import type { CallOptions, WireGuardError } from '@wgctrl/types'
import type { Listing } from '../backends.js'
import { asWireGuardError, DevicePoller, type PollerHub } from './device-poller.js'
import type { DeviceEvent, WatchEvent } from './events.js'
import { Pause } from './pause.js'
import type { Reading, ReadingOptions } from './shared-reader.js'
import {
  checkWatch,
  DEFAULT_INTERVAL,
  type Watched,
  Watcher,
  type WatchOptions,
} from './watcher.js'

/** A network interface, as far as it matters here. */
export interface LinkState {
  readonly index: number
  readonly name: string
  readonly up: boolean
}

/** The system's network interfaces, and what happens to them. */
export interface LinkSource {
  /** All links as they are now. */
  now(): Promise<readonly LinkState[]>
  /** From before the first call of {@link now}. */
  readonly events: AsyncIterableIterator<
    Extract<LinkEvent, { type: 'lost' }> | { type: 'changed' | 'deleted'; link: LinkState }
  >
  close(): Promise<void>
}

/** What {@link WatchHub} needs from the client. */
export interface WatchContext {
  list(options?: CallOptions): Promise<Listing>
  reading(name: string, options: ReadingOptions): Promise<Reading>
  /** Undefined: links cannot be watched here, or not yet; devices that come and go are found by looking. */
  openLinks?: (() => Promise<LinkSource | undefined>) | undefined
  /** Where userspace devices have their sockets; absent: there are none to watch. */
  socketDirectory?: (() => Promise<string>) | undefined
}

type BackendEvent = Exclude<WatchEvent, DeviceEvent>

const failureEvent = (error: WireGuardError): BackendEvent => ({
  type: 'backend-failed',
  backend: error.backend,
  error,
})

/**
 * All who watch devices: one reader for each device and one ear at the system, however many watchers
 * there are, and none when there is no watcher.
 */
export class WatchHub implements Watched, PollerHub {
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
  /** What keeps devices from being seen, by backend. */
  readonly #failures = new Map<string | undefined, WireGuardError>()
  #session: Session | undefined
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
    if (isFirst) this.#session = new Session(this, this.#context)
    await this.#session?.ready
    if (!this.#watchers.has(watcher)) return
    // Those who were there may have wanted longer pauses.
    this.#session?.reconsider()
    for (const poller of this.#pollers.values()) poller.reconsider()
    this.#tellBackends([...this.#failures.values()].map(failureEvent), [watcher])
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

  /** Takes over how links are, without telling. */
  learn(links: readonly LinkState[]): void {
    for (const link of links) this.#links.set(link.index, link)
  }

  /** The first look: nothing of it is news. */
  async begin(signal: AbortSignal): Promise<void> {
    const { names, errors, refusals } = await this.#context.list({ signal })
    for (const error of errors) throw error
    for (const name of names) this.#present.add(name)
    this.#learnFailures(refusals)
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
        this.#tellBackends(this.#learnFailures([...errors, ...refusals]), this.#watchers)
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
      return { names: [], errors: [...this.#failures.values(), failure], refusals: [] }
    }
  }

  /** @returns what is news */
  #learnFailures(failures: readonly WireGuardError[]): BackendEvent[] {
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

/** From the first watcher to the last: the ears at the system, and the regular look. */
class Session {
  /** Rejects when there cannot be a first look. */
  readonly ready: Promise<void>
  readonly #hub: WatchHub
  readonly #context: WatchContext
  readonly #controller = new AbortController()
  readonly #pause = new Pause()
  #links: LinkSource | undefined
  #directory: FSWatcher | undefined
  #loops: Promise<void>[] = []

  constructor(hub: WatchHub, context: WatchContext) {
    this.#hub = hub
    this.#context = context
    this.ready = this.#begin()
    this.ready.catch(() => {})
  }

  /** Who watches has changed. */
  reconsider(): void {
    this.#pause.reconsider()
  }

  async end(): Promise<void> {
    this.#controller.abort()
    await this.ready.catch(() => {})
    this.#directory?.close()
    await this.#links?.close()
    await Promise.all(this.#loops)
  }

  /** How links are now: what they are told of may come later than what a look finds. */
  async hearAll(): Promise<void> {
    const links = await this.#links?.now().catch(() => [])
    for (const link of links ?? []) this.#hub.hear(link, false)
  }

  async #begin(): Promise<void> {
    await this.#openLinks()
    await this.#watchDirectory()
    await this.#hub.begin(this.#controller.signal)
    if (this.#links) this.#loops.push(this.#listen(this.#links))
    this.#loops.push(this.#lookRegularly())
  }

  /** Where links cannot be listened to, devices that come and go are found by looking. */
  async #openLinks(): Promise<void> {
    const links = await this.#context.openLinks?.().catch(() => undefined)
    if (!links) return
    if (this.#controller.signal.aborted) return links.close()
    this.#links = links
    this.#hub.learn(await links.now())
  }

  /** The kernel's WireGuard may come later: its module is loaded. */
  async #openLateLinks(): Promise<void> {
    if (this.#links) return
    await this.#openLinks().catch(() => {})
    if (this.#links) this.#loops.push(this.#listen(this.#links))
  }

  async #listen(links: LinkSource): Promise<void> {
    try {
      for await (const event of links.events) {
        if (event.type === 'lost') await this.hearAll()
        else this.#hub.hear(event.link, event.type === 'deleted')
        void this.#hub.look()
      }
    } catch {
      // The regular look goes on.
    }
  }

  async #lookRegularly(): Promise<void> {
    const { signal } = this.#controller
    for (;;) {
      const start = performance.now()
      const left = (): number => start + this.#hub.interval() - performance.now()
      if (!(await this.#pause.over(left, signal))) return
      await this.#openLateLinks()
      // Where it is may be refused meanwhile; what is in it the look finds all the same.
      if (!this.#directory) await this.#watchDirectory().catch(() => {})
      await this.#hub.look()
    }
  }

  /** The directory may come later: the first daemon makes it. */
  async #watchDirectory(): Promise<void> {
    const path = await this.#context.socketDirectory?.()
    if (path === undefined || this.#controller.signal.aborted) return
    try {
      const watcher = watchDirectory(path, () => void this.#hub.look())
      watcher.on('error', () => {
        watcher.close()
        this.#directory = undefined
      })
      this.#directory = watcher
    } catch {
      this.#directory = undefined
    }
  }
}
