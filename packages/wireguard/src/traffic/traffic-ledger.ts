import {
  countersOf,
  type Device,
  exactBytes,
  InvalidTypeError,
  invalid,
  type Peer,
  type PublicKey,
  toCounter,
} from '@wgctrl/types'
import { checkDevice } from '../reading.js'

/** Bytes in all, in the shape of a {@link Peer}: `exactBytes` is there when a number would not be exact. */
export type Traffic = Pick<Peer, 'receivedBytes' | 'transmittedBytes' | 'exactBytes'>

/** What one reading added. */
export interface TrafficChange extends Traffic {
  readonly publicKey: PublicKey
}

/** A ledger as plain data, for JSON and databases: bytes are decimal digits. Kept by {@link TrafficLedger.toJSON}. */
export interface TrafficRecord {
  readonly version: 1
  /** By public key: what was received and transmitted in all. */
  readonly totals: Readonly<Record<PublicKey, readonly [received: string, transmitted: string]>>
  /** By device and public key: the counters as they were seen last. */
  readonly devices: Readonly<
    Record<string, Readonly<Record<PublicKey, readonly [received: string, transmitted: string]>>>
  >
}

/**
 * Adds up the traffic of each key over everything that sets a device's counters back: a peer that is removed and
 * comes again, a device that is made anew, a program that starts again (with what {@link toJSON} gave). Totals never
 * go down, and nothing is counted twice.
 *
 * What a peer had between the last reading and its removal is known to nobody but the one who removes it: a client
 * that keeps the ledger (`wg.keepLedger`) reads the device before.
 *
 * @example
 * ```ts
 * const ledger = new TrafficLedger(JSON.parse(await readFile('traffic.json', 'utf8')))
 * ledger.update(await wg.device('wg0'))
 * console.log(ledger.total(alice).receivedBytes)
 * await writeFile('traffic.json', JSON.stringify(ledger))
 * ```
 */
export class TrafficLedger {
  readonly #totals = new Map<PublicKey, Bytes>()
  readonly #devices = new Map<string, Map<PublicKey, Bytes>>()

  /**
   * @param record of an earlier ledger; absent: nothing was counted before
   * @throws {TypeError | WireGuardError} `EINVAL` with `path` when it is none
   */
  constructor(record?: TrafficRecord) {
    if (record === undefined) return
    if (record?.version !== 1) throw invalid('record.version', 'this ledger knows version 1')
    readTable(record.totals, 'record.totals', this.#totals)
    for (const [device, table] of entriesOf(record.devices, 'record.devices')) {
      const path = `record.devices.${device}`
      this.#devices.set(device, readTable(table as TrafficRecord['totals'], path, new Map()))
    }
  }

  /**
   * Counts what came since the reading before. Readings of one device have to come in the order in which they were
   * made. A device that is seen for the first time counts with all that its counters say.
   *
   * @returns the peers that had traffic
   */
  update(device: Pick<Device, 'name' | 'peers'>): TrafficChange[] {
    checkDevice(device, 'device')
    const before = this.#devices.get(device.name)
    const now = new Map<PublicKey, Bytes>()
    const changes: TrafficChange[] = []
    for (const peer of device.peers) {
      const { publicKey } = peer
      const counters = bytesOf(peer)
      now.set(publicKey, counters)
      const change = since(before?.get(publicKey), counters)
      if (change.received === 0n && change.transmitted === 0n) continue
      this.#totals.set(publicKey, sum(this.#totals.get(publicKey) ?? NOTHING, change))
      changes.push({ publicKey, ...asTraffic(change) })
    }
    this.#devices.set(device.name, now)
    return changes
  }

  /**
   * A device is gone, or these of its peers are: what comes again under its name, or with these keys, begins at 0.
   *
   * @param publicKeys absent: all
   */
  removed(device: string, publicKeys?: Iterable<PublicKey>): void {
    if (publicKeys === undefined) this.#devices.delete(device)
    else for (const key of publicKeys) this.#devices.get(device)?.delete(key)
  }

  /** What a key had in all. */
  total(publicKey: PublicKey): Traffic {
    return asTraffic(this.#totals.get(publicKey) ?? NOTHING)
  }

  /** Of every key that had traffic. */
  totals(): Map<PublicKey, Traffic> {
    return new Map(Array.from(this.#totals, ([key, bytes]) => [key, asTraffic(bytes)]))
  }

  /** Drops the total of a key, of a client that was deleted for good. It begins at 0 when it comes again. */
  forget(publicKey: PublicKey): void {
    this.#totals.delete(publicKey)
  }

  /** What the constructor takes. */
  toJSON(): TrafficRecord {
    const devices = Array.from(this.#devices, ([name, table]) => [name, asRecord(table)])
    return { version: 1, totals: asRecord(this.#totals), devices: Object.fromEntries(devices) }
  }
}

interface Bytes {
  readonly received: bigint
  readonly transmitted: bigint
}

const NOTHING: Bytes = { received: 0n, transmitted: 0n }

/** Both counters of a peer begin anew together: when one went back, so did the other, whatever it says now. */
function since(before: Bytes | undefined, now: Bytes): Bytes {
  if (!before || now.received < before.received || now.transmitted < before.transmitted) return now
  return {
    received: now.received - before.received,
    transmitted: now.transmitted - before.transmitted,
  }
}

const sum = (one: Bytes, other: Bytes): Bytes => ({
  received: one.received + other.received,
  transmitted: one.transmitted + other.transmitted,
})

function bytesOf(peer: Peer): Bytes {
  const { received, transmitted } = countersOf(peer)
  return { received: BigInt(received), transmitted: BigInt(transmitted) }
}

function asTraffic({ received, transmitted }: Bytes): Traffic {
  const exact = exactBytes(toCounter(received), toCounter(transmitted))
  return {
    receivedBytes: Number(received),
    transmittedBytes: Number(transmitted),
    ...(exact && { exactBytes: exact }),
  }
}

type Table = Record<PublicKey, readonly [string, string]>

function asRecord(table: ReadonlyMap<PublicKey, Bytes>): Table {
  return Object.fromEntries(
    Array.from(table, ([key, { received, transmitted }]) => [
      key,
      [`${received}`, `${transmitted}`],
    ]),
  )
}

function readTable(
  table: TrafficRecord['totals'],
  path: string,
  into: Map<PublicKey, Bytes>,
): Map<PublicKey, Bytes> {
  for (const [key, value] of entriesOf(table, path)) {
    const [received, transmitted] = Array.isArray(value) ? value : []
    if (!isCount(received) || !isCount(transmitted)) {
      throw new InvalidTypeError(`${path}.${key}`, 'must be two numbers in decimal digits')
    }
    into.set(key, { received: BigInt(received), transmitted: BigInt(transmitted) })
  }
  return into
}

const isCount = (value: unknown): value is string =>
  typeof value === 'string' && /^\d{1,40}$/.test(value)

function entriesOf(table: unknown, path: string): [string, unknown][] {
  if (typeof table === 'object' && table !== null && !Array.isArray(table)) {
    return Object.entries(table)
  }
  throw new InvalidTypeError(path, 'must be an object')
}
