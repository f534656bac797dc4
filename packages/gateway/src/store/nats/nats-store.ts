import type { KV, KvEntry, KvStatus } from '@nats-io/kv'
import type { NatsConnection } from '@nats-io/transport-node'
import { abortable, type PublicKey, reasonWithin, slept, WireGuardError } from '@wgctrl/types'
import { type ClientRules, checkClient } from '../../clients/client.js'
import type { NatsStoreConfig } from '../../config/gateway-config.js'
import { keyOf, publicKeyOf } from '../../nats/client-key.js'
import { NatsLink } from '../../nats/connection.js'
import { ChangeQueue } from '../change-queue.js'
import type { ChangesOptions, ClientStore, Found, StoreChange, StoreEvents } from '../store.js'

type StreamInfo = KvStatus['streamInfo']

/** Milliseconds between looks at the bucket. */
const LOOK = 1000

/** A bucket, by who reads it. */
interface Bucket {
  /** Its leader, who has all changes. */
  readonly leader: KV
  /** Any replica or mirror where the bucket lets them: it may be behind. */
  readonly any: KV
}

/** Clients in a bucket of JetStream: one key a client, JSON as its value, and the bucket's watch for changes. */
export class NatsStore implements ClientStore {
  readonly #config: NatsStoreConfig
  readonly #rules: ClientRules
  readonly #events: StoreEvents
  readonly #link: NatsLink
  #bucket: Promise<Bucket> | undefined
  /** The bucket as it was seen last: another of the same name has other revisions. */
  #seen: StreamInfo | undefined
  /** From when on all changes were told, on the monotonic clock. */
  #followedFrom = performance.now()
  /** When it was last heard from, on the monotonic clock. */
  #heardAt = Number.NEGATIVE_INFINITY

  private constructor(
    config: NatsStoreConfig,
    rules: ClientRules,
    events: StoreEvents,
    link: NatsLink,
  ) {
    this.#config = config
    this.#rules = rules
    this.#events = events
    this.#link = link
  }

  /** @throws {WireGuardError} as {@link NatsLink.open}. A server that is not there is waited for */
  static async open(
    config: NatsStoreConfig,
    rules: ClientRules,
    events: StoreEvents,
  ): Promise<NatsStore> {
    const link = await NatsLink.open(config.nats, 'wgctrl gateway: clients')
    return new NatsStore(config, rules, events, link)
  }

  async find(
    publicKey: PublicKey,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<Found | undefined> {
    const entry = await this.#read(publicKey, signal)
    if (entry?.operation !== 'PUT') return undefined
    return { client: this.#clientIn(entry, publicKey), revision: entry.revision }
  }

  async #read(publicKey: PublicKey, signal: AbortSignal): Promise<KvEntry | null> {
    const { leader, any } = await this.#opened(signal)
    // A copy may lack what was not told, and nothing would correct it: it is as far behind as `markers` at most.
    const isUntold = performance.now() - this.#followedFrom < this.#config.markers
    try {
      return await abortable((isUntold ? leader : any).get(keyOf(publicKey)), signal)
    } catch (error) {
      // Another bucket of the same name may have taken its place, which is read in another way.
      if (!signal.aborted) this.#bucket = undefined
      throw error
    }
  }

  async *changes({ since, signal }: ChangesOptions): AsyncGenerator<StoreChange, void, undefined> {
    const queue = new ChangeQueue()
    const end = (): void => queue.end()
    const stopListening = this.#link.onLost((error) => queue.end(error))
    signal.addEventListener('abort', end, { once: true })
    const ended = new AbortController()
    try {
      const { leader: kv } = await this.#opened(signal)
      const { streamInfo } = await abortable(kv.status(), signal)
      const { last_seq: last } = streamInfo.state
      const from = this.#isKnown(since, streamInfo) ? since : undefined
      this.#see(streamInfo)
      const resumeFromRevision = (from ?? last) + 1
      const watch = await abortable(kv.watch({ resumeFromRevision }), signal)
      ended.signal.addEventListener('abort', () => watch.stop())
      void this.#feed(watch, queue)
      void this.#look(kv, queue, ended.signal)
      yield from === undefined ? this.#lost(last) : { type: 'current', revision: from }
      yield* queue
    } finally {
      ended.abort()
      stopListening()
      signal.removeEventListener('abort', end)
    }
  }

  returned(most: number, signal: AbortSignal): Promise<boolean> {
    return this.#link.next(most, signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#link.close()
  }

  /** Whether the bucket can tell all that came behind a revision. */
  #isKnown(since: number | undefined, now: StreamInfo): since is number {
    const isLate = performance.now() - this.#heardAt > this.#config.markers
    if (since === undefined || !this.#seen || isLate) return false
    return since <= now.state.last_seq && isSame(this.#seen, now) && !hasFewer(this.#seen, now)
  }

  #lost(revision: number): StoreChange {
    this.#followedFrom = performance.now()
    return { type: 'lost', revision }
  }

  #see(info: StreamInfo): void {
    this.#seen = info
    this.#heardAt = performance.now()
  }

  /**
   * Looks at it as long as it is followed. Its watch says nothing when it is gone or another took its place, nor of keys
   * that went out of it without a marker.
   */
  async #look(kv: KV, queue: ChangeQueue, signal: AbortSignal): Promise<void> {
    try {
      while (await slept(LOOK, signal)) {
        const now = (await kv.status().catch(ifSlow))?.streamInfo
        const before = this.#seen
        if (!now || !before || signal.aborted) continue
        if (!isSame(before, now)) throw new Error('another of the same name took its place')
        this.#see(now)
        if (hasFewer(before, now)) queue.push(this.#lost(now.state.last_seq))
      }
    } catch (error) {
      this.#bucket = undefined
      queue.end(this.#unusable(error))
    }
  }

  async #feed(watch: AsyncIterable<KvEntry>, queue: ChangeQueue): Promise<void> {
    let failure: unknown = new WireGuardError('the watch of the bucket ended', { code: 'EAGAIN' })
    try {
      for await (const entry of watch) {
        queue.push(this.#changeIn(entry))
      }
    } catch (error) {
      failure = error
    }
    queue.end(failure)
  }

  /** A client that is none says nothing of the others: whoever it was stays as he was. */
  #changeIn(entry: KvEntry): StoreChange {
    const { key, operation, revision } = entry
    const publicKey = publicKeyOf(key)
    try {
      if (publicKey === undefined) {
        throw new WireGuardError('is no public key in base64url', { code: 'EINVAL' })
      }
      if (operation !== 'PUT') return { type: 'revoked', publicKey, revision }
      return { type: 'changed', publicKey, client: this.#clientIn(entry, publicKey), revision }
    } catch (error) {
      const place = publicKey ?? key.slice(0, 64)
      this.#events.onProblem({ place, message: reasonWithin(error) })
      return { type: 'current', revision }
    }
  }

  #clientIn(entry: KvEntry, publicKey: PublicKey): Found['client'] {
    let value: unknown
    try {
      value = entry.json()
    } catch {
      throw new WireGuardError('the client is no JSON', { code: 'EINVAL' })
    }
    return checkClient(value, 'client', publicKey, this.#rules)
  }

  async #opened(signal: AbortSignal): Promise<Bucket> {
    const connection = await this.#link.connection(signal)
    const opened = this.#bucket ?? this.#open(connection)
    this.#bucket = opened
    try {
      return await abortable(opened, signal)
    } catch (error) {
      if (!signal.aborted && this.#bucket === opened) this.#bucket = undefined
      throw signal.aborted ? error : this.#unusable(error)
    }
  }

  #unusable(error: unknown): WireGuardError {
    const text = `the bucket ${this.#config.bucket} cannot be used: ${reasonWithin(error)}`
    return new WireGuardError(text, { code: 'EAGAIN', cause: error })
  }

  async #open(connection: NatsConnection): Promise<Bucket> {
    const { jetstream, kv } = this.#link.packages
    const { bucket, nats } = this.#config
    const manager = new kv.Kvm(jetstream.jetstream(connection, nats))
    const leader = await manager.open(bucket)
    const { streamInfo } = await leader.status()
    const isDirect = streamInfo.config.allow_direct
    return { leader, any: isDirect ? await manager.open(bucket, { allow_direct: true }) : leader }
  }
}

const isSame = (before: StreamInfo, now: StreamInfo): boolean =>
  now.created === before.created && now.state.last_seq >= before.state.last_seq

/** Whether keys are not in it any more, not even as markers: no put and no removal does that. 0 is not said. */
const hasFewer = ({ state: before }: StreamInfo, { state: now }: StreamInfo): boolean =>
  (now.num_subjects ?? 0) < (before.num_subjects ?? 0)

/** One that is slow says nothing: the connection tells when the server is gone. */
function ifSlow(error: Error): undefined {
  if (error.name !== 'TimeoutError') throw error
}
