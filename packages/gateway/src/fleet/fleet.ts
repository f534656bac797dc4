import { setMaxListeners } from 'node:events'
import { abortable, type PublicKey, slept, startTimer, WireGuardError } from '@wgctrl/types'
import type { FleetConfig } from '../config/gateway-config.js'
import { NatsLink } from '../nats/connection.js'
import { Pauses } from '../pauses.js'
import { FleetBuckets } from './fleet-buckets.js'
import { isLater, type Leave, leaveOf, type Moment, type Presence } from './presence.js'

/** A client of this gateway, as the device has it. */
export interface Held {
  readonly publicKey: PublicKey
  readonly endpoint?: string | undefined
  /** Milliseconds since 1970; absent: no handshake yet. */
  readonly handshake?: number | undefined
}

export interface FleetContext {
  /** The clients that are in. */
  held(): Promise<readonly Held[]>
  isHeld(publicKey: PublicKey): boolean
  /** When a client made the last initiation that came here, by its own clock; absent: not known. */
  initiated(publicKey: PublicKey): number | undefined
  /** Clients are elsewhere: takes them out. @returns who of them was in */
  release(keys: readonly PublicKey[]): Promise<readonly PublicKey[]>
  /** A client is here from now on. @param from where it was; absent: nowhere */
  onMoved(publicKey: PublicKey, from: string | undefined): void
  /** A client is at another gateway and was taken out here. */
  onLeft(publicKey: PublicKey, to: string): void
  /** The others can be told from now on. */
  onJoined(): void
  onFailed(error: unknown): void
}

/** Milliseconds between looks whether all entries are what they should be, at most. */
const SWEEP = 300_000

/** Milliseconds before what failed is tried again, at least; twice as many at most. */
const AGAIN = 500

/** Clients whose entries are read or written at the same time. */
const AT_ONCE = 64

/** How often an entry may be somebody else's meanwhile, before the next sweep has to settle it. */
const TRIES = 16

/** Milliseconds before the next try, at most: two who are at it at once must not meet again. */
const TURN = 50

/** Milliseconds for which a move is told again when the connection was lost: nobody may have heard of it. */
const RECENT = 60_000

/** A client whose entry is to become ours. */
interface Arrival {
  readonly endpoint: string | undefined
  /** When it was heard from here, by our clock. */
  readonly time: number
  /** It may be ours already, and nobody was told: the answer to the write did not come. */
  readonly isMoving?: boolean
}

/** What happened while an entry was being written. */
interface Claim {
  /** The last that another gateway said. */
  leave?: Leave
  /** The client is not here any more. */
  isGone?: boolean
  /** The entry was not ours. */
  isMoving: boolean
}

/**
 * Tells the other gateways of a fleet which clients are here, and takes those out that are at another one.
 *
 * A bucket has an entry for each client, which says where it came to last. It is written on the condition that it is
 * what was read, so that of two who write at once one sees the other; and whoever was in it is told. Nobody has to hear
 * of all: a gateway hears of its own clients alone.
 */
export class Fleet {
  readonly #config: FleetConfig
  readonly #context: FleetContext
  readonly #link: NatsLink
  readonly #stopped = new AbortController()
  /** The revisions of our own entries. */
  readonly #entries = new Map<PublicKey, number>()
  /** Those whose entries are to be written. */
  readonly #waiting = new Map<PublicKey, Arrival>()
  readonly #claims = new Map<PublicKey, Claim>()
  /** Entries that are to be removed, with their revisions; `undefined`: whether there is one has to be looked up. */
  readonly #obsolete = new Map<PublicKey, number | undefined>()
  /** Those whose entries a sweep has not looked at yet, and who are still here. */
  readonly #unsettled = new Set<PublicKey>()
  readonly #work = new Set<Promise<void>>()
  /** Who waits until the others can be asked. */
  readonly #joiners = new Set<(buckets: FleetBuckets) => void>()
  #buckets: FleetBuckets | undefined
  #loop: Promise<void> | undefined

  private constructor(config: FleetConfig, context: FleetContext, link: NatsLink) {
    this.#config = config
    this.#context = context
    this.#link = link
    // Each pause of each claim listens.
    setMaxListeners(0, this.#stopped.signal)
  }

  /** @throws {WireGuardError} as {@link NatsLink.open}. A server that is not there is waited for */
  static async open(config: FleetConfig, context: FleetContext): Promise<Fleet> {
    const link = await NatsLink.open(config.nats, `wgctrl gateway: fleet, ${config.id}`)
    const fleet = new Fleet(config, context, link)
    fleet.#loop = fleet.#run()
    return fleet
  }

  /** Whether the others can be told. */
  get isAway(): boolean {
    return this.#buckets === undefined
  }

  /**
   * Whether a client came to another gateway later than here. Who cannot be asked says nothing: `false`.
   *
   * @param patience milliseconds that this may take
   */
  async isElsewhere(publicKey: PublicKey, here: Moment, patience: number): Promise<boolean> {
    const late = new AbortController()
    const stop = startTimer(patience, () => late.abort())
    try {
      return await abortable(this.#lookFor(publicKey, here, late.signal), late.signal)
    } catch {
      return false
    } finally {
      stop()
    }
  }

  async #lookFor(publicKey: PublicKey, here: Moment, signal: AbortSignal): Promise<boolean> {
    const buckets = this.#buckets ?? (await this.#joined(signal))
    const { presence } = await buckets.read(publicKey)
    return presence !== undefined && (await this.#isLost(here, presence))
  }

  /** Waits for the next connection to the others. */
  async #joined(signal: AbortSignal): Promise<FleetBuckets> {
    let joiner: (buckets: FleetBuckets) => void = () => {}
    const joined = new Promise<FleetBuckets>((resolve) => {
      joiner = resolve
    })
    this.#joiners.add(joiner)
    try {
      return await abortable(joined, signal)
    } finally {
      this.#joiners.delete(joiner)
    }
  }

  /** A client was let in. */
  appeared(publicKey: PublicKey, endpoint: string | undefined): void {
    this.#obsolete.delete(publicKey)
    this.#waiting.set(publicKey, { endpoint, time: Date.now() })
    this.#claimAll()
  }

  /** A client is not here any more, and as far as is known nowhere else. */
  gone(publicKey: PublicKey): void {
    this.#waiting.delete(publicKey)
    this.#unsettled.delete(publicKey)
    const claim = this.#claims.get(publicKey)
    if (claim) claim.isGone = true
    const revision = this.#entries.get(publicKey)
    this.#entries.delete(publicKey)
    // Behind a new start there may be one that is not known yet.
    if (!claim || revision !== undefined) this.#remove(publicKey, revision)
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    // It ends what is under way, too: a server that says nothing holds up no stop.
    await this.#link.close()
    await Promise.all([this.#loop, ...this.#work])
  }

  /** From one loss of the connection to the next. */
  async #run(): Promise<void> {
    const { signal } = this.#stopped
    const pauses = new Pauses()
    let isTold = false
    while (!signal.aborted) {
      const ended = new AbortController()
      const end = (): void => ended.abort()
      const unlisten = this.#link.onLost(end)
      signal.addEventListener('abort', end, { once: true })
      try {
        const buckets = await FleetBuckets.open(this.#link, this.#config, ended.signal)
        if (ended.signal.aborted) continue
        this.#buckets = buckets
        for (const join of this.#joiners) join(buckets)
        this.#hear(buckets)
        isTold = false
        pauses.reset()
        for (const problem of buckets.problems) this.#context.onFailed(problem)
        this.#context.onJoined()
        for (const [publicKey, revision] of this.#obsolete) this.#remove(publicKey, revision)
        this.#claimAll()
        await Promise.all([this.#beat(buckets, ended), this.#sweepOften(buckets, ended)])
      } catch (error) {
        if (!isTold && !signal.aborted) this.#context.onFailed(error)
        isTold = true
      } finally {
        end()
        unlisten()
        signal.removeEventListener('abort', end)
        this.#silence()
        this.#buckets = undefined
      }
      // What failed while there was no connection says nothing of how the next one will do.
      if (await this.#link.next(pauses.take(), signal)) pauses.reset()
    }
  }

  #silence = (): void => {}

  /** Others tell of clients that came to them. */
  #hear({ connection }: FleetBuckets): void {
    const { subject, id } = this.#config
    const subscription = connection.subscribe(`${subject}.leave.${id}`, {
      callback: (error, message) => {
        if (!error) this.#track(this.#leave(() => message.json()))
      },
    })
    this.#silence = () => subscription.unsubscribe()
  }

  async #leave(read: () => unknown): Promise<void> {
    const leave = leaveOf(read())
    if (leave) await this.#obey(leave)
  }

  /** The device may not be there to take somebody out, and no other look is soon. */
  #obey(leave: Leave): Promise<void> {
    return this.#insist(() => this.#heed(leave))
  }

  async #heed(leave: Leave): Promise<void> {
    const { publicKey, to, revision, initiated } = leave
    // Whether it is older than the entry that is being written shows when that has its revision.
    const claim = this.#claims.get(publicKey)
    if (claim) {
      if (!claim.leave || claim.leave.revision < revision) claim.leave = leave
      return
    }
    // It came back, and its entry will be written behind this one.
    if (this.#waiting.has(publicKey)) return
    if (revision <= (this.#entries.get(publicKey) ?? 0)) return
    const here = this.#context.initiated(publicKey)
    const isBack = here !== undefined && initiated !== undefined && here > initiated
    if (isBack && this.#context.isHeld(publicKey)) this.appeared(publicKey, undefined)
    else await this.#release([[publicKey, to]])
  }

  async #release(leavers: readonly (readonly [PublicKey, string])[]): Promise<void> {
    if (leavers.length === 0) return
    const to = new Map(leavers)
    for (const key of to.keys()) {
      this.#entries.delete(key)
      this.#waiting.delete(key)
      this.#unsettled.delete(key)
    }
    for (const key of await this.#context.release([...to.keys()])) {
      this.#context.onLeft(key, to.get(key) ?? '')
    }
  }

  /** Says that this gateway is there, until that fails. */
  async #beat(buckets: FleetBuckets, ended: AbortController): Promise<void> {
    try {
      do await buckets.beat(this.#config.id, this.#entries.size)
      while (await slept(buckets.ttl.gateways / 3, ended.signal))
    } finally {
      ended.abort()
    }
  }

  async #sweepOften(buckets: FleetBuckets, ended: AbortController): Promise<void> {
    const pause = Math.min(SWEEP, buckets.ttl.clients / 4)
    try {
      do await this.#sweep(ended.signal)
      while (await slept(pause, ended.signal))
    } finally {
      ended.abort()
    }
  }

  /** Messages may have been lost, and clients have come and gone: compares all who are in with their entries. */
  async #sweep(signal: AbortSignal): Promise<void> {
    const held = await this.#context.held()
    this.#unsettled.clear()
    for (const { publicKey } of held) this.#unsettled.add(publicKey)
    for (let at = 0; at < held.length && !signal.aborted; at += AT_ONCE) {
      const some = held.slice(at, at + AT_ONCE)
      const leavers = await Promise.all(some.map((one) => this.#settle(one)))
      await this.#release(leavers.filter((each) => each !== undefined))
      this.#claimAll()
    }
  }

  /** @returns where a client is that is here and elsewhere, and came there later */
  async #settle(held: Held): Promise<readonly [PublicKey, string] | undefined> {
    const { publicKey, endpoint, handshake = 0 } = held
    if (!this.#isToSettle(publicKey)) return undefined
    const buckets = this.#here()
    const { revision, presence } = await buckets.read(publicKey)
    if (!this.#isToSettle(publicKey)) return undefined
    this.#unsettled.delete(publicKey)
    const isOurs = presence?.gateway === this.#config.id
    if (presence && !isOurs && isLater(presence, this.#moment(publicKey, handshake))) {
      return [publicKey, presence.gateway]
    }
    const age = presence ? Date.now() - presence.time : Number.POSITIVE_INFINITY
    if (isOurs && age < buckets.ttl.clients / 2) {
      this.#entries.set(publicKey, revision)
      if (age < RECENT) this.#tellLeave(publicKey, presence, revision)
    } else this.#waiting.set(publicKey, { endpoint, time: handshake })
    return undefined
  }

  /** Whether nothing happened to it since the sweep began. */
  #isToSettle(publicKey: PublicKey): boolean {
    if (this.#claims.has(publicKey) || this.#waiting.has(publicKey)) return false
    return this.#unsettled.has(publicKey)
  }

  #moment(publicKey: PublicKey, time: number): Moment {
    return { time, initiated: this.#context.initiated(publicKey) }
  }

  /** Begins as many as may be under way. What cannot be told now is told with the next connection. */
  #claimAll(): void {
    for (const [publicKey, arrival] of this.#waiting) {
      if (!this.#buckets || this.#claims.size >= AT_ONCE) return
      // Of one that left and came back meanwhile the next is written behind.
      if (this.#claims.has(publicKey)) continue
      this.#waiting.delete(publicKey)
      this.#track(this.#claim(publicKey, arrival))
    }
  }

  /** Makes a client's entry ours, and tells whoever had it. */
  async #claim(publicKey: PublicKey, arrival: Arrival): Promise<void> {
    const claim: Claim = { isMoving: arrival.isMoving ?? false }
    this.#claims.set(publicKey, claim)
    try {
      await this.#write(publicKey, arrival, claim)
    } catch (error) {
      const isLost = this.#buckets === undefined
      if (!isLost) this.#context.onFailed(error)
      if (!isLost) await this.#again()
      // It may have been written all the same.
      const next = this.#waiting.get(publicKey) ?? (claim.isGone ? undefined : arrival)
      if (next) this.#waiting.set(publicKey, { ...next, isMoving: claim.isMoving })
      else this.#remove(publicKey, undefined)
    } finally {
      this.#claims.delete(publicKey)
    }
    this.#claimAll()
    if (claim.leave) await this.#obey(claim.leave)
  }

  async #write(publicKey: PublicKey, { endpoint, time }: Arrival, claim: Claim): Promise<void> {
    const { id } = this.#config
    const moment = this.#moment(publicKey, time)
    for (let tries = TRIES; tries > 0; tries--) {
      const { revision: before, presence } = await this.#here().read(publicKey)
      const from = presence?.gateway === id ? presence.from : presence?.gateway
      if (presence && (await this.#isLost(moment, presence))) {
        return await this.#release([[publicKey, presence.gateway]])
      }
      if (claim.isGone) {
        if (presence?.gateway === id) this.#remove(publicKey, before)
        return
      }
      claim.isMoving ||= presence?.gateway !== id
      const value: Presence = { gateway: id, ...moment, from, endpoint }
      const revision = await this.#here().write(publicKey, value, before)
      if (revision === undefined) {
        await slept(TURN * Math.random(), this.#stopped.signal)
        continue
      }
      if (claim.isGone) return this.#remove(publicKey, revision)
      this.#entries.set(publicKey, revision)
      this.#tellLeave(publicKey, value, revision)
      if (!claim.isMoving) return
      this.#tellMoved(publicKey, value, revision)
      return this.#context.onMoved(publicKey, from)
    }
  }

  /** Whether an entry says that a client is elsewhere. A gateway that is not there any more has nobody. */
  async #isLost(here: Moment, presence: Presence): Promise<boolean> {
    if (presence.gateway === this.#config.id || isLater(here, presence)) return false
    return await this.#here().isThere(presence.gateway)
  }

  /** Whoever had a client before is told; to be told twice harms nobody. */
  #tellLeave(publicKey: PublicKey, { from, time, initiated }: Presence, revision: number): void {
    const { subject, id } = this.#config
    if (from === undefined) return
    const leave: Leave = { publicKey, to: id, revision, time, initiated }
    this.#here().connection.publish(`${subject}.leave.${from}`, JSON.stringify(leave))
  }

  #tellMoved(publicKey: PublicKey, { gateway: to, ...rest }: Presence, revision: number): void {
    const { from, endpoint, time } = rest
    const moved = JSON.stringify({ publicKey, from, to, endpoint, time, revision })
    this.#here().connection.publish(`${this.#config.subject}.moved`, moved)
  }

  /** Removes an entry of ours, now or with the next connection. */
  #remove(publicKey: PublicKey, revision: number | undefined): void {
    this.#obsolete.set(publicKey, revision)
    if (this.#buckets) this.#track(this.#removeFrom(this.#buckets, publicKey, revision))
  }

  #removeFrom(
    buckets: FleetBuckets,
    publicKey: PublicKey,
    known: number | undefined,
  ): Promise<void> {
    const isWanted = () => this.#obsolete.has(publicKey) && this.#obsolete.get(publicKey) === known
    return this.#insist(async () => {
      const revision = known ?? (await this.#ownRevision(buckets, publicKey))
      // It may have come back meanwhile: what was read is its new entry then.
      if (revision !== undefined && isWanted()) await buckets.remove(publicKey, revision)
      if (isWanted()) this.#obsolete.delete(publicKey)
    })
  }

  async #ownRevision(buckets: FleetBuckets, publicKey: PublicKey): Promise<number | undefined> {
    const { revision, presence } = await buckets.read(publicKey)
    return presence?.gateway === this.#config.id ? revision : undefined
  }

  /** Tries until it comes about. The next connection looks at everything again. */
  async #insist(attempt: () => Promise<void>): Promise<void> {
    const buckets = this.#buckets
    do {
      try {
        return await attempt()
      } catch (error) {
        if (this.#buckets !== buckets || this.#stopped.signal.aborted) return
        this.#context.onFailed(error)
      }
      if (!(await this.#again())) return
    } while (this.#buckets === buckets)
  }

  /** @returns whether it is to be tried again */
  #again(): Promise<boolean> {
    return slept(AGAIN * (1 + Math.random()), this.#stopped.signal)
  }

  #track(work: Promise<void>): void {
    const tracked = work.catch((error) => {
      if (!this.#stopped.signal.aborted) this.#context.onFailed(error)
    })
    this.#work.add(tracked)
    void tracked.finally(() => this.#work.delete(tracked))
  }

  #here(): FleetBuckets {
    if (this.#buckets) return this.#buckets
    throw new WireGuardError('the fleet cannot be reached', { code: 'EAGAIN' })
  }
}
