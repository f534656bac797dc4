import { formatInterfaceConfig, nextAddress, peerConfigs } from 'wgctrl'
import { changeTunnel } from './database.mjs'
import { Refusal } from './refusal.mjs'
import { clientSide, serverAddresses } from './settings.mjs'

/** @typedef {import('wgctrl').SecretKey} SecretKey */
/** @typedef {import('./settings.mjs').Settings} Settings */

/**
 * @typedef {object} Client
 * @property {number} id
 * @property {string} name
 * @property {string} publicKey
 * @property {string[]} addresses
 * @property {boolean} enabled
 * @property {number | null} expires milliseconds since 1970; from then on it is as if it was disabled
 * @property {number} received bytes, over all that the device forgot
 * @property {number} transmitted
 */

/**
 * @typedef {object} Row
 * @property {number} id
 * @property {string} name
 * @property {string} public_key
 * @property {string} addresses
 * @property {number} enabled
 * @property {number | null} expires
 * @property {number} received
 * @property {number} transmitted
 */

const MAX_NAME = 64

/** Who may connect, in the database. What becomes of it on the device is the tunnel's. */
export class Clients {
  #database
  #vault
  #server
  #settings

  /**
   * @param {import('./database.mjs').Connection} database
   * @param {import('./vault.mjs').Vault} vault
   * @param {string} server its public key
   * @param {import('./settings.mjs').SettingsStore} settings
   */
  constructor(database, vault, server, settings) {
    this.#database = database
    this.#vault = vault
    this.#server = server
    this.#settings = settings
  }

  /** @returns {Client[]} */
  list() {
    const rows = /** @type {Row[]} */ (
      this.#database.prepare('SELECT * FROM client ORDER BY name COLLATE NOCASE, id').all()
    )
    return rows.map(toClient)
  }

  /**
   * Makes keys and takes an address. The private key is in the config that comes back, and nowhere else.
   *
   * @param {{ name: string, expires?: number | null | undefined }} given
   * @returns {{ id: number, name: string, config: string }}
   */
  add({ name, expires = null }) {
    checkName(name)
    checkExpires(expires)
    return changeTunnel(this.#database, () => {
      const settings = this.#settings.get()
      const addresses = freeAddresses(settings, this.addresses())
      const { key, sealed, config } = this.#newKeys(settings, addresses)
      const { lastInsertRowid } = this.#database
        .prepare(
          `INSERT INTO client (name, public_key, preshared_key, addresses, expires, created)
           VALUES (?, ?, ?, ?, ?, ?)`,
        )
        .run(name, key, sealed, JSON.stringify(addresses), expires, Date.now())
      return { id: Number(lastInsertRowid), name, config }
    })
  }

  /**
   * New keys for a client that lost its file. What had the old ones is cut off.
   *
   * @param {number} id
   * @returns {{ id: number, name: string, config: string }}
   */
  renewKeys(id) {
    return changeTunnel(this.#database, () => {
      const { name, addresses } = this.#get(id)
      const { key, sealed, config } = this.#newKeys(this.#settings.get(), addresses)
      this.#database
        .prepare('UPDATE client SET public_key = ?, preshared_key = ? WHERE id = ?')
        .run(key, sealed, id)
      return { id, name, config }
    })
  }

  /**
   * @param {number} id
   * @param {Partial<Pick<Client, 'name' | 'enabled' | 'expires'>>} change absent: stays
   */
  change(id, change) {
    changeTunnel(this.#database, () => {
      const client = this.#get(id)
      const { name = client.name, enabled = client.enabled, expires = client.expires } = change
      checkName(name)
      checkExpires(expires)
      if (typeof enabled !== 'boolean') throw new Refusal(400, 'true or false', 'enabled')
      this.#database
        .prepare('UPDATE client SET name = ?, enabled = ?, expires = ? WHERE id = ?')
        .run(name, Number(enabled), expires, id)
    })
  }

  /**
   * Frees its address, and drops its history.
   *
   * @param {number} id
   */
  delete(id) {
    changeTunnel(this.#database, () => {
      const { changes } = this.#database.prepare('DELETE FROM client WHERE id = ?').run(id)
      if (changes === 0) throw noClient(id)
    })
  }

  /** @returns {string[]} */
  addresses() {
    return this.list().flatMap(({ addresses }) => addresses)
  }

  /**
   * Those who may connect, as peers of the server. Whoever asks wipes their preshared keys.
   *
   * @param {number} now
   */
  peers(now) {
    const rows = /** @type {(Row & { preshared_key: string })[]} */ (
      this.#database
        .prepare('SELECT * FROM client WHERE enabled AND coalesce(expires > ?, 1)')
        .all(now)
    )
    return rows.map(({ public_key, preshared_key, addresses }) => ({
      publicKey: public_key,
      presharedKey: this.#vault.open(preshared_key),
      allowedIPs: /** @type {string[]} */ (JSON.parse(addresses)),
    }))
  }

  /**
   * When the next client expires.
   *
   * @param {number} now
   * @returns {number | undefined}
   */
  nextExpiry(now) {
    const row = /** @type {{ next: number | null }} */ (
      this.#database
        .prepare('SELECT min(expires) AS next FROM client WHERE enabled AND expires > ?')
        .get(now)
    )
    return row.next ?? undefined
  }

  /**
   * @param {number} id
   * @returns {Client}
   */
  #get(id) {
    const row = /** @type {Row | undefined} */ (
      this.#database.prepare('SELECT * FROM client WHERE id = ?').get(id)
    )
    if (!row) throw noClient(id)
    return toClient(row)
  }

  /**
   * @param {Settings} settings
   * @param {string[]} addresses
   */
  #newKeys(settings, addresses) {
    if (settings.endpoint === '') {
      throw new Refusal(409, 'Say first where clients reach the server (Settings).', 'endpoint')
    }
    const server = { publicKey: this.#server, listenPort: settings.listenPort }
    const { peer, client, wipe } = peerConfigs(server, clientSide(settings, addresses))
    try {
      return {
        key: peer.publicKey,
        sealed: this.#vault.seal(/** @type {SecretKey} */ (peer.presharedKey)),
        config: formatInterfaceConfig(client),
      }
    } finally {
      wipe()
    }
  }
}

/**
 * @param {Row} row
 * @returns {Client}
 */
function toClient({ id, name, public_key, addresses, enabled, expires, received, transmitted }) {
  return {
    id,
    name,
    publicKey: public_key,
    addresses: JSON.parse(addresses),
    enabled: enabled === 1,
    expires,
    received,
    transmitted,
  }
}

/**
 * One address of each network.
 *
 * @param {Settings} settings
 * @param {string[]} used
 */
function freeAddresses(settings, used) {
  const reserve = serverAddresses(settings).map(({ host }) => host)
  return settings.networks.map((network) => {
    const address = nextAddress(network, used, { reserve })
    if (address === undefined) throw new Refusal(409, `${network} has no free address.`)
    return address
  })
}

/** @param {number} id */
const noClient = (id) => new Refusal(404, `There is no client ${id}.`)

/** @param {unknown} name */
function checkName(name) {
  const isName = typeof name === 'string' && name.trim() !== '' && name.length <= MAX_NAME
  if (isName && !/\p{Cc}/u.test(name)) return
  throw new Refusal(400, `A name has 1 to ${MAX_NAME} characters, in one line.`, 'name')
}

/** @param {unknown} expires */
function checkExpires(expires) {
  if (expires === null || (Number.isSafeInteger(expires) && Number(expires) > 0)) return
  throw new Refusal(400, 'This is no time.', 'expires')
}
