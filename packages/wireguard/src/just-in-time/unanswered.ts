import {
  type Device,
  type Endpoint,
  type PeerConfig,
  type PublicKey,
  StepBudget,
  type Steps,
} from '@wgctrl/types'

/**
 * Milliseconds after an install, and after the try before, until a handshake must be there. A message may be lost, and a
 * device that gets to the client's initiation very late answers it while its own is under way. Each side then drops
 * the other's answer, and both would wait five seconds. A peer that is put in anew has no such wait.
 */
const TRIES: readonly [number, ...number[]] = [400, 1200]

/** What it costs to look at a peer, beside one that is checked. */
const SEEN = 0.1

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
  /** On the monotonic clock. */
  dueAt: number
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
    this.#waiting.set(one.publicKey, { ...one, tries: 0, dueAt: now + TRIES[0] })
  }

  /** A peer was put in anew. Behind the last try nothing more is waited for. */
  tryAgain(publicKey: PublicKey, now: number): void {
    const one = this.#waiting.get(publicKey)
    if (!one) return
    one.isUnfinished = false
    one.tries++
    const delay = TRIES[one.tries]
    if (delay === undefined) this.#waiting.delete(publicKey)
    else one.dueAt = now + delay
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
   * @returns those who are due, and there without a handshake
   */
  *update(device: Device, now: number): Steps<Unanswered[]> {
    const budget = new StepBudget()
    const left = new Map<PublicKey, Waiting>()
    for (const { publicKey, lastHandshake } of device.peers) {
      if (budget.spend(SEEN)) yield
      const one = this.#waiting.get(publicKey)
      if (one && lastHandshake && !one.isUnfinished) this.#waiting.delete(publicKey)
      else if (one && one.dueAt <= now) left.set(publicKey, one)
    }
    for (const { publicKey } of this.due(now)) {
      if (!left.has(publicKey)) this.#waiting.delete(publicKey)
    }
    return [...left.values()].filter((one) => this.#waiting.get(one.publicKey) === one)
  }
}
