import {
  type DeviceActivity,
  type PeerActivity,
  type PublicKey,
  StepBudget,
  type Steps,
} from '@wgctrl/types'

/** Milliseconds that a handshake may take, with a retry, until a peer that never had one counts as last. */
const ANSWER_TIME = 15_000

/** What it costs to look at a peer, beside one that is checked. */
const SEEN = 0.5

/** How many are gathered, beside twice as many as are asked for, until the first of them are found. */
const SORTED_AT_LEAST = 8

interface Resident {
  /** When it came into the device, or was first seen there; on the monotonic clock. */
  readonly since: number
  /** When it was last known to be alive, or first seen; on the monotonic clock. */
  activeAt: number
  /**
   * The same by what the device says of it. Of one that was there before, that is by the time of day, which may
   * have been set since: good enough to choose by, and not to say that it is idle.
   */
  rankedAt: number
  receivedBytes: number
  /** Of the last handshake, by the time of day; absent: none yet. */
  handshake: number | undefined
  /** The number of the reading that showed it last. */
  shownBy: number
}

interface Ranked extends Leaver {
  readonly rank: number
}

/** A peer that left the device, and whether it ever answered. */
export interface Leaver {
  readonly publicKey: PublicKey
  /** Milliseconds since it was last known to be alive. */
  readonly idle: number
}

/**
 * The peers of a device and when each was last alive: a handshake that completed, or bytes that came
 * from it. Bytes sent do not count, for they go to the dead as well. Times are those of a monotonic
 * clock (`performance.now()`).
 *
 * The list follows what this process does at once, and what others do with each reading.
 */
export class Residents {
  readonly #present = new Map<PublicKey, Resident>()
  /** Who was removed, and when: a reading that began before still shows them. */
  readonly #removed = new Map<PublicKey, number>()
  readonly #isPinned: (key: PublicKey) => boolean
  #readings = 0

  constructor(isPinned: (key: PublicKey) => boolean) {
    this.#isPinned = isPinned
  }

  get size(): number {
    return this.#present.size
  }

  keys(): IterableIterator<PublicKey> {
    return this.#present.keys()
  }

  has(key: PublicKey): boolean {
    return this.#present.has(key)
  }

  /** A peer is being installed. */
  add(key: PublicKey, now: number): void {
    this.#removed.delete(key)
    const receivedBytes = 0
    const handshake = undefined
    const shownBy = this.#readings
    const times = { since: now, activeAt: now, rankedAt: now }
    this.#present.set(key, { ...times, receivedBytes, handshake, shownBy })
  }

  /** A peer is being removed. @returns takes that back */
  remove(key: PublicKey, now: number): () => void {
    const resident = this.#present.get(key)
    this.#present.delete(key)
    this.#removed.set(key, now)
    return () => {
      this.#removed.delete(key)
      if (!resident || this.#present.has(key)) return
      // A reading under way may have shown it meanwhile.
      resident.shownBy = this.#readings
      this.#present.set(key, resident)
    }
  }

  /**
   * Takes over what a reading says, in steps. Who is added or removed in between is known better than the reading
   * knows it.
   *
   * @param at when the reading began: what this process did since is not in it
   * @returns how many peers others removed
   */
  *update(device: DeviceActivity, at: number, now: number): Steps<number> {
    const budget = new StepBudget()
    const reading = ++this.#readings
    for (const peer of device.peers) {
      this.#see(peer, at, now)
      if (budget.spend(SEEN)) yield
    }
    let gone = 0
    for (const [key, { since, shownBy }] of this.#present) {
      if (budget.spend(SEEN)) yield
      if (shownBy >= reading || since >= at) continue
      this.#present.delete(key)
      gone++
    }
    for (const [key, when] of this.#removed) if (when < at) this.#removed.delete(key)
    return gone
  }

  /**
   * The peers that were not alive for `idle` milliseconds and are not pinned, in steps. Who was removed or installed in
   * between is not among them.
   */
  *idle(idle: number, now: number): Steps<Leaver[]> {
    const budget = new StepBudget()
    const found: [PublicKey, Resident][] = []
    for (const each of this.#present) {
      if (budget.spend(SEEN)) yield
      const [publicKey, { activeAt }] = each
      if (now - activeAt > idle && !this.#isPinned(publicKey)) found.push(each)
    }
    return found
      .filter(([publicKey, resident]) => this.#present.get(publicKey) === resident)
      .map(([publicKey, { activeAt }]) => ({ publicKey, idle: now - activeAt }))
  }

  /**
   * The peers that have to make room: those that were not alive for longest. One that was installed and
   * never completed a handshake goes before those that did, so that whoever replays or invents
   * initiations cannot drive out who is connected.
   *
   * @returns fewer when the others are pinned
   */
  longestIdle(count: number, now: number): Leaver[] {
    if (count <= 0) return []
    /** The first of those seen so far, in no order, and never many more than are needed. */
    let first: Ranked[] = []
    let last = Number.POSITIVE_INFINITY
    const sort = (): void => {
      first = first.sort((a, b) => a.rank - b.rank).slice(0, count)
      last = first[count - 1]?.rank ?? Number.POSITIVE_INFINITY
    }
    for (const [publicKey, resident] of this.#present) {
      const rank = rankOf(resident, now)
      if (rank >= last || this.#isPinned(publicKey)) continue
      first.push({ rank, publicKey, idle: now - resident.activeAt })
      if (first.length >= 2 * count + SORTED_AT_LEAST) sort()
    }
    sort()
    return first.map(({ publicKey, idle }) => ({ publicKey, idle }))
  }

  #see(peer: PeerActivity, at: number, now: number): void {
    const { publicKey, receivedBytes, lastHandshake } = peer
    if ((this.#removed.get(publicKey) ?? Number.NEGATIVE_INFINITY) >= at) return
    const resident = this.#present.get(publicKey)
    const handshake = lastHandshake?.getTime()
    if (!resident) {
      const rankedAt = handshake === undefined ? now : now - Math.max(0, Date.now() - handshake)
      const times = { since: at, activeAt: now, rankedAt }
      const shownBy = this.#readings
      this.#present.set(publicKey, { ...times, receivedBytes, handshake, shownBy })
      return
    }
    resident.shownBy = this.#readings
    const isNew = handshake !== undefined && handshake !== resident.handshake
    if (isNew || receivedBytes > resident.receivedBytes) {
      resident.activeAt = now
      resident.rankedAt = now
    }
    resident.receivedBytes = receivedBytes
    if (isNew) resident.handshake = handshake
  }
}

/** Smaller goes first: who never answered in time, then by when they were alive. */
function rankOf({ handshake, since, rankedAt }: Resident, now: number): number {
  const isUnanswered = handshake === undefined && now - since > ANSWER_TIME
  return isUnanswered ? rankedAt - Number.MAX_SAFE_INTEGER : rankedAt
}
