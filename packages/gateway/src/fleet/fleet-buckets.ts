import type { KV, KvEntry } from '@nats-io/kv'
import type { NatsConnection } from '@nats-io/transport-node'
import type { PublicKey } from '@wgctrl/types'
import type { FleetConfig } from '../config/gateway-config.js'
import { keyOf } from '../nats/client-key.js'
import type { NatsLink } from '../nats/connection.js'
import { type Presence, presenceOf } from './presence.js'

/** Milliseconds that the entry of a client stays that nobody renews: its gateway died, and nobody looked for it since. */
export const LONGEST = 86_400_000

/** What a bucket has for a client. */
interface PresenceEntry {
  /** What the next one is written on; 0: there was none. */
  readonly revision: number
  /** Absent: the client is nowhere. */
  readonly presence?: Presence | undefined
}

/** What a fleet has in NATS, on one connection: where each client is, and which gateways are there. */
export class FleetBuckets {
  readonly connection: NatsConnection
  readonly #presence: KV
  readonly #gateways: KV

  private constructor(connection: NatsConnection, presence: KV, gateways: KV) {
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
    const openOrMake = async (name: string, lifetime: number): Promise<KV> => {
      const opened = await manager.open(name)
      // Opening says nothing of whether it is there.
      const isThere = await opened.status().then(() => true, isMissing)
      return isThere ? opened : await manager.create(name, { history: 1, ttl: lifetime })
    }
    const [ofClients, ofGateways] = await Promise.all([
      openOrMake(bucket, LONGEST),
      openOrMake(gateways, ttl),
    ])
    return new FleetBuckets(connection, ofClients, ofGateways)
  }

  async read(publicKey: PublicKey): Promise<PresenceEntry> {
    const entry = await this.#presence.get(keyOf(publicKey))
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
      return await this.#presence.put(keyOf(publicKey), value, { previousSeq: before })
    } catch (error) {
      return ifTaken(error as Error)
    }
  }

  /** Removes an entry, unless somebody else wrote it since. */
  async remove(publicKey: PublicKey, revision: number): Promise<void> {
    try {
      await this.#presence.delete(keyOf(publicKey), { previousSeq: revision })
    } catch (error) {
      ifTaken(error as Error)
    }
  }

  /** Says that a gateway is there. */
  async beat(id: string, clients: number): Promise<void> {
    await this.#gateways.put(id, JSON.stringify({ clients, time: Date.now() }))
  }

  async isThere(id: string): Promise<boolean> {
    return (await this.#gateways.get(id))?.operation === 'PUT'
  }
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
function isMissing(error: Error & { readonly code?: unknown }): false {
  if (error.code === 10_059) return false
  throw error
}

/** The error that says that an entry is not what it was when it was read: somebody else was first. */
function ifTaken(error: Error & { readonly code?: unknown }): undefined {
  if (error.code === 10_071 || /wrong last sequence/.test(error.message)) return undefined
  throw error
}
