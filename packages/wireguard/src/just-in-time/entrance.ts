import { type CallOptions, type PeerConfig, runAtOnce, type Steps } from '@wgctrl/types'
import type { Account } from './account.js'
import type { Arrival } from './arrival.js'
import { Arrivals } from './arrivals.js'
import { removal } from './install.js'
import { type Order, PeerWriter } from './peer-writer.js'
import type { Leaver, Residents } from './residents.js'
import type { Settings } from './settings.js'

/** How many are installed in one write: what others have to write waits for it, and so do their turns. */
const TOGETHER = 128

/** What an {@link Entrance} needs from its gateway. */
export interface EntranceContext {
  readonly settings: Settings
  readonly residents: Residents
  readonly account: Account
  /** When it fires nobody is let in any more. */
  readonly signal: AbortSignal
  configure(peers: PeerConfig[], call: CallOptions): Promise<void>
  /** A client is in. */
  entered(arrival: Arrival): void
  /** The device was not made to initiate, and the client lacks its keepalive. */
  unfinished(arrival: Arrival, error: unknown): void
  /** Peers had to go. */
  evicted(leavers: readonly Leaver[]): Steps<void>
  /** A client could not be put in; there may be more peers now than shall be. */
  failed(): void
  /** It cannot go on. */
  broken(error: unknown): void
}

/** Somebody who is about to be installed. */
interface Entering {
  readonly arrival: Arrival
  readonly entry: PeerConfig
}

/** Decides what is written to the device next: changes first, then those who wait to be let in. */
export class Entrance {
  readonly #context: EntranceContext
  readonly #residents: Residents
  readonly #arrivals = new Arrivals<Arrival>()
  /** What is changed or removed: it comes before those who are let in. */
  readonly #changes: Order[] = []
  readonly #writer: PeerWriter

  constructor(context: EntranceContext) {
    this.#context = context
    this.#residents = context.residents
    this.#writer = new PeerWriter(
      () => this.#nextOrders(),
      (peers, call) => context.configure(peers, call),
    )
  }

  get isWriting(): boolean {
    return this.#writer.isWriting
  }

  /** Has entries written, with what others have to write. */
  write(peers: readonly PeerConfig[], signal?: AbortSignal): Promise<void> {
    return new Promise((done, failed) => {
      this.#changes.push({ peers, signal, done, failed })
      this.#writer.wake()
    })
  }

  /** Lets a client wait for its place in a write. */
  arrive(arrival: Arrival, isKnown: boolean): void {
    if (this.#entryOf(arrival)) {
      this.#arrivals.add(arrival, isKnown)
      this.#writer.wake()
    } else arrival.settled()
  }

  /** What there is to write for an arrival; what became of it meanwhile counts. */
  #entryOf(arrival: Arrival): PeerConfig | undefined {
    try {
      if (this.#residents.has(arrival.publicKey)) return undefined
      return arrival.entry(this.#context.settings.initiate)
    } catch (error) {
      this.#notInstalled(arrival, error)
      return undefined
    }
  }

  /** What shall be in the write that begins now. */
  #nextOrders(): Order[] {
    const orders = this.#changes.splice(0, TOGETHER)
    // Who is to be removed may be on the way in again.
    if (this.#changes.length > 0) return orders
    if (this.#context.signal.aborted) {
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
      this.#context.broken(error)
      return []
    }
  }

  /**
   * In the same write those go who have to make room, each before the one who needs it. Both are chosen at once, before
   * others run.
   */
  #enter(entering: Entering[]): Order[] {
    const now = performance.now()
    const { maxPeers } = this.#context.settings
    const over = Math.ceil(this.#residents.size + entering.length - maxPeers)
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
      const entry = this.#entryOf(arrival)
      if (!entry) arrival.settled()
      return entry ? [{ arrival, entry }] : []
    })
  }

  #refuse({ arrival: { publicKey, endpoint, settled } }: Entering): void {
    const { account } = this.#context
    account.counts.full++
    account.tell({ type: 'full', publicKey, endpoint })
    settled()
  }

  #installing({ arrival, entry }: Entering, leavers: readonly Leaver[], now: number): Order {
    const { publicKey } = arrival
    const takeBack = leavers.map((leaver) => this.#residents.remove(leaver.publicKey, now))
    this.#residents.add(publicKey, now)
    return {
      peers: [...leavers.map(removal), entry],
      done: () => this.#installed(arrival, leavers),
      failed: (error) => {
        // Whether it is in shows with the next reading.
        this.#residents.remove(publicKey, performance.now())
        for (const undo of takeBack) undo()
        this.#notInstalled(arrival, error)
        // Somebody may have been let in meanwhile instead of those who stayed.
        this.#context.failed()
      },
    }
  }

  #installed(arrival: Arrival, leavers: readonly Leaver[]): void {
    const { publicKey, endpoint } = arrival
    const { account } = this.#context
    account.counts.evictedForRoom += leavers.length
    runAtOnce(this.#context.evicted(leavers))
    account.counts.installed++
    account.tell({ type: 'installed', publicKey, endpoint })
    this.#context.entered(arrival)
    if (this.#context.settings.initiate) this.#provoke(arrival)
    else arrival.settled()
  }

  /**
   * In a write behind that of the peer: a device that was slow to read its socket has come to the client's own
   * initiation by then. Either it dropped that, and initiates, or it answered, and does not for five seconds.
   */
  #provoke(arrival: Arrival): void {
    const { settled } = arrival
    const peers = arrival.provocation()
    // Meanwhile nobody has its key any more: it is about to be removed.
    if (peers.length === 0) {
      settled()
      return
    }
    this.#changes.push({
      peers,
      done: settled,
      failed: (error) => {
        this.#context.unfinished(arrival, error)
        settled()
      },
    })
  }

  #notInstalled({ publicKey, settled }: Arrival, error: unknown): void {
    const { account } = this.#context
    account.counts.installsFailed++
    account.tell({ type: 'failed', operation: 'install', publicKey, error })
    settled()
  }
}
