import { onAbort, type PublicKey, reasonWithin, slept } from '@wgctrl/types'
import { type ClientRules, checkClient } from '../../clients/client.js'
import type { HttpChangesConfig, HttpStoreConfig } from '../../config/gateway-config.js'
import { changeOf, revisionOf } from '../client-record.js'
import type { ChangesOptions, ClientStore, Found, StoreChange, StoreEvents } from '../store.js'
import { Turns } from '../turns.js'
import { EventStreamReader } from './event-stream.js'
import { Patience } from './patience.js'
import { type Answer, protocol, Requests } from './requests.js'

/** Bytes of a client, of one event and of all changes in one answer. */
const [LARGEST_CLIENT, LARGEST_EVENT, LARGEST_CHANGES] = [65_536, 262_144, 16_777_216]

/** Problems that are remembered, so as not to be told again. */
const MOST_TOLD = 1000

/** Clients behind a URL: a GET for a key gives a client, 404 or 410 that nobody has it. */
export class HttpStore implements ClientStore {
  readonly #config: HttpStoreConfig
  readonly #rules: ClientRules
  readonly #events: StoreEvents
  readonly #requests: Requests
  /** Problems of the last answer that had any: said once while they last. */
  #told = new Set<string>()
  /** Whom the service last had an answer for, if only that he is nobody; before that one whom it had none for. */
  #asked: PublicKey | undefined
  #isDoubted = false
  #doubt = (): void => {}

  constructor(config: HttpStoreConfig, rules: ClientRules, events: StoreEvents) {
    this.#config = config
    this.#rules = rules
    this.#events = events
    this.#requests = new Requests(config)
  }

  async find(
    publicKey: PublicKey,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<Found | undefined> {
    const { status, body } = await this.#ask(publicKey, signal).catch((error) => {
      this.#isDoubted = true
      this.#doubt()
      throw error
    })
    if (status === 404 || status === 410) return undefined
    if (status !== 200) throw protocol(`the service answered with status ${status}`)
    const client = checkClient(body, 'client', publicKey, this.#rules)
    const { revision } = body as { revision?: unknown }
    return {
      client,
      ...(revision !== undefined && { revision: revisionOf(revision, 'client.revision') }),
    }
  }

  changes(options: ChangesOptions): AsyncIterable<StoreChange> {
    const { changes } = this.#config
    if (!changes) return this.#refresh(options)
    return changes.by === 'events' ? this.#listen(changes, options) : this.#poll(changes, options)
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #ask(publicKey: PublicKey, signal: AbortSignal): Promise<Answer> {
    this.#asked ??= publicKey
    const key = Buffer.from(publicKey, 'base64').toString('base64url')
    const url = this.#config.url.replaceAll('{key}', key)
    const answer = await this.#requests.json(url, {}, signal, LARGEST_CLIENT)
    this.#asked = publicKey
    return answer
  }

  /**
   * A service that tells of no changes: from time to time all who are in are asked for. Whether it is there shows by its
   * answers alone. One look-up that fails may be due to a bad record: whom it knew an answer for it is asked for again.
   */
  async *#refresh({
    since = 0,
    signal,
  }: ChangesOptions): AsyncGenerator<StoreChange, void, undefined> {
    for (let revision = since + 1; !signal.aborted; revision++) {
      await this.#probe(signal)
      yield { type: 'due', revision }
      const due = performance.now() + this.#config.refresh
      while (await this.#doubted(due - performance.now(), signal)) await this.#probe(signal)
    }
  }

  /** @throws when the service is away */
  async #probe(signal: AbortSignal): Promise<void> {
    this.#isDoubted = false
    if (this.#asked !== undefined) await this.#ask(this.#asked, signal)
  }

  /** Waits until a look-up fails. @returns `false` when the time passed first, or the signal fired */
  async #doubted(most: number, signal: AbortSignal): Promise<boolean> {
    if (most <= 0 || signal.aborted) return false
    const controller = new AbortController()
    this.#doubt = () => controller.abort()
    const unlisten = onAbort(signal, this.#doubt)
    if (!this.#isDoubted) await slept(most, controller.signal)
    unlisten()
    return this.#isDoubted && !signal.aborted
  }

  async *#poll(
    { url, interval }: HttpChangesConfig,
    { since: from, signal }: ChangesOptions,
  ): AsyncGenerator<StoreChange, void, undefined> {
    let [since, etag] = [from, undefined as string | undefined]
    do {
      const headers = etag === undefined ? {} : { 'if-none-match': etag }
      const asked = withSince(url, since)
      const answer = await this.#requests
        .json(asked, headers, signal, LARGEST_CHANGES)
        .catch((error) => untold(error, since))
      if (answer.status === 410 && since !== undefined) {
        ;[since, etag] = [undefined, undefined]
        continue
      }
      if (answer.status === 304 && since !== undefined) {
        yield { type: 'current', revision: since }
        continue
      }
      if (answer.status !== 200) throw protocol('the service has no changes at this URL')
      const { revision, changes } = changesIn(answer.body)
      if (since === undefined || revision < since) yield { type: 'lost', revision }
      else yield* this.#tell(changes, revision)
      // The answer to another question: the tag is for what was asked now.
      etag = since === revision ? answer.etag : undefined
      since = revision
    } while (await slept(interval, signal))
  }

  async *#tell(changes: readonly unknown[], revision: number): AsyncGenerator<StoreChange> {
    const told = new Set<string>()
    const turns = new Turns()
    for (const entry of changes) {
      await turns.next()
      const change = this.#read(entry, revision, told)
      if (change) yield change
    }
    if (changes.length > 0) this.#told = told
    yield { type: 'current', revision }
  }

  async *#listen(
    changes: HttpChangesConfig,
    { since, signal }: ChangesOptions,
  ): AsyncGenerator<StoreChange, void, undefined> {
    try {
      yield* this.#stream(changes, since, signal)
    } catch (error) {
      untold(error, since)
      yield* this.#stream(changes, undefined, signal)
    }
  }

  async *#stream(
    { url, interval }: HttpChangesConfig,
    since: number | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<StoreChange, void, undefined> {
    const silent = protocol(`the service said nothing for ${interval} ms`)
    const patience = new Patience(interval, silent, signal)
    try {
      const headers: Record<string, string> = {}
      if (since !== undefined) headers['last-event-id'] = `${since}`
      const body = await this.#requests.stream(url, headers, patience.signal)
      const reader = new EventStreamReader(LARGEST_EVENT)
      let [isLost, last] = [since === undefined, since ?? 0]
      for await (const piece of body) {
        patience.renew()
        for (const event of reader.read(piece)) {
          const revision = revisionOf(Number(event.id ?? Number.NaN), 'id')
          const isAnew = isLost || event.type === 'lost' || revision < last
          last = revision
          if (isAnew) yield { type: 'lost', revision }
          isLost = false
          if (event.type === 'current') yield { type: 'current', revision }
          if (event.type !== 'change') continue
          const change = this.#read(parsed(event.data), revision, this.#told)
          if (change) yield change
        }
      }
    } catch (error) {
      throw patience.signal.aborted ? patience.signal.reason : error
    } finally {
      patience.end()
    }
  }

  /** A change that is none says nothing of the others. */
  #read(entry: unknown, revision: number, told: Set<string>): StoreChange | undefined {
    try {
      return changeOf(entry, this.#rules, revision)
    } catch (error) {
      const { publicKey } = (entry ?? {}) as { publicKey?: unknown }
      const place = typeof publicKey === 'string' ? publicKey.slice(0, 44) : 'changes'
      const message = reasonWithin(error)
      const key = `${place} ${message}`
      if (!this.#told.has(key)) this.#events.onProblem({ place, message })
      if (told.size >= MOST_TOLD) told.clear()
      told.add(key)
      return undefined
    }
  }
}

/**
 * What came behind a revision is not known any more, or more than is read: without it the service is asked anew, or it would
 * be the same each time.
 *
 * @throws what it is else
 */
function untold(error: unknown, since: number | undefined): Answer {
  const { code } = error as { code?: unknown }
  if (since === undefined || (code !== 'EMSGSIZE' && code !== 'ESTALE')) throw error
  return { status: 410 }
}

function withSince(url: string, since: number | undefined): string {
  if (since === undefined) return url
  const asked = new URL(url)
  asked.searchParams.set('since', `${since}`)
  return asked.href
}

function changesIn(body: unknown): { revision: number; changes: readonly unknown[] } {
  const { revision, changes = [] } = (body ?? {}) as { revision?: unknown; changes?: unknown }
  if (!Array.isArray(changes)) throw protocol('changes must be a list')
  return { revision: revisionOf(revision, 'revision'), changes }
}

function parsed(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    return undefined
  }
}
