import { TrafficLedger } from 'wgctrl'
import { readDocument, writeDocument } from './database.mjs'

/** How fine, and how long it is kept. Both in seconds. */
const TABLES = [
  { step: 60, kept: 2 * 86_400 },
  { step: 3600, kept: 400 * 86_400 },
]

/** What can be plotted: so many seconds, in steps of so many, from the table of that step. */
const RANGES = {
  hour: { length: 3600, step: 60, table: 60 },
  day: { length: 86_400, step: 900, table: 60 },
  month: { length: 30 * 86_400, step: 21_600, table: 3600 },
}

/**
 * @typedef {object} Plot
 * @property {number} from seconds since 1970
 * @property {number} step seconds
 * @property {[received: number, transmitted: number][]} bytes in each step, up to now
 */

/**
 * The traffic of each client over all that the device forgets. The ledger is in the database: whoever reads the
 * device adds what came since the reading before, whichever process made that one.
 */
export class History {
  #database

  /** @param {import('./database.mjs').Connection} database */
  constructor(database) {
    this.#database = database
  }

  /**
   * Reads the device and adds what is new.
   *
   * @param {import('wgctrl').WireGuardClient} wg
   * @param {string} name
   * @param {{ maxAge?: number }} [options] milliseconds
   */
  async count(wg, name, { maxAge = 0 } = {}) {
    const began = clock() - maxAge
    const device = await wg.device(name, { maxAge, secrets: false })
    this.add(device, began, clock())
  }

  /**
   * Readings of one device have to come in order. One that began before the last one was over, which another process
   * made, is left out: nothing is lost, for the next one has all.
   *
   * @param {Pick<import('wgctrl').Device, 'name' | 'peers'>} device
   * @param {number} began by {@link clock}
   * @param {number} ended
   */
  add(device, began, ended) {
    this.#database
      .transaction(() => {
        const last = readDocument(this.#database, 'ledger') ?? { ended: 0 }
        // A time to come is one of before the machine was started.
        if (began <= last.ended && last.ended <= clock()) return
        const ledger = new TrafficLedger(last.record)
        for (const change of ledger.update(device)) this.#book(change)
        writeDocument(this.#database, 'ledger', { record: ledger, ended })
      })
      .immediate()
  }

  /** Drops what is too old to be shown. */
  prune() {
    const now = Date.now() / 1000
    const statement = this.#database.prepare('DELETE FROM traffic WHERE step = ? AND start < ?')
    for (const { step, kept } of TABLES) statement.run(step, now - kept)
  }

  /**
   * @param {number} client
   * @param {string} name of a range
   * @returns {Plot | undefined} undefined: there is no such range
   */
  plot(client, name) {
    if (!Object.hasOwn(RANGES, name)) return undefined
    const { length, step, table } = RANGES[/** @type {keyof typeof RANGES} */ (name)]
    const last = Math.floor(Date.now() / 1000 / step)
    const first = last + 1 - length / step
    const rows = /** @type {{ at: number, received: number, transmitted: number }[]} */ (
      this.#database
        .prepare(
          `SELECT start / CAST(? AS INTEGER) AS at, sum(received) AS received, sum(transmitted) AS transmitted
           FROM traffic WHERE client = ? AND step = ? AND start >= ? GROUP BY at`,
        )
        .all(step, client, table, first * step)
    )
    const found = new Map(
      rows.map(({ at, received, transmitted }) => [at, [received, transmitted]]),
    )
    const bytes = Array.from({ length: length / step }, (_, at) => found.get(first + at) ?? [0, 0])
    return { from: first * step, step, bytes: /** @type {[number, number][]} */ (bytes) }
  }

  /**
   * @param {import('wgctrl').TrafficChange} change
   */
  #book({ publicKey, receivedBytes, transmittedBytes }) {
    const client = /** @type {{ id: number } | undefined} */ (
      this.#database
        .prepare(
          `UPDATE client SET received = received + ?, transmitted = transmitted + ?
           WHERE public_key = ? RETURNING id`,
        )
        .get(receivedBytes, transmittedBytes, publicKey)
    )
    if (!client) return
    const now = Math.floor(Date.now() / 1000)
    const statement = this.#database.prepare(
      `INSERT INTO traffic VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE
       SET received = received + excluded.received, transmitted = transmitted + excluded.transmitted`,
    )
    for (const { step } of TABLES) {
      statement.run(client.id, step, now - (now % step), receivedBytes, transmittedBytes)
    }
  }
}

/** Milliseconds by a clock that all processes of the machine share, and that nobody sets. */
const clock = () => Number(process.hrtime.bigint()) / 1e6
