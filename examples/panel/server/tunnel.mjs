import { revisionOf } from './database.mjs'
import { checkSettings, serverInterface } from './settings.mjs'

/** Milliseconds. */
const COUNT_INTERVAL = 10_000
const ENSURE_INTERVAL = 60_000
const PRUNE_INTERVAL = 3_600_000

/**
 * @typedef {object} TunnelParts
 * @property {import('./wireguard.mjs').Machine} machine
 * @property {string} name of the device
 * @property {import('wgctrl').SecretKey} key
 * @property {import('./database.mjs').Connection} database
 * @property {import('./settings.mjs').SettingsStore} settings
 * @property {import('./clients.mjs').Clients} clients
 * @property {import('./history.mjs').History} history
 */

/** Makes the device what the database says, and keeps it so. */
export class Tunnel {
  #parts
  /** @type {string | undefined} */
  #problem
  /** @type {string[]} */
  #warnings = []
  /** @type {Promise<void>} */
  #turn = Promise.resolve()
  /** @type {Promise<void> | undefined} */
  #next
  /** @type {NodeJS.Timeout | undefined} */
  #timer
  #isClosed = false
  #ensuredAt = 0
  /** The device is not known to be what the database says. */
  #isDue = true
  #prunedAt = 0

  /** @param {TunnelParts} parts */
  constructor(parts) {
    this.#parts = parts
  }

  /** Why the device is not as it should be; undefined: it is. */
  get problem() {
    return this.#problem ?? (this.#warnings.join(' ') || undefined)
  }

  /**
   * Whether a device can be made of settings.
   *
   * @param {Record<string, unknown>} given
   */
  check(given) {
    return this.#parts.machine.use((wg) => checkSettings(wg, this.#parts, given))
  }

  /** Runs until it is closed. What fails is tried again. */
  async start() {
    await this.apply()
    this.#wait()
  }

  /**
   * Makes the device what the database says now. What fails is in {@link problem}, and is tried again. All who ask
   * before it began share one.
   */
  apply() {
    this.#next ??= this.#turn.then(() => {
      this.#next = undefined
      return this.#attempt(() => this.#ensure())
    })
    this.#turn = this.#next
    return this.#next
  }

  /** Counts for the last time. The device goes on. */
  async close() {
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.#turn
    await this.#attempt(() => this.#count())
  }

  /** Another process may change database and device meanwhile: whoever is last sees that it is not over. */
  async #ensure() {
    const { machine, database, settings, clients } = this.#parts
    this.#isDue = true
    for (let revision; revision !== revisionOf(database); ) {
      revision = revisionOf(database)
      // The last bytes of whoever is cut off now.
      await this.#count()
      const now = Date.now()
      const peers = clients.peers(now)
      try {
        const config = { ...serverInterface(settings.get(), this.#parts), peers }
        this.#warnings = []
        await machine.use((wg) =>
          wg.ensure(config, { onWarning: ({ message }) => this.#warnings.push(message) }),
        )
      } finally {
        for (const { presharedKey } of peers) presharedKey.wipe()
      }
      this.#ensuredAt = now
    }
    this.#isDue = false
    this.#problem = undefined
  }

  /** @param {{ maxAge?: number }} [options] */
  async #count(options) {
    const { machine, name, history } = this.#parts
    try {
      await machine.use((wg) => history.count(wg, name, options))
    } catch (error) {
      // Nothing is there that could be counted.
      if (!isAbsent(error)) throw error
      this.#isDue = true
    }
  }

  #wait() {
    // What failed just now is not tried again at once.
    const pause = this.#isDue ? COUNT_INTERVAL : Math.max(0, this.#dueAt - Date.now())
    this.#timer = setTimeout(() => this.#tick(), Math.min(COUNT_INTERVAL, pause))
  }

  /** When the device has to be looked at next, or is to have other peers. */
  get #dueAt() {
    const expiry = this.#parts.clients.nextExpiry(this.#ensuredAt) ?? Number.POSITIVE_INFINITY
    return Math.min(expiry, this.#ensuredAt + ENSURE_INTERVAL)
  }

  async #tick() {
    await this.#attempt(() => this.#count({ maxAge: 1000 }))
    const now = Date.now()
    if (this.#isDue || this.#problem || now >= this.#dueAt) await this.apply()
    if (now >= this.#prunedAt + PRUNE_INTERVAL) {
      this.#parts.history.prune()
      this.#prunedAt = now
    }
    if (!this.#isClosed) this.#wait()
  }

  /** @param {() => Promise<void>} step */
  async #attempt(step) {
    try {
      await step()
    } catch (error) {
      if (!this.#problem) console.error(error)
      this.#problem = error instanceof Error ? error.message : String(error)
    }
  }
}

/** @param {unknown} error */
const isAbsent = (error) =>
  ['ENODEV', 'ECONNREFUSED'].includes(/** @type {import('wgctrl').WireGuardError} */ (error).code)
