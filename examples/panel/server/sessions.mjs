import { createHash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { readDocument, writeDocument } from './database.mjs'
import { Refusal } from './refusal.mjs'

const derive =
  /** @type {(password: string, salt: Buffer, length: number, options: import('node:crypto').ScryptOptions) => Promise<Buffer>} */ (
    promisify(scrypt)
  )

/** 128 MB and a third of a second for each try. */
const COST = { N: 2 ** 17, r: 8, p: 1, maxmem: 2 ** 28 }
const LENGTH = 32

/** Milliseconds. */
export const SESSION_TIME = 12 * 3_600_000
const WINDOW = 15 * 60_000

/** Failed tries in that window, from one address and from all. */
const MOST_TRIES = 10
const MOST_TRIES_OF_ALL = 100
const SHORTEST_PASSWORD = 10

/** Who is logged in. Sessions outlive the process; the database has only their hashes. */
export class Sessions {
  #database
  /** One try after the other: each takes memory and a processor. */
  /** @type {Promise<unknown>} */
  #turn = Promise.resolve()

  /** @param {import('./database.mjs').Connection} database */
  constructor(database) {
    this.#database = database
  }

  get hasPassword() {
    return readDocument(this.#database, 'password') !== undefined
  }

  /**
   * Ends all sessions.
   *
   * @param {string} password
   */
  async setPassword(password) {
    if (password.length < SHORTEST_PASSWORD) {
      throw new Refusal(400, `A password has ${SHORTEST_PASSWORD} characters or more.`, 'password')
    }
    const salt = randomBytes(16)
    const hash = await derive(password, salt, LENGTH, COST)
    this.#database
      .transaction(() => {
        this.#database.exec('DELETE FROM session')
        writeDocument(this.#database, 'password', {
          salt: salt.toString('base64'),
          hash: hash.toString('base64'),
        })
      })
      .immediate()
  }

  /**
   * @param {unknown} password
   * @param {string} address of the one who tries
   * @returns {Promise<string>} the session's token
   */
  async logIn(password, address) {
    const attempt = this.#turn.then(() => this.#try(String(password), address))
    this.#turn = attempt.catch(() => {})
    return await attempt
  }

  /** @param {string | undefined} token */
  isOpen(token) {
    if (token === undefined) return false
    const statement = this.#database.prepare('SELECT 1 FROM session WHERE hash = ? AND ends > ?')
    return statement.get(hashOf(token), Date.now()) !== undefined
  }

  /** @param {string | undefined} token */
  logOut(token) {
    if (token === undefined) return
    this.#database.prepare('DELETE FROM session WHERE hash = ?').run(hashOf(token))
  }

  /**
   * @param {string} password
   * @param {string} address
   */
  async #try(password, address) {
    const now = Date.now()
    this.#refuseTooMany(address, now)
    // Counts until it turns out to be right, also when the process ends meanwhile.
    const { lastInsertRowid } = this.#database
      .prepare('INSERT INTO failed_login VALUES (?, ?)')
      .run(address, now)
    if (!(await this.#isRight(password)))
      throw new Refusal(401, 'This is not the password.', 'password')
    const token = randomBytes(32).toString('base64url')
    this.#database
      .transaction(() => {
        this.#database.prepare('DELETE FROM failed_login WHERE rowid = ?').run(lastInsertRowid)
        this.#database.prepare('DELETE FROM session WHERE ends <= ?').run(now)
        this.#database
          .prepare('INSERT INTO session VALUES (?, ?)')
          .run(hashOf(token), now + SESSION_TIME)
      })
      .immediate()
    return token
  }

  /**
   * @param {string} address
   * @param {number} now
   */
  #refuseTooMany(address, now) {
    this.#database.prepare('DELETE FROM failed_login WHERE at <= ?').run(now - WINDOW)
    const { ours, all } = /** @type {{ ours: number, all: number }} */ (
      this.#database
        .prepare(
          'SELECT count(*) AS "all", coalesce(sum(address = ?), 0) AS ours FROM failed_login',
        )
        .get(address)
    )
    if (ours < MOST_TRIES && all < MOST_TRIES_OF_ALL) return
    throw new Refusal(429, 'Too many wrong passwords. Try again in a quarter of an hour.')
  }

  /** @param {string} password */
  async #isRight(password) {
    const { salt, hash } = readDocument(this.#database, 'password')
    const found = await derive(password, Buffer.from(salt, 'base64'), LENGTH, COST)
    return timingSafeEqual(found, Buffer.from(hash, 'base64'))
  }
}

/** @param {string} token */
const hashOf = (token) => createHash('sha256').update(token).digest('base64')
