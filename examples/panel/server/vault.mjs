import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { generatePrivateKey, SecretKey } from 'wgctrl'
import { readDocument, writeDocument } from './database.mjs'

const [NONCE, TAG] = [12, 16]

/**
 * Seals the secrets that the database has to keep: the server's private key and the preshared keys. Its own key is
 * in a file of its own, so that a copy of the database alone opens nothing.
 */
export class Vault {
  #key

  /** @param {string} path made when it is not there */
  constructor(path) {
    this.#key = readOrMake(path)
  }

  /**
   * @param {SecretKey} secret
   * @returns {string} base64
   */
  seal(secret) {
    const nonce = randomBytes(NONCE)
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce)
    const bytes = secret.toBytes()
    const sealed = [nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]
    bytes.fill(0)
    return Buffer.concat(sealed).toString('base64')
  }

  /**
   * @param {string} text what {@link seal} gave
   * @returns {SecretKey} wipe it after use
   */
  open(text) {
    const sealed = Buffer.from(text, 'base64')
    const decipher = createDecipheriv('aes-256-gcm', this.#key, sealed.subarray(0, NONCE))
    decipher.setAuthTag(sealed.subarray(-TAG))
    const bytes = Buffer.concat([decipher.update(sealed.subarray(NONCE, -TAG)), decipher.final()])
    const secret = SecretKey.from(bytes)
    bytes.fill(0)
    return secret
  }
}

/**
 * The server's private key: the same for all processes on one database.
 *
 * @param {import('./database.mjs').Connection} database
 * @param {Vault} vault
 * @returns {SecretKey}
 */
export function serverKey(database, vault) {
  const sealed = database
    .transaction(() => {
      const kept = readDocument(database, 'server-key')
      if (kept) return kept
      const made = vault.seal(generatePrivateKey())
      writeDocument(database, 'server-key', made)
      return made
    })
    .immediate()
  return vault.open(sealed)
}

/**
 * Whole or not at all, also when two processes begin at once.
 *
 * @param {string} path
 */
function readOrMake(path) {
  const draft = `${path}.${process.pid}`
  writeFileSync(draft, randomBytes(32), { mode: 0o600 })
  try {
    linkSync(draft, path)
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error
  } finally {
    rmSync(draft)
  }
  return readFileSync(path)
}
