import { closed } from '@wgctrl/types'
import { Connection } from './connection.js'
import type { Transport } from './socket/transport.js'

/** Idle connections that are kept; each holds a descriptor and 256 KiB. */
const MAX_IDLE = 4

/**
 * Connections to one netlink family, lent to one user at a time. A dump occupies its socket, so two
 * reads side by side need two sockets.
 */
export class ConnectionPool {
  readonly #open: () => Promise<Transport> | Transport
  readonly #idle: Connection[] = []
  #closed = false

  constructor(open: () => Promise<Transport> | Transport) {
    this.#open = open
  }

  /** @throws {WireGuardError} `ECLOSED` */
  async acquire(): Promise<Connection> {
    if (this.#closed) throw closed('backend')
    return this.#idle.pop() ?? new Connection(await this.#open())
  }

  /**
   * Takes a connection back. One whose last answer was given up half way is closed instead: wait for
   * that, since an unfinished dump keeps hold of its device.
   */
  async release(connection: Connection): Promise<void> {
    if (this.#closed || connection.dirty || this.#idle.length >= MAX_IDLE) await connection.close()
    else this.#idle.push(connection)
  }

  async use<T>(body: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = await this.acquire()
    try {
      return await body(connection)
    } finally {
      await this.release(connection)
    }
  }

  /** Closes what is idle now, and what is lent when it comes back. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.all(this.#idle.splice(0).map((connection) => connection.close()))
  }
}
