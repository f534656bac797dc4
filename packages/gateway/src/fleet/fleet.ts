import type { KV, KvEntry } from '@nats-io/kv'
import type { NatsConnection } from '@nats-io/transport-node'
import { type PublicKey, slept, WireGuardError } from '@wgctrl/types'
import type { FleetConfig } from '../config/gateway-config.js'
import { keyOf } from '../nats/client-key.js'
import { NatsLink } from '../nats/connection.js'
import { type Leave, leaveOf, type Presence, presenceOf } from './presence.js'

/** A client of this gateway, as the device has it. */
export interface Held {
  readonly publicKey: PublicKey
  readonly endpoint?: string | undefined
  /** Milliseconds since 1970; absent: no handshake yet. */
  readonly handshake?: number | undefined
}

export interface FleetContext {
  /** The clients that are in. */
  held(): Promise<readonly Held[]>
  /** Clients are elsewhere: takes them out. @returns who of them was in */
  release(keys: readonly PublicKey[]): Promise<readonly PublicKey[]>
  /** A client is here from now on. @param from where it was; absent: nowhere */
  onMoved(publicKey: PublicKey, from: string | undefined): void
  /** A client is at another gateway and was taken out here. */
  onLeft(publicKey: PublicKey, to: string): void
  onFailed(error: unknown): void
}

/** Milliseconds that the entry of a client stays that nobody renews: its gateway died, and nobody looked for it since. */
const LONGEST = 86_400_000

/** Milliseconds between looks whether all entries are what they should be. */
const SWEEP = 300_000

/** Milliseconds before the next try. */
const RETRY = 500

/** Clients whose entries are read or written at the same time. */
const AT_ONCE = 64

/** How often an entry may be somebody else's meanwhile, before the next sweep has to settle it. */
const TRIES = 16

/** Milliseconds before the next try, at most: two who are at it at once must not meet again. */
const TURN = 50

interface Buckets {
  readonly connection: NatsConnection
  readonly presence: KV
  readonly gateways: KV
}

/**
 * Tells the other gateways of a fleet which clients are here, and takes those out that are at another one.
 *
 * A bucket has an entry for each client: whoever writes it last has the client. It is written on the condition that it is
 * what was read, so that of two who write at once one sees the other; and whoever was in it is told. Nobody has to hear
 * of all: a gateway hears of its own clients alone.
 */
export class Fleet {
  readonly #config: FleetConfig
  readonly #context: FleetContext
  readonly #link: NatsLink
  readonly #stopped = new AbortController()
  /** The revisions of our own entries. */
  readonly #entries = new Map<PublicKey, number>()
  #waiting = new Map<PublicKey, string | undefined>()
  /** Clients whose entries are being written, and the last that another gateway said of each meanwhile. */
  readonly #claimed = new Map<PublicKey, Leave | undefined>()
  #buckets: Buckets | undefined
  #claiming: Promise<void> | undefined
  #loop: Promise<void> | undefined

  private constructor(config: FleetConfig, context: FleetContext, link: NatsLink) {
    this.#config = config
    this.#context = context
    this.#link = link
  }

  /** @throws {WireGuardError} as {@link NatsLink.open}. A server that is not there is waited for */
  static async open(config: FleetConfig, context: FleetContext): Promise<Fleet> {
    const link = await NatsLink.open(config.nats, `wgctrl gateway: fleet, ${config.id}`)
    const fleet = new Fleet(config, context, link)
    fleet.#loop = fleet.#run()
    return fleet
  }

  /** Whether the others can be told. */
  get isAway(): boolean {
    return this.#buckets === undefined
  }

  /** A client was let in. */
  appeared(publicKey: PublicKey, endpoint: string | undefined): void {
    this.#waiting.set(publicKey, endpoint)
    this.#claimAll()
  }

  /** A client is not here any more, and as far as is known nowhere else. */
  gone(publicKey: PublicKey): void {
    this.#waiting.delete(publicKey)
    const revision = this.#entries.get(publicKey)
    this.#entries.delete(publicKey)
    if (revision === undefined || !this.#buckets) return
    // One that was written meanwhile is another gateway's, and stays.
    this.#buckets.presence.delete(keyOf(publicKey), { previousSeq: revision }).catch(() => {})
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    await Promise.all([this.#loop, this.#claiming])
    await this.#link.close()
  }

  /** From one loss of the connection to the next. */
  async #run(): Promise<void> {
    const { signal } = this.#stopped
    let isTold = false
    while (!signal.aborted) {
      const ended = new AbortController()
      const unlisten = this.#link.onLost(() => ended.abort())
      const end = (): void => ended.abort()
      signal.addEventListener('abort', end, { once: true })
      try {
        this.#buckets = await this.#openBuckets(signal)
        this.#hear(this.#buckets.connection)
        isTold = false
        this.#claimAll()
        await Promise.all([this.#beat(this.#buckets, ended), this.#sweepOften(ended)])
      } catch (error) {
        if (!isTold && !signal.aborted) this.#context.onFailed(error)
        isTold = true
      } finally {
        ended.abort()
        unlisten()
        signal.removeEventListener('abort', end)
        this.#silence()
        this.#buckets = undefined
      }
      await slept(RETRY * (1 + Math.random()), signal)
    }
  }

  #silence = (): void => {}

  /** Others tell of clients that came to them. */
  #hear(connection: NatsConnection): void {
    const { subject, id } = this.#config
    const subscription = connection.subscribe(`${subject}.leave.${id}`, {
      callback: (error, message) => {
        if (!error) void this.#leave(message.json.bind(message))
      },
    })
    this.#silence = () => subscription.unsubscribe()
  }

  async #leave(read: () => unknown): Promise<void> {
    try {
      const leave = leaveOf(read())
      if (leave) await this.#heed(leave)
    } catch (error) {
      this.#context.onFailed(error)
    }
  }

  async #heed(leave: Leave): Promise<void> {
    const { publicKey, to, revision } = leave
    // Whether it is older than the entry that is being written shows when that has its revision.
    if (this.#claimed.has(publicKey)) {
      const earlier = this.#claimed.get(publicKey)
      if (!earlier || earlier.revision < revision) this.#claimed.set(publicKey, leave)
      return
    }
    // It came back, and its entry will be written behind this one.
    if (this.#waiting.has(publicKey)) return
    if (revision > (this.#entries.get(publicKey) ?? 0)) await this.#release([[publicKey, to]])
  }

  async #release(leavers: readonly (readonly [PublicKey, string])[]): Promise<void> {
    if (leavers.length === 0) return
    const to = new Map(leavers)
    for (const key of to.keys()) {
      this.#entries.delete(key)
      this.#waiting.delete(key)
    }
    for (const key of await this.#context.release([...to.keys()])) {
      this.#context.onLeft(key, to.get(key) ?? '')
    }
  }

  /** Says that this gateway is there, until that fails. */
  async #beat({ gateways }: Buckets, ended: AbortController): Promise<void> {
    const { id, ttl } = this.#config
    try {
      do await gateways.put(id, JSON.stringify({ clients: this.#entries.size, time: Date.now() }))
      while (await slept(ttl / 3, ended.signal))
    } finally {
      ended.abort()
    }
  }

  async #sweepOften(ended: AbortController): Promise<void> {
    try {
      do await this.#sweep(ended.signal)
      while (await slept(SWEEP, ended.signal))
    } finally {
      ended.abort()
    }
  }

  /** Messages may have been lost, and clients have come and gone: compares all who are in with their entries. */
  async #sweep(signal: AbortSignal): Promise<void> {
    const held = await this.#context.held()
    for (let at = 0; at < held.length && !signal.aborted; at += AT_ONCE) {
      const some = held.slice(at, at + AT_ONCE)
      const leavers = await Promise.all(some.map((one) => this.#settle(one)))
      await this.#release(leavers.filter((each) => each !== undefined))
    }
  }

  /** @returns where a client is that is here and elsewhere, and was heard from there last */
  async #settle(held: Held): Promise<readonly [PublicKey, string] | undefined> {
    const { publicKey, endpoint, handshake = 0 } = held
    const entry = await this.#read(publicKey)
    const presence = entry && readPresence(entry)
    if (presence && presence.gateway !== this.#config.id && presence.time > handshake) {
      return [publicKey, presence.gateway]
    }
    const isOld = presence !== undefined && Date.now() - presence.time > LONGEST / 2
    if (entry && presence?.gateway === this.#config.id && !isOld) {
      this.#entries.set(publicKey, entry.revision)
    } else await this.#claim(publicKey, endpoint)
    return undefined
  }

  #claimAll(): void {
    this.#claiming ??= this.#claimWaiting().finally(() => {
      this.#claiming = undefined
    })
  }

  async #claimWaiting(): Promise<void> {
    // What cannot be told now is told by the sweep behind the next connection.
    while (this.#waiting.size > 0 && this.#buckets && !this.#stopped.signal.aborted) {
      const some = [...this.#waiting].slice(0, AT_ONCE)
      for (const [publicKey] of some) this.#waiting.delete(publicKey)
      try {
        await Promise.all(some.map(([publicKey, endpoint]) => this.#claim(publicKey, endpoint)))
      } catch (error) {
        this.#context.onFailed(error)
      }
    }
  }

  /** Makes a client's entry ours, and tells whoever had it. */
  async #claim(publicKey: PublicKey, endpoint: string | undefined): Promise<void> {
    if (this.#claimed.has(publicKey)) return
    this.#claimed.set(publicKey, undefined)
    let leave: Leave | undefined
    try {
      await this.#write(publicKey, endpoint)
    } finally {
      leave = this.#claimed.get(publicKey)
      this.#claimed.delete(publicKey)
    }
    if (leave) await this.#heed(leave)
  }

  async #write(publicKey: PublicKey, endpoint: string | undefined): Promise<void> {
    const { id } = this.#config
    const value = { gateway: id, time: Date.now(), endpoint }
    for (let tries = TRIES; tries > 0; tries--) {
      const { presence: bucket } = this.#here()
      const entry = await this.#read(publicKey)
      const before = entry && readPresence(entry)
      const revision = await bucket
        .put(keyOf(publicKey), JSON.stringify(value), { previousSeq: entry?.revision ?? 0 })
        .catch((error) => ifTaken(error))
      if (revision === undefined) {
        await slept(TURN * Math.random(), this.#stopped.signal)
        continue
      }
      this.#entries.set(publicKey, revision)
      const from = before?.gateway
      if (from === id) return
      this.#publish(publicKey, from, { ...value, revision })
      return this.#context.onMoved(publicKey, from)
    }
  }

  #publish(
    publicKey: PublicKey,
    from: string | undefined,
    { gateway: to, ...rest }: Presence & { readonly revision: number },
  ): void {
    const { subject } = this.#config
    const { connection } = this.#here()
    const { revision } = rest
    if (from !== undefined) {
      connection.publish(`${subject}.leave.${from}`, JSON.stringify({ publicKey, to, revision }))
    }
    connection.publish(`${subject}.moved`, JSON.stringify({ publicKey, from, to, ...rest }))
  }

  /** Of an entry that was deleted its revision is what the next one is written on. */
  async #read(publicKey: PublicKey): Promise<KvEntry | undefined> {
    return (await this.#here().presence.get(keyOf(publicKey))) ?? undefined
  }

  #here(): Buckets {
    if (this.#buckets) return this.#buckets
    throw new WireGuardError('the fleet cannot be reached', { code: 'EAGAIN' })
  }

  async #openBuckets(signal: AbortSignal): Promise<Buckets> {
    const connection = await this.#link.connection(signal)
    const { jetstream, kv } = this.#link.packages
    const { bucket, gateways, ttl, nats } = this.#config
    const manager = new kv.Kvm(jetstream.jetstream(connection, nats))
    const openOrMake = async (name: string, lifetime: number): Promise<KV> => {
      const opened = await manager.open(name)
      // Opening says nothing of whether it is there.
      const isThere = await opened.status().then(
        () => true,
        () => false,
      )
      return isThere ? opened : await manager.create(name, { history: 1, ttl: lifetime })
    }
    return {
      connection,
      presence: await openOrMake(bucket, LONGEST),
      gateways: await openOrMake(gateways, ttl),
    }
  }
}

function readPresence(entry: KvEntry): Presence | undefined {
  if (entry.operation !== 'PUT') return undefined
  try {
    return presenceOf(entry.json())
  } catch {
    return undefined
  }
}

/** The error that says that an entry is not what it was when it was read: somebody else was first. */
function ifTaken(error: Error & { readonly code?: unknown }): undefined {
  if (error.code === 10_071 || /wrong last sequence/.test(error.message)) return undefined
  throw error
}
