import type { KV, KvEntry, KvStatus } from '@nats-io/kv'
import type { NatsConnection } from '@nats-io/transport-node'
import { type PublicKey, WireGuardError } from '@wgctrl/types'
import type { FleetConfig } from '../config/gateway-config.js'
import { keyOf } from '../nats/client-key.js'
import type { NatsLink } from '../nats/connection.js'
import { type Presence, presenceOf } from './presence.js'

/** Milliseconds that the entry of a client stays that nobody renews: its gateway died, and nobody looked for it since. */
const LONGEST = 86_400_000

/** What a bucket has for a client. */
interface PresenceEntry {
  /** What the next one is written on; 0: there was none. */
  readonly revision: number
  /** Absent: the client is nowhere. */
  readonly presence?: Presence | undefined
}

/** A bucket as it was opened. */
interface Opened {
  readonly kv: KV
  /** When it was made: another of the same name has other revisions. */
  readonly created: string
  /** Milliseconds after which what nobody renews is gone, at most as many as it should be. */
  readonly ttl: number
  /** What is wrong with it: somebody else made it. */
  readonly problem?: WireGuardError | undefined
}

/** What a fleet has in NATS, on one connection: where each client is, and which gateways are there. */
export class FleetBuckets {
  readonly connection: NatsConnection
  readonly #presence: Opened
  readonly #gateways: Opened

  private constructor(connection: NatsConnection, presence: Opened, gateways: Opened) {
    this.connection = connection
    this.#presence = presence
    this.#gateways = gateways
  }

  /** Opens the buckets, or makes them. */
  static async open(
    link: NatsLink,
    { bucket, gateways, ttl, nats }: FleetConfig,
    signal: AbortSignal,
  ): Promise<FleetBuckets> {
    const connection = await link.connection(signal)
    const { jetstream, kv } = link.packages
    const manager = new kv.Kvm(jetstream.jetstream(connection, nats))
    const openOrMake = async (name: string, lifetime: number): Promise<Opened> => {
      const opened = await manager.open(name)
      // Opening says nothing of whether it is there.
      const found = await opened.status().catch(ifMissing)
      if (found) return openedOf(opened, found, lifetime)
      const made = await manager.create(name, { history: 1, ttl: lifetime })
      return openedOf(made, await made.status(), lifetime)
    }
    const [ofClients, ofGateways] = await Promise.all([
      openOrMake(bucket, LONGEST),
      openOrMake(gateways, ttl),
    ])
    return new FleetBuckets(connection, ofClients, ofGateways)
  }

  /** Milliseconds for which what is said stays: by then it has to be said again. */
  get ttl(): { readonly clients: number; readonly gateways: number } {
    return { clients: this.#presence.ttl, gateways: this.#gateways.ttl }
  }

  /** What is wrong with buckets that others made. */
  get problems(): readonly WireGuardError[] {
    const problems = [this.#presence, this.#gateways].map(({ problem }) => problem)
    return problems.filter((problem) => problem !== undefined)
  }

  async read(publicKey: PublicKey): Promise<PresenceEntry> {
    const entry = await this.#presence.kv.get(keyOf(publicKey))
    return { revision: entry?.revision ?? 0, presence: entry ? presenceIn(entry) : undefined }
  }

  /**
   * @param before the revision that was read
   * @returns the new one; `undefined` when somebody else was first
   */
  async write(
    publicKey: PublicKey,
    presence: Presence,
    before: number,
  ): Promise<number | undefined> {
    try {
      const value = JSON.stringify(presence)
      return await this.#presence.kv.put(keyOf(publicKey), value, { previousSeq: before })
    } catch (error) {
      return ifTaken(error as Error)
    }
  }

  /** Removes an entry, unless somebody else wrote it since. */
  async remove(publicKey: PublicKey, revision: number): Promise<void> {
    try {
      await this.#presence.kv.delete(keyOf(publicKey), { previousSeq: revision })
    } catch (error) {
      ifTaken(error as Error)
    }
  }

  /** Says that a gateway is there. @throws also when what was said of clients is gone, with its bucket */
  async beat(id: string, clients: number): Promise<void> {
    await this.#gateways.kv.put(id, JSON.stringify({ clients, time: Date.now() }))
    const { bucket, streamInfo } = await this.#presence.kv.status()
    if (streamInfo.created === this.#presence.created) return
    const text = `another bucket took the place of ${bucket}`
    throw new WireGuardError(text, { code: 'EAGAIN' })
  }

  async isThere(id: string): Promise<boolean> {
    return (await this.#gateways.kv.get(id))?.operation === 'PUT'
  }
}

/** @param lifetime milliseconds that what is in it should stay */
function openedOf(kv: KV, { bucket, ttl, streamInfo }: KvStatus, lifetime: number): Opened {
  const { created } = streamInfo
  if (ttl > 0 && ttl <= lifetime) return { kv, created, ttl }
  const own = ttl > 0 ? `a TTL of ${ttl} ms` : 'no TTL'
  const text = `${bucket} has ${own}, ${lifetime} ms are meant: what nobody renews stays too long`
  return { kv, created, ttl: lifetime, problem: new WireGuardError(text, { code: 'EINVAL' }) }
}

function presenceIn(entry: KvEntry): Presence | undefined {
  if (entry.operation !== 'PUT') return undefined
  try {
    return presenceOf(entry.json())
  } catch {
    return undefined
  }
}

/** The error that says that there is no such bucket: a server that is slow to answer, behind its start, says nothing of it. */
function ifMissing(error: Error & { readonly code?: unknown }): undefined {
  if (error.code === 10_059) return undefined
  throw error
}

/** The error that says that an entry is not what it was when it was read: somebody else was first. */
function ifTaken(error: Error & { readonly code?: unknown }): undefined {
  if (error.code === 10_071 || /wrong last sequence/.test(error.message)) return undefined
  throw error
}
