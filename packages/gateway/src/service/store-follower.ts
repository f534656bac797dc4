import { type PublicKey, slept, WireGuardError } from '@wgctrl/types'
import type { Client } from '../clients/client.js'
import { Pauses } from '../pauses.js'
import type { ClientStore, StoreChange } from '../store/store.js'

/** What became of clients; `null`: nobody has this key any more. */
export type ClientChanges = ReadonlyMap<PublicKey, Client | null>

export interface FollowerContext {
  /** A change was told, and will be applied. */
  take(change: Extract<StoreChange, { publicKey: PublicKey }>): void
  /** Applies changes. What it throws has them applied again, each by itself. */
  apply(changes: ClientChanges): Promise<void>
  /** Changes were lost. */
  onLost(): void
  /**
   * Asks, when changes were lost, for all clients that are in. What it throws has it called again.
   *
   * @param isAnew `false`: for those alone who are left of the last time
   * @param apply has changes applied
   * @returns whether nobody is left
   */
  verify(
    isAnew: boolean,
    apply: (changes: ClientChanges) => void,
    signal: AbortSignal,
  ): Promise<boolean>
  onAway(error: unknown): void
  onBack(): void
  onFailed(error: unknown, publicKey?: PublicKey): void
}

/** Milliseconds before the next try of a write; doubled each time. */
const [FIRST_PAUSE, LONGEST_PAUSE] = [100, 5000]

/** At most before clients are asked for again who could not be: their records may stay as they are for days. */
const LONGEST_WAIT = 30_000

/**
 * Follows a store: has each change applied, in batches as they come, and catches up by revision when the store was away.
 * A change that cannot be applied is tried again until it can, or another of the same client took its place.
 */
export class StoreFollower {
  readonly #store: ClientStore
  readonly #context: FollowerContext
  readonly #stopped = new AbortController()
  #since: number | undefined
  #applied: number | undefined
  #waiting = new Map<PublicKey, Client | null>()
  #isAway = true
  #applying: Promise<void> | undefined
  #verifying: Promise<void> | undefined
  #lost = 0
  /** Ends the pause before the next try to verify: there is more to ask for, or the store is back. */
  #hurry = new AbortController()
  #loop: Promise<void> | undefined

  constructor(store: ClientStore, context: FollowerContext) {
    this.#store = store
    this.#context = context
  }

  /** Whether the store does not tell of changes at the moment. */
  get isAway(): boolean {
    return this.#isAway
  }

  /** The revision up to which all is in the device; absent: none yet. */
  get revision(): number | undefined {
    return this.#applied
  }

  /** How many clients' changes wait to be applied. */
  get waiting(): number {
    return this.#waiting.size
  }

  start(): void {
    this.#loop = this.#follow()
  }

  /** Ends it; what was told is applied first, as far as that works at once. */
  async stop(): Promise<void> {
    this.#stopped.abort()
    this.#hurry.abort()
    await Promise.all([this.#loop, this.#applying, this.#verifying])
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stopped
    const pauses = new Pauses()
    while (!signal.aborted) {
      let failure: unknown = new WireGuardError('the store tells of no changes any more', {
        code: 'EPROTO',
      })
      try {
        for await (const change of this.#store.changes({ since: this.#since, signal })) {
          if (signal.aborted) return
          this.#take(change)
          pauses.reset()
        }
      } catch (error) {
        failure = error
      }
      if (signal.aborted) return
      this.#isAway = true
      this.#context.onAway(failure)
      const most = pauses.take()
      if (!this.#store.returned) await slept(most, signal)
      else if (await this.#store.returned(most, signal)) pauses.reset()
    }
  }

  #take(change: StoreChange): void {
    if (this.#isAway) {
      this.#isAway = false
      this.#context.onBack()
      this.#hurry.abort()
    }
    this.#since = change.revision
    if (change.type === 'lost') this.#context.onLost()
    if (change.type === 'lost' || change.type === 'due') this.#verify()
    else if (change.type !== 'current') {
      this.#context.take(change)
      this.#waiting.set(change.publicKey, change.type === 'revoked' ? null : change.client)
    }
    this.#applyWaiting()
  }

  #applyWaiting(): void {
    this.#applying ??= this.#applyAll().finally(() => {
      this.#applying = undefined
    })
  }

  async #applyAll(): Promise<void> {
    const { signal } = this.#stopped
    let pause = FIRST_PAUSE
    for (;;) {
      // What comes in the same turn goes into the same write.
      await new Promise(setImmediate)
      const batch = this.#waiting
      const revision = this.#since
      if (batch.size === 0) {
        this.#applied = revision
        return
      }
      this.#waiting = new Map()
      if (await this.#apply(batch)) {
        pause = FIRST_PAUSE
        continue
      }
      if (!(await slept(pause, signal))) return
      pause = Math.min(2 * pause, LONGEST_PAUSE)
    }
  }

  /** @returns whether all of them were applied */
  async #apply(batch: ClientChanges): Promise<boolean> {
    try {
      await this.#context.apply(batch)
      return true
    } catch (error) {
      if (batch.size === 1) {
        const [[publicKey, client]] = batch as unknown as [[PublicKey, Client | null]]
        this.#context.onFailed(error, publicKey)
        // A device will not take later either what is no config for it.
        if ((error as { code?: unknown }).code === 'EINVAL' && client !== null) return true
        if (!this.#waiting.has(publicKey)) this.#waiting.set(publicKey, client)
        return false
      }
    }
    // One that cannot be applied must not hold up the others: those who have to go come first.
    const apart = [...batch].sort(
      ([, one], [, other]) => Number(one !== null) - Number(other !== null),
    )
    let isAll = true
    for (const change of apart) isAll = (await this.#apply(new Map([change]))) && isAll
    return isAll
  }

  #verify(): void {
    this.#lost++
    this.#hurry.abort()
    this.#verifying ??= this.#verifyAll()
  }

  async #verifyAll(): Promise<void> {
    const { signal } = this.#stopped
    const apply = (changes: ClientChanges): void => {
      for (const [publicKey, client] of changes) this.#waiting.set(publicKey, client)
      this.#applyWaiting()
    }
    let pause = FIRST_PAUSE
    let [done, isAll] = [-1, false]
    while (!(isAll && done === this.#lost) && !signal.aborted) {
      const lost = this.#lost
      let longest = LONGEST_WAIT
      this.#hurry = new AbortController()
      const hurry = this.#hurry.signal
      try {
        isAll = await this.#context.verify(done !== lost, apply, signal)
        done = lost
      } catch (error) {
        if (signal.aborted) break
        this.#context.onFailed(error)
        longest = LONGEST_PAUSE
      }
      if (isAll && done === lost) continue
      pause = (await slept(pause, hurry)) ? Math.min(2 * pause, longest) : FIRST_PAUSE
    }
    // At once: what is lost from now on is another's.
    this.#verifying = undefined
  }
}
