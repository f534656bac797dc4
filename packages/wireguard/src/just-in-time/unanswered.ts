import {
  type DeviceActivity,
  type Endpoint,
  type PeerConfig,
  type PublicKey,
  StepBudget,
  type Steps,
} from '@wgctrl/types'

/**
 * Milliseconds after an install until a handshake must be there. A device that gets to the client's initiation very late
 * answers it while its own is under way. Each side then drops the other's answer, and both would wait five seconds. A
 * peer that is put in anew has no such wait.
 */
const FIRST_LOOK = 400

/**
 * The same where the device sent one message alone. That may be lost, or a client that is slow or far away is about to
 * answer: to put its peer in anew would throw the answer away, and a client drops an initiation that it reads within 50 ms
 * of another.
 *
 * @source drivers/net/wireguard/messages.h: INITIATIONS_PER_SECOND
 */
const LATE = 1000

/** The same behind a peer that was put in anew. */
const NEXT_LOOK = 1200

/** How often a peer is put in anew. */
const TRIES = 2

/** Bytes of the first and the second message of a handshake. */
const BOTH_MESSAGES = 148 + 92

/** What it costs to look at a peer, beside one that is checked. */
const SEEN = 0.25

/** A peer that was installed and has no handshake yet. */
export interface Unanswered {
  readonly publicKey: PublicKey
  readonly endpoint: Endpoint
  /** The entries that install it. */
  peers: readonly PeerConfig[]
  /** It is put in anew, whether it has a handshake or not. */
  isUnfinished?: boolean
}

interface Waiting extends Unanswered {
  tries: number
  /** On the monotonic clock: when it is looked whether both sides initiated, and when it is put in anew in any case. */
  dueAt: number
  lateAt: number
}

/** Peers that were installed, and whose handshakes have to come about: one reading says it of all of them. */
export class UnansweredPeers {
  readonly #waiting = new Map<PublicKey, Waiting>()

  get size(): number {
    return this.#waiting.size
  }

  /** When the first handshake must be there. */
  get dueAt(): number {
    let least = Number.POSITIVE_INFINITY
    for (const { dueAt } of this.#waiting.values()) least = Math.min(least, dueAt)
    return least
  }

  get(publicKey: PublicKey): Unanswered | undefined {
    return this.#waiting.get(publicKey)
  }

  /** A peer was installed. */
  add(one: Unanswered, now: number): void {
    const [dueAt, lateAt] = [now + FIRST_LOOK, now + LATE]
    this.#waiting.set(one.publicKey, { ...one, tries: 0, dueAt, lateAt })
  }

  /** A peer was put in anew. Behind the last try nothing more is waited for. */
  tryAgain(publicKey: PublicKey, now: number): void {
    const one = this.#waiting.get(publicKey)
    if (!one) return
    one.isUnfinished = false
    one.tries++
    one.dueAt = one.lateAt = now + NEXT_LOOK
    if (one.tries === TRIES) this.#waiting.delete(publicKey)
  }

  delete(publicKey: PublicKey): void {
    this.#waiting.delete(publicKey)
  }

  /** Those whose handshakes must be there. */
  due(now: number): Unanswered[] {
    return [...this.#waiting.values()].filter(({ dueAt }) => dueAt <= now)
  }

  /**
   * Takes over what a reading says, in steps: whoever has a handshake is not waited for any more, nor who is due and
   * not there.
   *
   * @returns those who are there without a handshake, and to be put in anew
   */
  *update(device: DeviceActivity, now: number): Steps<Unanswered[]> {
    const budget = new StepBudget()
    const left = new Map<PublicKey, Waiting>()
    for (const { publicKey, lastHandshake, transmittedBytes } of device.peers) {
      if (budget.spend(SEEN)) yield
      const one = this.#waiting.get(publicKey)
      if (!one) continue
      const isOver = one.isUnfinished || transmittedBytes >= BOTH_MESSAGES || one.lateAt <= now
      if (lastHandshake && !one.isUnfinished) this.#waiting.delete(publicKey)
      else if (one.dueAt <= now && isOver) left.set(publicKey, one)
      else if (one.dueAt <= now) one.dueAt = one.lateAt
    }
    for (const { publicKey } of this.due(now)) {
      if (!left.has(publicKey)) this.#waiting.delete(publicKey)
    }
    return [...left.values()].filter((one) => this.#waiting.get(one.publicKey) === one)
  }
}
