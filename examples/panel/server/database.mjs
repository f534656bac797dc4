import Database from 'libsql'

/** @typedef {import('libsql').Database} Connection */

const SCHEMA = `
CREATE TABLE IF NOT EXISTS client (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  public_key TEXT NOT NULL UNIQUE,
  preshared_key TEXT NOT NULL, -- sealed
  addresses TEXT NOT NULL, -- JSON: one of each network
  enabled INTEGER NOT NULL DEFAULT 1,
  expires INTEGER, -- milliseconds since 1970; NULL: never
  created INTEGER NOT NULL,
  received INTEGER NOT NULL DEFAULT 0,
  transmitted INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS traffic (
  client INTEGER NOT NULL REFERENCES client ON DELETE CASCADE,
  step INTEGER NOT NULL, -- seconds: 60 or 3600
  start INTEGER NOT NULL, -- seconds since 1970
  received INTEGER NOT NULL,
  transmitted INTEGER NOT NULL,
  PRIMARY KEY (client, step, start)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS session (hash TEXT PRIMARY KEY, ends INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS failed_login (address TEXT NOT NULL, at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS document (name TEXT PRIMARY KEY, content) WITHOUT ROWID;
`

/**
 * @param {string} path
 * @returns {Connection}
 */
export function openDatabase(path) {
  // How long to wait for a writer in another process, in milliseconds.
  const database = new Database(path, { timeout: 5000 })
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON; ${SCHEMA}`)
  return database
}

/**
 * What there is one of: the settings, the ledger, the hash of the password.
 *
 * @param {Connection} database
 * @param {string} name
 * @returns {any} undefined: it was never written
 */
export function readDocument(database, name) {
  const row = /** @type {{ content: string } | undefined} */ (
    database.prepare('SELECT content FROM document WHERE name = ?').get(name)
  )
  return row && JSON.parse(row.content)
}

/**
 * @param {Connection} database
 * @param {string} name
 * @param {unknown} content
 */
export function writeDocument(database, name, content) {
  database
    .prepare('INSERT OR REPLACE INTO document VALUES (?, ?)')
    .run(name, JSON.stringify(content))
}

/**
 * Makes a change of what the device shall be: all of it or nothing, one process after the other.
 *
 * @template T
 * @param {Connection} database
 * @param {() => T} change
 * @returns {T}
 */
export function changeTunnel(database, change) {
  return database
    .transaction(() => {
      const result = change()
      writeDocument(database, 'revision', revisionOf(database) + 1)
      return result
    })
    .immediate()
}

/**
 * Counts the changes of what the device shall be.
 *
 * @param {Connection} database
 * @returns {number}
 */
export function revisionOf(database) {
  return readDocument(database, 'revision') ?? 0
}
