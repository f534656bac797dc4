import { setMaxListeners } from 'node:events'
import type { ReadText } from '@wgctrl/netlink'
import {
  abortReason,
  type ConfigureOptions,
  checkLinkName,
  type DeviceActivity,
  type DeviceConfig,
  type PeerConfig,
  type PublicKey,
  refuseAborted,
  runInTurns,
  StepBudget,
  type Steps,
  slept,
  WireGuardError,
} from '@wgctrl/types'
import { BoundedMap } from '../bounded-map.js'
import type { HandshakeCounters } from '../handshakes/counters.js'
import type {
  HandshakeOptions,
  Handshakes,
  HandshakesContext,
  Initiation,
} from '../handshakes/handshakes.js'
import type { Reading, ReadingOptions } from '../watch/shared-reader.js'
import { Account } from './account.js'
import { Arrival, type Pending } from './arrival.js'
import { Entrance } from './entrance.js'
import { Insistence, type InsistenceContext } from './insistence.js'
import { alteration, removal } from './install.js'
import { Lookups } from './lookups.js'
import type { FoundPeer, JustInTimeCounters, JustInTimeOptions } from './options.js'
import { type Leaver, Residents } from './residents.js'
import { checkSettings, type Settings } from './settings.js'
import { threadShortage } from './thread-shortage.js'

/** What {@link JustInTime} needs from the client. */
export interface JustInTimeContext {
  reading(name: string, options: ReadingOptions): Promise<Reading<DeviceActivity>>
  configure(name: string, config: DeviceConfig, options?: ConfigureOptions): Promise<void>
  /** Reads and writes in one turn: no other call of this process comes between. */
  readonly inTurn: InsistenceContext['inTurn']
  handshakes(
    name: string,
    options: HandshakeOptions,
    gateway: Pick<HandshakesContext, 'othersFirst' | 'knows'>,
  ): Handshakes
  /** Files of /proc and /sys. Absent: those of this machine. */
  readonly readText?: ReadText | undefined
}

/** Milliseconds for which looks at the device wait while clients are being let in, and how often it is seen whether they are. */
const [PATIENCE, MOMENT] = [3000, 20]

/** How many of those who were looked up are remembered as known. */
const KNOWN_KEYS = 65_536

/** Who was in the device and was changed or removed. */
export interface ChangedPeers {
  readonly changed: readonly PublicKey[]
  readonly removed: readonly PublicKey[]
}

/**
 * A gateway that holds only those peers that are there: an initiation of a key that the device does not
 * have is looked up, the peer is installed with the sender's address and the device initiates back at
 * once; peers that are idle go.
 *
 * It holds no state that matters: after a restart it finds the peers that the device has.
 */
export class JustInTime implements AsyncDisposable {
  /** Resolves when it was closed; rejects when it could not go on. */
  readonly finished: Promise<void>
  readonly #name: string
  readonly #context: JustInTimeContext
  readonly #options: JustInTimeOptions
  readonly #settings: Settings
  readonly #lookups: Lookups<FoundPeer>
  readonly #residents: Residents
  readonly #handshakes: Handshakes
  readonly #controller = new AbortController()
  readonly #account: Account
  readonly #pending = new Map<PublicKey, Pending>()
  /** Those whose lookup found a peer, or who were in: they come before others. */
  readonly #known = new BoundedMap<PublicKey, true>(KNOWN_KEYS)
  readonly #entrance: Entrance
  readonly #insistence: Insistence
  readonly #work = new Set<Promise<void>>()
  /** The device's key in the last reading. Who is installed is another: its initiation was read with this one. */
  #ownKey: PublicKey | null = null
  #finish: (error?: unknown) => void = () => {}
  #loops: Promise<void>[] = []
  #closing: Promise<void> | undefined

  /** @internal @throws {TypeError | RangeError | WireGuardError} `EINVAL` when name or an option is none */
  constructor(context: JustInTimeContext, name: string, options: JustInTimeOptions) {
    const settings = checkSettings(options)
    checkLinkName(name)
    this.#name = name
    this.#context = context
    this.#options = options
    this.#settings = settings
    this.#residents = new Residents(settings.isPinned)
    this.#lookups = new Lookups(settings.lookups)
    this.#account = new Account(options.onEvent, (error) => this.#fail(error))
    // Each lookup and each pause listens: as many as there are clients on their way in.
    setMaxListeners(0, this.#controller.signal)
    this.#insistence = this.#makeInsistence()
    this.#entrance = this.#makeEntrance()
    const { interval } = settings
    const { netns } = options
    this.#handshakes = context.handshakes(
      name,
      { interval, netns },
      {
        othersFirst: (canWait) => this.#othersFirst(canWait),
        knows: (publicKey) => this.#residents.has(publicKey),
      },
    )
    this.finished = new Promise((resolve, reject) => {
      this.#finish = (error) => (error === undefined ? resolve() : reject(error))
    })
    this.finished.catch(() => {})
  }

  #makeEntrance(): Entrance {
    return new Entrance({
      settings: this.#settings,
      residents: this.#residents,
      account: this.#account,
      signal: this.#controller.signal,
      configure: (peers, call) =>
        this.#context.configure(this.#name, { peers }, { ...call, ownKey: this.#ownKey }),
      entered: (arrival) => {
        if (this.#settings.initiate) this.#insistence.begin(arrival)
      },
      unfinished: (arrival, error) => {
        const { publicKey } = arrival
        this.#account.tell({ type: 'failed', operation: 'install', publicKey, error })
        this.#insistence.begin(arrival, true)
      },
      evicted: (leavers) => this.#tellEvicted(leavers, 'room'),
      failed: () => this.#track(this.#evictSurplus()),
      broken: (error) => this.#fail(error),
    })
  }

  #makeInsistence(): Insistence {
    return new Insistence({
      name: this.#name,
      interval: this.#settings.interval,
      residents: this.#residents,
      account: this.#account,
      signal: this.#controller.signal,
      reading: (name, options) => this.#context.reading(name, options),
      inTurn: (name, change) => this.#context.inTurn(name, change),
      othersFirst: () => this.#othersFirst(),
      track: (work) => this.#track(work),
    })
  }

  /** What happened so far. A copy. */
  get counters(): JustInTimeCounters {
    return { ...this.#account.counts }
  }

  /** What became of the packets that look like initiations. A copy. */
  get handshakeCounters(): HandshakeCounters {
    return this.#handshakes.counters
  }

  /** How many peers the device holds, as far as is known. */
  get size(): number {
    return this.#residents.size
  }

  /** Whether a peer is in the device, as far as is known; pinned ones are none. */
  has(publicKey: PublicKey): boolean {
    return this.#residents.has(publicKey) && !this.#settings.isPinned(publicKey)
  }

  /** The keys of the peers that the device holds, as far as is known; not those of pinned ones. */
  present(): PublicKey[] {
    return [...this.#residents.keys()].filter((key) => !this.#settings.isPinned(key))
  }

  /**
   * When the last handshake initiation of a key was made that came here, by the client's own clock: of two gateways that
   * a client came to, the later one has it. Absent: none is remembered.
   */
  initiated(publicKey: PublicKey): Date | undefined {
    return this.#handshakes.lastOf(publicKey)
  }

  /**
   * Takes over what became of clients: the config that each has now, or `null` for one that nobody is any more. Those
   * in the device are changed where they are or removed, in one write that leaves the others and all sessions alone.
   * Whoever is being looked up or installed comes in as told here, or not at all. Pinned peers are left as they are.
   *
   * @returns who of them was in the device
   * @throws {TypeError | WireGuardError} when a config is none, before anything is sent; as `configure`: then all are
   *   as they were, and the call can be made again
   */
  async change(changes: ReadonlyMap<PublicKey, FoundPeer | null>): Promise<ChangedPeers> {
    const entries = new Map<PublicKey, PeerConfig>()
    for (const [publicKey, found] of changes) {
      if (!this.#settings.isPinned(publicKey)) entries.set(publicKey, alteration(publicKey, found))
    }
    for (const [publicKey, found] of changes) this.#note(publicKey, found)
    return await this.#alter(entries)
  }

  /**
   * Removes peers in one write. Unlike {@link change} with `null` it says nothing of who they are: whoever tries to
   * connect is looked up again.
   *
   * @returns who of them was in the device; pinned peers stay
   * @throws {WireGuardError} as `configure`; then all are as they were
   */
  async release(keys: Iterable<PublicKey>): Promise<readonly PublicKey[]> {
    const leavers = [...keys].filter((key) => !this.#settings.isPinned(key))
    const entries = leavers.map((publicKey) => [publicKey, removal({ publicKey })] as const)
    return (await this.#alter(new Map(entries))).removed
  }

  /** For whoever is on the way in. */
  #note(publicKey: PublicKey, found: FoundPeer | null): void {
    if (found) this.#lookups.forget(publicKey)
    else this.#known.delete(publicKey)
    const pending = this.#pending.get(publicKey)
    if (pending) pending.change = found
    if (found) this.#insistence.change(publicKey, found)
  }

  async #alter(entries: ReadonlyMap<PublicKey, PeerConfig>): Promise<ChangedPeers> {
    const now = performance.now()
    const [changed, removed]: [PublicKey[], PublicKey[]] = [[], []]
    const takeBack: (() => void)[] = []
    const peers: PeerConfig[] = []
    for (const [publicKey, entry] of entries) {
      if (!this.#residents.has(publicKey)) continue
      peers.push(entry)
      if (entry.remove) takeBack.push(this.#residents.remove(publicKey, now))
      ;(entry.remove ? removed : changed).push(publicKey)
    }
    try {
      if (peers.length > 0) await this.#entrance.write(peers)
    } catch (error) {
      for (const undo of takeBack) undo()
      throw error
    }
    return { changed, removed }
  }

  /** Lets a key be looked up again that nobody had; without one, all of them. */
  forget(publicKey?: PublicKey): void {
    this.#lookups.forget(publicKey)
  }

  /**
   * Finds the peers that are there and begins to listen.
   *
   * @throws {WireGuardError} as {@link Handshakes.start}
   * @throws {AbortError} when it is ended before
   */
  async start(): Promise<this> {
    const { signal } = this.#options
    signal?.addEventListener('abort', this.#onAbort, { once: true })
    try {
      refuseAborted(signal)
      await this.#handshakes.start()
      await this.#warnOfThreads(await this.#tendOnce(this.#settings.interval))
      // It may have been ended meanwhile, or have failed.
      if (this.#closing) await this.finished
      refuseAborted(this.#controller.signal)
    } catch (error) {
      await this.close()
      throw signal?.aborted ? abortReason(signal) : error
    }
    this.#loops = [this.#admitAll(), this.#tend()]
    return this
  }

  /** Ends it; what is being installed is finished first. The peers stay. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #close(error?: unknown): Promise<void> {
    this.#options.signal?.removeEventListener('abort', this.#onAbort)
    this.#controller.abort()
    await this.#handshakes.return()
    await Promise.all([...this.#loops, ...this.#work])
    this.#finish(error)
  }

  readonly #onAbort = (): void => void this.close()

  #fail(error: unknown): void {
    this.#closing ??= this.#close(error)
  }

  async #admitAll(): Promise<void> {
    try {
      for await (const initiation of this.#handshakes) {
        if (this.#controller.signal.aborted) return
        this.#track(this.#admit(initiation))
      }
    } catch (error) {
      this.#fail(error)
    }
  }

  async #admit(initiation: Initiation): Promise<void> {
    const { publicKey } = initiation
    if (this.#residents.has(publicKey)) {
      this.#account.counts.known++
      return
    }
    // A client that moved while its key was looked up is installed where it is now.
    const earlier = this.#pending.get(publicKey)
    if (earlier) {
      earlier.initiation = initiation
      this.#account.counts.merged++
      return
    }
    const pending: Pending = { initiation }
    this.#pending.set(publicKey, pending)
    try {
      const isKnown = this.#isKnown(publicKey)
      const looked = await this.#look(initiation, isKnown)
      if (looked || pending.change) {
        await this.#arrive(publicKey, pending, looked, isKnown)
      }
    } finally {
      this.#pending.delete(publicKey)
    }
  }

  async #look(initiation: Initiation, isKnown: boolean): Promise<FoundPeer | undefined> {
    const { publicKey, endpoint } = initiation
    let isAsked = false
    const ask = (signal: AbortSignal) => {
      isAsked = true
      this.#account.counts.lookups++
      return this.#options.lookup(publicKey, initiation, { signal })
    }
    const { signal } = this.#controller
    const outcome = await this.#lookups.look(publicKey, ask, signal, isKnown)
    if (signal.aborted) return undefined
    if (outcome.kind === 'found') {
      this.#account.counts.found++
      this.#known.set(publicKey, true)
      return outcome.value
    }
    if (outcome.kind === 'failed') {
      this.#account.counts.lookupsFailed++
      this.#account.tell({ type: 'failed', operation: 'lookup', publicKey, error: outcome.error })
    } else if (outcome.kind === 'unknown' && isAsked) {
      this.#known.delete(publicKey)
      this.#account.counts.unknown++
      this.#account.tell({ type: 'unknown', publicKey, endpoint })
    } else if (outcome.kind === 'unknown') this.#account.counts.negative++
    else this.#account.counts[outcome.kind]++
    return undefined
  }

  #isKnown(publicKey: PublicKey): boolean {
    return this.#known.has(publicKey) || (this.#options.known?.(publicKey) ?? false)
  }

  /** Waits for its place in a write, and until it was made. */
  #arrive(
    publicKey: PublicKey,
    pending: Pending,
    looked: FoundPeer | undefined,
    isKnown: boolean,
  ): Promise<void> {
    return new Promise((settled) =>
      this.#entrance.arrive(new Arrival(publicKey, pending, looked, settled), isKnown),
    )
  }

  /** Who is in can wait better than who has to be let in. @returns false when this ended */
  async #othersFirst(canWait = () => true): Promise<boolean> {
    const { signal } = this.#controller
    for (let at = 0; this.#entrance.isWriting && at < PATIENCE && canWait(); at += MOMENT) {
      if (!(await slept(MOMENT, signal))) return false
    }
    return true
  }

  /** Work that has to be over before this is closed. */
  #track(work: Promise<void>): void {
    const tracked = work.catch((error) => this.#fail(error))
    this.#work.add(tracked)
    void tracked.finally(() => this.#work.delete(tracked))
  }

  async #tend(): Promise<void> {
    const { signal } = this.#controller
    const { interval } = this.#settings
    let pause = interval
    while ((await slept(pause, signal)) && (await this.#othersFirst())) {
      const start = performance.now()
      try {
        await this.#tendOnce(interval / 2)
      } catch (error) {
        if (signal.aborted) return
        if (!(error instanceof WireGuardError)) return this.#fail(error)
        // A device that is gone may return; it is looked for again and again.
        if (error.code !== 'ENODEV')
          this.#account.tell({ type: 'failed', operation: 'read', error })
      }
      pause = Math.max(interval, 10 * (performance.now() - start))
    }
  }

  async #warnOfThreads(device: DeviceActivity): Promise<void> {
    const message = await threadShortage(device, this.#settings.maxPeers, this.#context.readText)
    if (message !== undefined) this.#account.tell({ type: 'warning', code: 'ETHREADS', message })
  }

  /** Looks who is there and removes who is idle, or too many. */
  async #tendOnce(maxAge: number): Promise<DeviceActivity> {
    const { signal } = this.#controller
    // What this process wrote since then the residents know.
    const options = { maxAge, beforePeers: true, signal }
    const { device, at } = await this.#context.reading(this.#name, options)
    const now = performance.now()
    this.#ownKey = device.publicKey ?? null
    await runInTurns(this.#residents.update(device, at, now))
    await this.#insistence.learn(device)
    await this.#evict(await runInTurns(this.#residents.idle(this.#settings.idle, now)), 'idle')
    await this.#evictSurplus()
    return device
  }

  #evictSurplus(): Promise<void> {
    const over = Math.ceil(this.#residents.size - this.#settings.maxPeers)
    return this.#evict(this.#residents.longestIdle(over, performance.now()), 'room')
  }

  async #evict(leavers: readonly Leaver[], reason: 'idle' | 'room'): Promise<void> {
    if (leavers.length === 0) return
    const now = performance.now()
    const takeBack = leavers.map(({ publicKey }) => this.#residents.remove(publicKey, now))
    try {
      await this.#entrance.write(leavers.map(removal), this.#controller.signal)
    } catch (error) {
      for (const undo of takeBack) undo()
      if (this.#controller.signal.aborted) return
      return this.#account.tell({ type: 'failed', operation: 'evict', error })
    }
    this.#account.counts[reason === 'idle' ? 'evictedIdle' : 'evictedForRoom'] += leavers.length
    await runInTurns(this.#tellEvicted(leavers, reason))
  }

  *#tellEvicted(leavers: readonly Leaver[], reason: 'idle' | 'room'): Steps<void> {
    const budget = new StepBudget()
    for (const leaver of leavers) {
      this.#known.set(leaver.publicKey, true)
      this.#account.tell({ type: 'evicted', reason, ...leaver })
      if (budget.spend(1)) yield
    }
  }
}
