import {
  type CallOptions,
  type DeviceActivity,
  ownTurn,
  type PeerConfig,
  type PublicKey,
  runInTurns,
  slept,
  wipeDevice,
} from '@wgctrl/types'
import type { DeviceCalls } from '../interface/context.js'
import type { Reading, ReadingOptions } from '../watch/shared-reader.js'
import type { Account } from './account.js'
import type { Arrival } from './arrival.js'
import { installation, provocation, removal } from './install.js'
import type { FoundPeer } from './options.js'
import { type Order, writeOrders } from './peer-writer.js'
import type { Residents } from './residents.js'
import { type Unanswered, UnansweredPeers } from './unanswered.js'

/** What can be done within a turn. */
export type DeviceWork = Pick<DeviceCalls, 'device' | 'activity' | 'configure'>

/** How many whose handshakes did not come about are put in anew in one turn. */
const AGAIN_TOGETHER = 128

/** How many of them in one write: each has up to four entries. */
const IN_ONE_WRITE = 32

/**
 * Milliseconds between readings that look for handshakes at least, and how much longer than a reading; a look at the
 * device comes after its interval in any case.
 */
const [SHORTEST_PAUSE, PAUSE_FACTOR] = [100, 9]

/** What an {@link Insistence} needs from its gateway. */
export interface InsistenceContext {
  readonly name: string
  /** Milliseconds between two looks at the device. */
  readonly interval: number
  readonly residents: Residents
  readonly account: Account
  readonly signal: AbortSignal
  reading(name: string, options: ReadingOptions): Promise<Reading<DeviceActivity>>
  /** Reads and writes in one turn: no other call of this process comes between. */
  inTurn(
    name: string,
    change: (work: DeviceWork) => Promise<void>,
    options?: CallOptions,
  ): Promise<void>
  /** Waits for those who have to be let in. @returns false when the gateway ended */
  othersFirst(): Promise<boolean>
  /** Work that has to be over before the gateway is. */
  track(work: Promise<void>): void
}

/** Has the device initiate again where handshakes do not come about, for all of them by the same readings. */
export class Insistence {
  readonly #context: InsistenceContext
  readonly #unanswered = new UnansweredPeers()
  #isUnderWay = false

  constructor(context: InsistenceContext) {
    this.#context = context
  }

  /**
   * Waits for the handshake of who was let in.
   *
   * @param isUnfinished not with all that it shall have: its handshake is not enough
   */
  begin(arrival: Arrival, isUnfinished = false): void {
    const { publicKey, endpoint } = arrival
    // It may have been changed while it was written.
    const entry = arrival.entry(true)
    if (!entry) return
    const peers = [entry, ...arrival.provocation()]
    this.#unanswered.add({ publicKey, endpoint, peers, isUnfinished }, performance.now())
    if (!this.#isUnderWay) this.#context.track(this.#insist())
  }

  /** A client is another from now on. */
  change(publicKey: PublicKey, found: FoundPeer): void {
    const one = this.#unanswered.get(publicKey)
    if (!one) return
    const entry = installation(publicKey, one.endpoint, found, true)
    one.peers = [entry, ...provocation(publicKey, found)]
  }

  /** Another reading says who is there: of them nothing more is waited for. */
  async learn(device: DeviceActivity): Promise<void> {
    if (this.#unanswered.size === 0) return
    await ownTurn()
    await runInTurns(this.#unanswered.update(device, Number.NEGATIVE_INFINITY))
  }

  async #insist(): Promise<void> {
    const { signal, interval, othersFirst } = this.#context
    this.#isUnderWay = true
    let notBefore = 0
    while (this.#unanswered.size > 0) {
      const wait = Math.max(this.#unanswered.dueAt, notBefore) - performance.now()
      if (!(await slept(Math.max(0, wait), signal))) return
      if (!(await othersFirst())) return
      const now = performance.now()
      try {
        await this.#lookForAnswers(now)
      } catch (error) {
        if (signal.aborted) return
        for (const { publicKey } of this.#unanswered.due(now)) this.#giveUp(publicKey, error)
      }
      const spent = performance.now() - now
      const pause = Math.min(PAUSE_FACTOR * spent, interval)
      notBefore = performance.now() + Math.max(SHORTEST_PAUSE, pause)
    }
    // In the turn in which it saw that nobody is waited for: who comes behind it begins anew.
    this.#isUnderWay = false
  }

  async #lookForAnswers(now: number): Promise<void> {
    const { name, signal } = this.#context
    // Another reading may have said of all of them that they are there.
    if (this.#unanswered.dueAt > now) return
    // No older than their handshakes may be: what is written since is of others.
    const options = { maxAge: 100, beforePeers: true, signal }
    const { device } = await this.#context.reading(name, options)
    const left = await runInTurns(this.#unanswered.update(device, now))
    if (left.length === 0) return
    await this.#context.inTurn(name, (work) => this.#initiateAgain(work, now))
  }

  async #initiateAgain(work: DeviceWork, now: number): Promise<void> {
    const { device, activity = device, configure } = work
    const { name, signal, residents } = this.#context
    // Somebody may have removed them since, or the handshakes have come.
    const found = await activity(name, { signal })
    const ownKey = found.publicKey ?? null
    // Each of these looks at every peer that is there: long enough for a turn of its own.
    await ownTurn()
    const left = await runInTurns(this.#unanswered.update(found, now))
    await ownTurn()
    wipeDevice(found)
    await ownTurn()
    const again = left.filter(({ publicKey }) => residents.has(publicKey)).slice(0, AGAIN_TOGETHER)
    const write = (peers: PeerConfig[]) => configure(name, { peers }, { ownKey })
    for (let at = 0; at < again.length; at += IN_ONE_WRITE) {
      const orders = again.slice(at, at + IN_ONE_WRITE).map((one) => this.#again(one))
      await writeOrders(orders, write)
      await ownTurn()
    }
  }

  #again({ publicKey, peers }: Unanswered): Order {
    const { residents, account } = this.#context
    residents.add(publicKey, performance.now())
    return {
      peers: [removal({ publicKey }), ...peers],
      done: () => {
        account.counts.reinitiated++
        this.#unanswered.tryAgain(publicKey, performance.now())
      },
      failed: (error) => this.#giveUp(publicKey, error),
    }
  }

  #giveUp(publicKey: PublicKey, error: unknown): void {
    this.#unanswered.delete(publicKey)
    this.#context.account.tell({ type: 'failed', operation: 'install', publicKey, error })
  }
}
