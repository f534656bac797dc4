import { type FSWatcher, watch as watchDirectory } from 'node:fs'
import type { LinkEvent } from '@wgctrl/netlink'
import { Pause } from './pause.js'

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

/** What of the system is listened to. */
export interface WatchSources {
  /** Undefined: links cannot be watched here, or not yet; devices that come and go are found by looking. */
  openLinks?: (() => Promise<LinkSource | undefined>) | undefined
  /** Where userspace devices have their sockets; absent: there are none to watch. */
  socketDirectory?: (() => Promise<string>) | undefined
}

/** Who is told of what is heard. */
export interface SessionHub {
  /** Milliseconds between two looks. */
  interval(): number
  /** The first look: nothing of it is news. */
  begin(signal: AbortSignal): Promise<void>
  /** Looks which devices there are. */
  look(): Promise<void>
  /** Takes over how links are, without telling. */
  learn(links: readonly LinkState[]): void
  /** What the system says about a link. */
  hear(link: LinkState, isDeleted: boolean): void
}

/** From the first watcher to the last: the ears at the system, and the regular look. */
export class WatchSession {
  /** Rejects when there cannot be a first look. */
  readonly ready: Promise<void>
  readonly #hub: SessionHub
  readonly #sources: WatchSources
  readonly #controller = new AbortController()
  readonly #pause = new Pause()
  #links: LinkSource | undefined
  #directory: FSWatcher | undefined
  #loops: Promise<void>[] = []

  constructor(hub: SessionHub, sources: WatchSources) {
    this.#hub = hub
    this.#sources = sources
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
    const links = await this.#sources.openLinks?.().catch(() => undefined)
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
    const path = await this.#sources.socketDirectory?.()
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
