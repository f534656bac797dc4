import { type PublicKey, startTimer } from '@wgctrl/types'
import type { Client } from '../clients/client.js'
import type { CacheConfig } from '../config/gateway-config.js'
import type { ClientStore, Found, StoreChange } from '../store/store.js'
import { type Answer, Answers } from './answers.js'

export interface FinderContext {
  /** Whether the store is known to be away. */
  isAway(): boolean
  /** How many look-ups run at once. */
  readonly maxLookups: number
  /** A client is let in by an answer that was kept. @param age milliseconds */
  onKept(publicKey: PublicKey, age: number): void
}

/**
 * Milliseconds for which a change that was told counts for more than an answer without a revision: a reply may have been
 * on its way, or come from a copy of the store that is behind.
 */
const FRESH = 5000

/** How many keys' changes are remembered, so that an answer from before a change is not believed. */
const CHANGES_REMEMBERED = 16_384

/** Asks a store for clients, and knows what to believe when it is slow, away or behind itself. */
export class ClientFinder {
  readonly #store: ClientStore
  readonly #config: CacheConfig
  readonly #context: FinderContext
  /** How many may wait for a store to be back: others are not to be kept out by those who are not known. */
  readonly #mostWaiting: number
  /** Clients that were asked for: no stranger and no client who was never here takes their place. */
  readonly #kept: Answers<Client>
  /** Changes that were told, `null` for those who are nobody any more. */
  readonly #told = new Answers<Client | null>(CHANGES_REMEMBERED)
  readonly #waiting = new Set<() => void>()

  constructor(store: ClientStore, config: CacheConfig, context: FinderContext) {
    this.#store = store
    this.#config = config
    this.#context = context
    this.#mostWaiting = Math.max(1, Math.floor(context.maxLookups / 2))
    this.#kept = new Answers(config.size)
  }

  /** How many answers are kept. */
  get kept(): number {
    return this.#kept.size
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
    const told = this.#told.get(publicKey)
    if (told && isNewer(told, found)) return told.client ?? undefined
    if (found) this.#kept.set(publicKey, { ...found, at: performance.now() })
    else this.#kept.delete(publicKey)
    // That nobody has the key any more stands when the store says so, too: an older answer may still be on its way.
    if (found || told?.client) this.#told.delete(publicKey)
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
    if (signal.aborted || this.#waiting.size >= this.#mostWaiting) return false
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
    const at = performance.now()
    this.#told.set(publicKey, { client, revision, at })
    if (!client) this.#kept.delete(publicKey)
    else if (this.#kept.get(publicKey)) this.#kept.set(publicKey, { client, revision, at })
  }

  /** What was told of a key since then, `null` when it is nobody's any more. @param at on the monotonic clock */
  toldSince(publicKey: PublicKey, at: number): Client | null | undefined {
    const told = this.#told.get(publicKey)
    return told && told.at >= at ? told.client : undefined
  }

  /** What was kept may be wrong: changes were lost. */
  forget(): void {
    this.#kept.clear()
    this.#told.clear()
  }

  #usable(publicKey: PublicKey): Answer<Client> | undefined {
    const { size, maxAge } = this.#config
    const answer = size > 0 ? (this.#kept.get(publicKey) ?? this.#told.get(publicKey)) : undefined
    if (!answer?.client || performance.now() - answer.at > maxAge) return undefined
    return answer as Answer<Client>
  }

  #use(publicKey: PublicKey, { client, at }: Answer<Client>): Client {
    this.#context.onKept(publicKey, performance.now() - at)
    return client
  }
}

/** Whether what was told is newer than an answer. */
function isNewer({ revision, at }: Answer<Client | null>, found: Found | undefined): boolean {
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
