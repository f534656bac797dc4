import { type PublicKey, startTimer } from '@wgctrl/types'
import type { Client } from '../clients/client.js'
import type { CacheConfig } from '../config/gateway-config.js'
import type { ClientStore, Found, StoreChange } from '../store/store.js'
import { type Answer, Answers } from './answers.js'

export interface FinderContext {
  /** Whether the store is known to be away. */
  isAway(): boolean
  /** How many may wait for it to be back: others are not to be kept out by those who are not known. */
  readonly mostWaiting: number
  /** A client is let in by an answer that was kept. @param age milliseconds */
  onKept(publicKey: PublicKey, age: number): void
}

/**
 * Milliseconds for which a change that was told counts for more than an answer without a revision: a reply may have been
 * on its way, or come from a copy of the store that is behind.
 */
const FRESH = 5000

/** What has to be remembered so that an answer from before a change is not believed. */
const LEAST_REMEMBERED = 16_384

/** Asks a store for clients, and knows what to believe when it is slow, away or behind itself. */
export class ClientFinder {
  readonly #store: ClientStore
  readonly #config: CacheConfig
  readonly #context: FinderContext
  readonly #answers: Answers
  readonly #waiting = new Set<() => void>()

  constructor(store: ClientStore, config: CacheConfig, context: FinderContext) {
    this.#store = store
    this.#config = config
    this.#context = context
    this.#answers = new Answers(Math.max(config.size, LEAST_REMEMBERED))
  }

  /** How many answers are kept. */
  get kept(): number {
    return this.#answers.size
  }

  /** Whether an answer is kept that lets a client in when the store is away. */
  isKnown(publicKey: PublicKey): boolean {
    return this.#usable(publicKey) !== undefined
  }

  /**
   * Who is not known waits for a store that is away, as long as the signal lets him.
   *
   * @returns `undefined` when nobody has the key
   * @throws what the store throws, where no answer was kept that is young enough
   */
  async find(publicKey: PublicKey, signal: AbortSignal): Promise<Client | undefined> {
    const kept = this.#usable(publicKey)
    if (!kept) return await this.#askInTime(publicKey, signal)
    if (this.#context.isAway()) return this.#use(publicKey, kept)
    const asked = this.ask(publicKey, signal)
    const patience = startPatience(this.#config.patience)
    try {
      const first = await Promise.race([asked.then((client) => ({ client })), patience.isOver])
      return first ? first.client : this.#use(publicKey, kept)
    } catch {
      return this.#use(publicKey, kept)
    } finally {
      patience.stop()
      asked.catch(() => {})
    }
  }

  /** As {@link find}, of the store itself. */
  async ask(publicKey: PublicKey, signal: AbortSignal): Promise<Client | undefined> {
    const found = await this.#store.find(publicKey, { signal })
    const told = this.#answers.get(publicKey)
    if (told && isNewer(told, found)) return told.client ?? undefined
    const client = found?.client ?? null
    const at = performance.now()
    this.#answers.set(publicKey, { client, revision: found?.revision, at, isTold: false })
    return found?.client
  }

  async #askInTime(publicKey: PublicKey, signal: AbortSignal): Promise<Client | undefined> {
    for (;;) {
      try {
        return await this.ask(publicKey, signal)
      } catch (error) {
        if (!this.#context.isAway() || !(await this.#untilBack(signal))) throw error
      }
    }
  }

  /** @returns whether the store is back */
  async #untilBack(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted || this.#waiting.size >= this.#context.mostWaiting) return false
    await new Promise<void>((resolve) => {
      const end = (): void => {
        this.#waiting.delete(end)
        signal.removeEventListener('abort', end)
        resolve()
      }
      this.#waiting.add(end)
      signal.addEventListener('abort', end, { once: true })
    })
    return !signal.aborted
  }

  /** The store is back: those who wait are asked for. */
  returned(): void {
    for (const end of [...this.#waiting]) end()
  }

  /** A change was told. */
  take(change: Extract<StoreChange, { publicKey: PublicKey }>): void {
    const { publicKey, revision } = change
    const client = change.type === 'revoked' ? null : change.client
    this.#answers.set(publicKey, { client, revision, at: performance.now(), isTold: true })
  }

  /** What was told of a key since then, `null` when it is nobody's any more. @param at on the monotonic clock */
  toldSince(publicKey: PublicKey, at: number): Client | null | undefined {
    const answer = this.#answers.get(publicKey)
    return answer?.isTold && answer.at >= at ? answer.client : undefined
  }

  /** What was kept may be wrong: changes were lost. */
  forget(): void {
    this.#answers.clear()
  }

  #usable(publicKey: PublicKey): (Answer & { readonly client: Client }) | undefined {
    const { size, maxAge } = this.#config
    const answer = size > 0 ? this.#answers.get(publicKey) : undefined
    if (!answer?.client || performance.now() - answer.at > maxAge) return undefined
    return { ...answer, client: answer.client }
  }

  #use(publicKey: PublicKey, { client, at }: Answer & { readonly client: Client }): Client {
    this.#context.onKept(publicKey, performance.now() - at)
    return client
  }
}

/** Whether what was told is newer than an answer. */
function isNewer({ isTold, revision, at }: Answer, found: Found | undefined): boolean {
  if (!isTold) return false
  if (found?.revision !== undefined && revision !== undefined) return revision > found.revision
  return performance.now() - at < FRESH
}

function startPatience(milliseconds: number) {
  let stop = (): void => {}
  const isOver = new Promise<undefined>((resolve) => {
    stop = startTimer(milliseconds, () => resolve(undefined))
  })
  return { isOver, stop: () => stop() }
}
