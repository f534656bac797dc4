import { setMaxListeners } from 'node:events'
import type { ReadText } from '@wgctrl/netlink'
import {
  abortReason,
  type CallOptions,
  type ConfigureOptions,
  checkAtLeast,
  checkDuration,
  checkFields,
  checkLinkName,
  checkSignal,
  type Device,
  type DeviceConfig,
  InvalidTypeError,
  type PeerConfig,
  type PublicKey,
  refuseAborted,
  runAtOnce,
  runInTurns,
  StepBudget,
  type Steps,
  slept,
  WireGuardError,
} from '@wgctrl/types'
import { BoundedMap } from '../bounded-map.js'
import type { HandshakeCounters } from '../handshakes/counters.js'
import type { HandshakeOptions, Handshakes, Initiation } from '../handshakes/handshakes.js'
import type { DeviceCalls } from '../interface/context.js'
import { JUST_IN_TIME_OPTIONS } from '../option-fields.js'
import type { Reading, ReadingOptions } from '../watch/shared-reader.js'
import { wipeSecrets } from '../wipe-secrets.js'
import { Arrival, type Pending } from './arrival.js'
import { Arrivals } from './arrivals.js'
import { alteration, installation } from './install.js'
import { Lookups } from './lookups.js'
import {
  type FoundPeer,
  type JustInTimeCounters,
  type JustInTimeEvent,
  type JustInTimeOptions,
  NOTHING_HAPPENED,
} from './options.js'
import { type Order, PeerWriter, writeOrders } from './peer-writer.js'
import { type Leaver, Residents } from './residents.js'
import { threadShortage } from './thread-shortage.js'
import { type Unanswered, UnansweredPeers } from './unanswered.js'

/** What can be done within a turn. */
export type DeviceWork = Pick<DeviceCalls, 'device' | 'configure'>

/** What {@link JustInTime} needs from the client. */
export interface JustInTimeContext {
  reading(name: string, options: ReadingOptions): Promise<Reading>
  configure(name: string, config: DeviceConfig, options?: ConfigureOptions): Promise<void>
  /** Reads and writes in one turn: no other call of this process comes between. */
  inTurn(
    name: string,
    change: (work: DeviceWork) => Promise<void>,
    options?: CallOptions,
  ): Promise<void>
  handshakes(name: string, options: HandshakeOptions): Handshakes
  /** Files of /proc and /sys. Absent: those of this machine. */
  readonly readText?: ReadText | undefined
}

/** How many are installed in one write: what others have to write waits for it, and so do their turns. */
const TOGETHER = 128

/** How many whose handshakes did not come about are put in anew in one turn. */
const AGAIN_TOGETHER = 128

/**
 * Milliseconds between readings that look for handshakes at least, and how much longer than a reading; a look at the
 * device comes after its interval in any case.
 */
const [SHORTEST_PAUSE, PAUSE_FACTOR] = [100, 9]

/** Milliseconds for which looks at the device wait while clients are being let in, and how often it is seen whether they are. */
const [PATIENCE, MOMENT] = [3000, 20]

/** How many of those who were looked up are remembered as known. */
const KNOWN_KEYS = 65_536

type Counts = { -readonly [name in keyof JustInTimeCounters]: number }

/** Somebody who is about to be installed. */
interface Entering {
  readonly arrival: Arrival
  readonly peers: readonly PeerConfig[]
}

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
  readonly #interval: number
  readonly #idle: number
  readonly #maxPeers: number
  readonly #lookups: Lookups<FoundPeer>
  readonly #residents: Residents
  readonly #handshakes: Handshakes
  readonly #controller = new AbortController()
  readonly #isPinned: (key: PublicKey) => boolean
  readonly #pending = new Map<PublicKey, Pending>()
  readonly #unanswered = new UnansweredPeers()
  /** Those whose lookup found a peer, or who were in: they come before others. */
  readonly #known = new BoundedMap<PublicKey, true>(KNOWN_KEYS)
  readonly #arrivals = new Arrivals<Arrival>()
  /** What is changed or removed: it comes before those who are let in. */
  #changes: Order[] = []
  readonly #writer = new PeerWriter(
    () => this.#nextOrders(),
    (peers, call) => this.#configure(peers, call),
  )
  #isInsisting = false
  readonly #work = new Set<Promise<void>>()
  readonly #counts: Counts
  /** The device's key in the last reading. Who is installed is another: its initiation was read with this one. */
  #ownKey: PublicKey | null = null
  #finish: (error?: unknown) => void = () => {}
  #loops: Promise<void>[] = []
  #closing: Promise<void> | undefined

  /** @internal @throws {TypeError | RangeError | WireGuardError} `EINVAL` when name or an option is none */
  constructor(context: JustInTimeContext, name: string, options: JustInTimeOptions) {
    checkFields(options, 'options', JUST_IN_TIME_OPTIONS)
    checkLinkName(name)
    if (typeof options.lookup !== 'function') {
      throw new InvalidTypeError('options.lookup', 'must be a function')
    }
    this.#name = name
    this.#context = context
    this.#options = options
    const { interval = 1000, idle = 300_000, maxPeers = Number.POSITIVE_INFINITY } = options
    const { lookupTimeout = 5000, negativeTtl = 30_000 } = options
    const { negativeSize = 16_384, maxLookups = 64 } = options
    this.#interval = checkDuration(interval, 'options.interval')
    this.#idle = checkDuration(idle, 'options.idle')
    this.#maxPeers = checkAtLeast(1, maxPeers, 'options.maxPeers')
    checkSignal(options.signal)
    this.#isPinned = pinning(options.pinned)
    this.#residents = new Residents(this.#isPinned)
    this.#lookups = new Lookups({
      timeout: checkDuration(lookupTimeout, 'options.lookupTimeout'),
      negativeTtl: checkDuration(negativeTtl, 'options.negativeTtl', 0),
      negativeSize: checkAtLeast(1, negativeSize, 'options.negativeSize'),
      concurrency: checkAtLeast(1, maxLookups, 'options.maxLookups'),
    })
    // Each lookup and each pause listens: as many as there are clients on their way in.
    setMaxListeners(0, this.#controller.signal)
    this.#handshakes = context.handshakes(name, {
      interval: this.#interval,
      netns: options.netns,
    })
    this.#counts = { ...NOTHING_HAPPENED }
    this.finished = new Promise((resolve, reject) => {
      this.#finish = (error) => (error === undefined ? resolve() : reject(error))
    })
    this.finished.catch(() => {})
  }

  /** What happened so far. A copy. */
  get counters(): JustInTimeCounters {
    return { ...this.#counts }
  }

  /** What became of the packets that look like initiations. A copy. */
  get handshakeCounters(): HandshakeCounters {
    return this.#handshakes.counters
  }

  /** How many peers the device holds, as far as is known. */
  get size(): number {
    return this.#residents.size
  }

  /** The keys of the peers that the device holds, as far as is known; not those of pinned ones. */
  present(): PublicKey[] {
    return [...this.#residents.keys()].filter((key) => !this.#isPinned(key))
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
      if (!this.#isPinned(publicKey)) entries.set(publicKey, alteration(publicKey, found))
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
    const leavers = [...keys].filter((key) => !this.#isPinned(key))
    const entries = leavers.map((publicKey) => [publicKey, removal({ publicKey })] as const)
    return (await this.#alter(new Map(entries))).removed
  }

  /** For whoever is on the way in. */
  #note(publicKey: PublicKey, found: FoundPeer | null): void {
    if (found) this.#lookups.forget(publicKey)
    else this.#known.delete(publicKey)
    const pending = this.#pending.get(publicKey)
    if (pending) pending.change = found
    const unanswered = this.#unanswered.get(publicKey)
    if (unanswered && found) {
      unanswered.peers = installation(publicKey, unanswered.endpoint, found, true)
    }
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
      if (peers.length > 0) await this.#write(peers)
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
      await this.#warnOfThreads(await this.#tendOnce(this.#interval))
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

  #tell(event: JustInTimeEvent): void {
    try {
      const told: unknown = this.#options.onEvent?.(event)
      Promise.resolve(told).catch((error) => this.#fail(error))
    } catch (error) {
      this.#fail(error)
    }
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
      this.#counts.known++
      return
    }
    // A client that moved while its key was looked up is installed where it is now.
    const earlier = this.#pending.get(publicKey)
    if (earlier) {
      earlier.initiation = initiation
      this.#counts.merged++
      return
    }
    const pending: Pending = { initiation }
    this.#pending.set(publicKey, pending)
    try {
      const isKnown = this.#isKnown(publicKey)
      const looked = await this.#look(initiation, isKnown)
      // A lookup that began before may just have remembered that nobody has this key.
      if (pending.change) this.#lookups.forget(publicKey)
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
      this.#counts.lookups++
      return this.#options.lookup(publicKey, initiation, { signal })
    }
    const { signal } = this.#controller
    const outcome = await this.#lookups.look(publicKey, ask, signal, isKnown)
    if (signal.aborted) return undefined
    if (outcome.kind === 'found') {
      this.#counts.found++
      this.#known.set(publicKey, true)
      return outcome.value
    }
    if (outcome.kind === 'failed') {
      this.#counts.lookupsFailed++
      this.#tell({ type: 'failed', operation: 'lookup', publicKey, error: outcome.error })
    } else if (outcome.kind === 'unknown' && isAsked) {
      this.#known.delete(publicKey)
      this.#counts.unknown++
      this.#tell({ type: 'unknown', publicKey, endpoint })
    } else if (outcome.kind === 'unknown') this.#counts.negative++
    else this.#counts[outcome.kind]++
    return undefined
  }

  #isKnown(publicKey: PublicKey): boolean {
    return this.#known.has(publicKey) || (this.#options.known?.(publicKey) ?? false)
  }

  /** Waits for its place in a write. */
  #arrive(
    publicKey: PublicKey,
    pending: Pending,
    looked: FoundPeer | undefined,
    isKnown: boolean,
  ): Promise<void> {
    return new Promise((settled) => {
      const arrival = new Arrival(publicKey, pending, looked, settled)
      if (!this.#entriesOf(arrival)) return settled()
      this.#arrivals.add(arrival, isKnown)
      this.#writer.wake()
    })
  }

  /** What there is to write for an arrival; what became of it meanwhile counts. */
  #entriesOf(arrival: Arrival): readonly PeerConfig[] | undefined {
    try {
      if (this.#residents.has(arrival.publicKey)) return undefined
      return arrival.entries(this.#options.initiate ?? true)
    } catch (error) {
      this.#notInstalled(arrival, error)
      return undefined
    }
  }

  /** Has entries written, with what others have to write. */
  #write(peers: readonly PeerConfig[], signal?: AbortSignal): Promise<void> {
    return new Promise((done, failed) => {
      this.#changes.push({ peers, signal, done, failed })
      this.#writer.wake()
    })
  }

  /** What shall be in the write that begins now. */
  #nextOrders(): Order[] {
    const orders = this.#changes.splice(0, TOGETHER)
    // Who is to be removed may be on the way in again.
    if (this.#changes.length > 0) return orders
    if (this.#controller.signal.aborted) {
      for (const { settled } of this.#arrivals.take(this.#arrivals.size)) settled()
    }
    while (this.#arrivals.size > 0) {
      orders.push(...this.#installs(this.#arrivals.take(TOGETHER)))
      // All that were taken may have come to nothing, and others wait behind them.
      if (orders.length > 0) break
    }
    return orders
  }

  #installs(arrivals: readonly Arrival[]): Order[] {
    try {
      return this.#enter(this.#entering(arrivals))
    } catch (error) {
      for (const { settled } of arrivals) settled()
      this.#fail(error)
      return []
    }
  }

  /**
   * In the same write those go who have to make room, each before the one who needs it. Both are chosen at once, before
   * others run.
   */
  #enter(entering: Entering[]): Order[] {
    const now = performance.now()
    const over = Math.ceil(this.#residents.size + entering.length - this.#maxPeers)
    const leavers = this.#residents.longestIdle(over, now)
    const short = Math.max(0, over - leavers.length)
    const without = short > 0 ? entering.splice(Math.max(0, entering.length - short)) : []
    if (entering.length > 0) this.#arrivals.putBack(without.map(({ arrival }) => arrival))
    else for (const each of without) this.#refuse(each)
    // Others may have put in more than fit: the first makes room for them as well.
    return entering.map((each, at) => {
      const surplus = at === 0 ? Math.max(0, leavers.length - entering.length) : 0
      return this.#installing(each, leavers.splice(0, 1 + surplus), now)
    })
  }

  #entering(arrivals: readonly Arrival[]): Entering[] {
    return arrivals.flatMap((arrival) => {
      const peers = this.#entriesOf(arrival)
      if (!peers) arrival.settled()
      return peers ? [{ arrival, peers }] : []
    })
  }

  #refuse({ arrival: { publicKey, endpoint, settled } }: Entering): void {
    this.#counts.full++
    this.#tell({ type: 'full', publicKey, endpoint })
    settled()
  }

  #installing({ arrival, peers }: Entering, leavers: readonly Leaver[], now: number): Order {
    const { publicKey, endpoint } = arrival
    const takeBack = leavers.map((leaver) => this.#residents.remove(leaver.publicKey, now))
    this.#residents.add(publicKey, now)
    return {
      peers: [...leavers.map(removal), ...peers],
      done: () => {
        this.#counts.evictedForRoom += leavers.length
        runAtOnce(this.#tellEvicted(leavers, 'room'))
        this.#counts.installed++
        this.#tell({ type: 'installed', publicKey, endpoint })
        if (this.#options.initiate ?? true) this.#awaitAnswer(arrival)
        arrival.settled()
      },
      failed: (error) => {
        // Whether it is in shows with the next reading.
        this.#residents.remove(publicKey, performance.now())
        for (const undo of takeBack) undo()
        this.#notInstalled(arrival, error)
        // Somebody may have been let in meanwhile instead of those who stayed.
        this.#track(this.#evictSurplus())
      },
    }
  }

  #notInstalled({ publicKey, settled }: Arrival, error: unknown): void {
    this.#counts.installsFailed++
    this.#tell({ type: 'failed', operation: 'install', publicKey, error })
    settled()
  }

  #awaitAnswer(arrival: Arrival): void {
    const { publicKey, endpoint } = arrival
    // It may have been changed while it was written.
    const peers = arrival.entries(true)
    if (!peers) return
    this.#unanswered.add({ publicKey, endpoint, peers }, performance.now())
    if (!this.#isInsisting) this.#track(this.#insist())
  }

  /** Has the device initiate again where handshakes do not come about, for all of them by the same readings. */
  async #insist(): Promise<void> {
    const { signal } = this.#controller
    this.#isInsisting = true
    let notBefore = 0
    while (this.#unanswered.size > 0) {
      const wait = Math.max(this.#unanswered.dueAt, notBefore) - performance.now()
      if (!(await slept(Math.max(0, wait), signal))) return
      if (!(await this.#othersFirst())) return
      const now = performance.now()
      try {
        await this.#lookForAnswers(now)
      } catch (error) {
        if (signal.aborted) return
        for (const { publicKey } of this.#unanswered.due(now)) this.#giveUp(publicKey, error)
      }
      const spent = performance.now() - now
      const pause = Math.min(PAUSE_FACTOR * spent, this.#interval)
      notBefore = performance.now() + Math.max(SHORTEST_PAUSE, pause)
    }
    // In the turn in which it saw that nobody is waited for: who comes behind it begins anew.
    this.#isInsisting = false
  }

  /** Who is in can wait better than who has to be let in. @returns false when this ended */
  async #othersFirst(): Promise<boolean> {
    const { signal } = this.#controller
    for (let at = 0; this.#writer.isWriting && at < PATIENCE; at += MOMENT) {
      if (!(await slept(MOMENT, signal))) return false
    }
    return true
  }

  async #lookForAnswers(now: number): Promise<void> {
    const { signal } = this.#controller
    // Another reading may have said of all of them that they are there.
    if (this.#unanswered.dueAt > now) return
    // No older than their handshakes may be: what is written since is of others.
    const options = { maxAge: 100, beforePeers: true, signal }
    const { device } = await this.#context.reading(this.#name, options)
    const left = await runInTurns(this.#unanswered.update(device, now))
    if (left.length === 0) return
    await this.#context.inTurn(this.#name, (work) => this.#initiateAgain(work, now))
  }

  async #initiateAgain({ device: read, configure }: DeviceWork, now: number): Promise<void> {
    // Somebody may have removed them since, or the handshakes have come.
    const device = await read(this.#name, { signal: this.#controller.signal })
    const ownKey = device.publicKey ?? null
    const left = await runInTurns(this.#unanswered.update(device, now))
    wipeSecrets(device)
    const orders = left
      .filter(({ publicKey }) => this.#residents.has(publicKey))
      .slice(0, AGAIN_TOGETHER)
      .map((one) => this.#again(one))
    if (orders.length === 0) return
    await writeOrders(orders, (peers) => configure(this.#name, { peers }, { ownKey }))
  }

  #again({ publicKey, peers }: Unanswered): Order {
    this.#residents.add(publicKey, performance.now())
    return {
      peers: [{ publicKey, remove: true }, ...peers],
      done: () => {
        this.#counts.reinitiated++
        this.#unanswered.tryAgain(publicKey, performance.now())
      },
      failed: (error) => this.#giveUp(publicKey, error),
    }
  }

  #giveUp(publicKey: PublicKey, error: unknown): void {
    this.#unanswered.delete(publicKey)
    this.#tell({ type: 'failed', operation: 'install', publicKey, error })
  }

  /** Work that has to be over before this is closed. */
  #track(work: Promise<void>): void {
    const tracked = work.catch((error) => this.#fail(error))
    this.#work.add(tracked)
    void tracked.finally(() => this.#work.delete(tracked))
  }

  async #tend(): Promise<void> {
    const { signal } = this.#controller
    let pause = this.#interval
    while ((await slept(pause, signal)) && (await this.#othersFirst())) {
      const start = performance.now()
      try {
        await this.#tendOnce(this.#interval / 2)
      } catch (error) {
        if (signal.aborted) return
        if (!(error instanceof WireGuardError)) return this.#fail(error)
        // A device that is gone may return; it is looked for again and again.
        if (error.code !== 'ENODEV') this.#tell({ type: 'failed', operation: 'read', error })
      }
      pause = Math.max(this.#interval, 10 * (performance.now() - start))
    }
  }

  async #warnOfThreads(device: Device): Promise<void> {
    const message = await threadShortage(device, this.#maxPeers, this.#context.readText)
    if (message !== undefined) this.#tell({ type: 'warning', code: 'ETHREADS', message })
  }

  /** Looks who is there and removes who is idle, or too many. */
  async #tendOnce(maxAge: number): Promise<Device> {
    const { signal } = this.#controller
    // What this process wrote since then the residents know.
    const options = { maxAge, beforePeers: true, signal }
    const { device, at } = await this.#context.reading(this.#name, options)
    const now = performance.now()
    this.#ownKey = device.publicKey ?? null
    await runInTurns(this.#residents.update(device, at, now))
    if (this.#unanswered.size > 0) {
      await runInTurns(this.#unanswered.update(device, Number.NEGATIVE_INFINITY))
    }
    await this.#evict(this.#residents.idle(this.#idle, now), 'idle')
    await this.#evictSurplus()
    return device
  }

  #evictSurplus(): Promise<void> {
    const over = Math.ceil(this.#residents.size - this.#maxPeers)
    return this.#evict(this.#residents.longestIdle(over, performance.now()), 'room')
  }

  async #evict(leavers: readonly Leaver[], reason: 'idle' | 'room'): Promise<void> {
    if (leavers.length === 0) return
    const now = performance.now()
    const takeBack = leavers.map(({ publicKey }) => this.#residents.remove(publicKey, now))
    try {
      await this.#write(leavers.map(removal), this.#controller.signal)
    } catch (error) {
      for (const undo of takeBack) undo()
      if (this.#controller.signal.aborted) return
      return this.#tell({ type: 'failed', operation: 'evict', error })
    }
    this.#counts[reason === 'idle' ? 'evictedIdle' : 'evictedForRoom'] += leavers.length
    await runInTurns(this.#tellEvicted(leavers, reason))
  }

  *#tellEvicted(leavers: readonly Leaver[], reason: 'idle' | 'room'): Steps<void> {
    const budget = new StepBudget()
    for (const leaver of leavers) {
      this.#known.set(leaver.publicKey, true)
      this.#tell({ type: 'evicted', reason, ...leaver })
      if (budget.spend(1)) yield
    }
  }

  #configure(peers: PeerConfig[], call?: CallOptions): Promise<void> {
    return this.#context.configure(this.#name, { peers }, { ...call, ownKey: this.#ownKey })
  }
}

const removal = ({ publicKey }: Pick<Leaver, 'publicKey'>): PeerConfig => ({
  publicKey,
  remove: true,
})

function pinning(pinned: JustInTimeOptions['pinned']): (key: PublicKey) => boolean {
  if (typeof pinned === 'function') return pinned
  const keys = new Set(pinned)
  return (key) => keys.has(key)
}
