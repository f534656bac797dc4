import { createServer, Server, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { type PeerCredentials, peerCredentials, requirePeerCredentials } from '@wgctrl/netlink'
import {
  checkFields,
  type FieldsOf,
  InvalidTypeError,
  inContext,
  invalid,
  unsupported,
  WireGuardError,
} from '@wgctrl/types'
import { WireGuard } from '../client.js'
import { REMOTE_LIMITS } from './limits.js'
import { Access, type RemoteAllow } from './rights.js'
import { ServerConnection } from './server-connection.js'
import { listenAt } from './socket-file.js'

/** Who is connected. Of a stream that is no UNIX socket nobody knows. */
export interface RemotePeer extends Partial<PeerCredentials> {
  /** Counts the connections of a server, from 1. */
  readonly connection: number
}

/** What a server tells of its clients. */
export interface ServeEvent {
  /**
   * - `connected`, `disconnected`
   * - `refused`: a process of a user who may not connect, or one too many
   * - `denied`: a call that `allow` does not allow
   * - `broken`: a client that did not keep to the protocol, was too slow or went in the middle
   */
  readonly type: 'connected' | 'disconnected' | 'refused' | 'denied' | 'broken'
  readonly peer: RemotePeer
  /** With `denied`: the method. */
  readonly call?: string
  /** With `refused`, `denied`, `broken`. */
  readonly reason?: WireGuardError
}

export interface ServeOptions {
  /** Who may do what. Absent: the server's own user and root may read, without secrets. */
  readonly allow?: RemoteAllow | undefined
  /** Hears of each client, and of all that it was not allowed. What it throws is lost. */
  readonly log?: ((event: ServeEvent) => void) | undefined
  /**
   * The mode of the socket's file. Absent: `0o600`, which lets nobody in but the server's own user and root. Whoever may
   * write to it can connect; `allow.uids` counts on top: `0o666` leaves it to that.
   */
  readonly mode?: number | undefined
  /** The number of the group that the socket's file belongs to. Absent: the process' own. */
  readonly group?: number | undefined
}

const SERVE_OPTIONS: FieldsOf<ServeOptions> = {
  allow: true,
  log: 'function',
  mode: true,
  group: true,
}

/** What `serve` gives: serves until it is closed. */
export class RemoteServer implements AsyncDisposable {
  /** Resolves when it was closed; of one stream, when that is over. */
  readonly finished: Promise<void>
  readonly #wg: WireGuard
  readonly #access: Access
  readonly #log: (event: ServeEvent) => void
  readonly #connections = new Map<ServerConnection, RemotePeer>()
  #finish = (): void => {}
  #server: Server | undefined
  #removeFile = (): void => {}
  #count = 0
  #closing: Promise<void> | undefined

  /** Use `serve()`. @internal */
  constructor(wg: WireGuard, options: ServeOptions) {
    if (!(wg instanceof WireGuard)) throw new InvalidTypeError('wg', 'must be what open() gives')
    checkFields(options, 'options', SERVE_OPTIONS)
    const { log = () => {} } = options
    this.#wg = wg
    this.#access = new Access(options.allow)
    this.#log = (event) => {
      try {
        log(event)
      } catch {
        // Who listens badly does not stop the clients.
      }
    }
    this.finished = new Promise((resolve) => {
      this.#finish = resolve
    })
  }

  /** How many clients are connected. */
  get connections(): number {
    return this.#connections.size
  }

  /** @internal */
  async start(where: string | Duplex | Server, options: ServeOptions): Promise<this> {
    if (where instanceof Duplex) {
      this.#carry(where, { connection: ++this.#count })
      return this
    }
    if (typeof where !== 'string' && !(where instanceof Server)) {
      throw new InvalidTypeError(
        'where',
        'must be the path of a socket, a duplex stream or a server',
      )
    }
    await this.#requireCredentials()
    const server = typeof where === 'string' ? createServer() : where
    server.on('connection', (socket) => void this.#admit(socket))
    server.on('error', () => {})
    this.#server = server
    if (typeof where !== 'string') return this
    try {
      this.#removeFile = await listenAt(server, where, fileOptions(options))
    } catch (error) {
      server.close()
      throw inContext(error, { operation: 'serve' })
    }
    return this
  }

  /**
   * Lets nobody in any more. Readings of those who are there end with `ECLOSED`, changes under way are waited for, then
   * the connections are closed. The client that is served stays open.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#server?.close()
    this.#removeFile()
    await Promise.all([...this.#connections.keys()].map((connection) => connection.close()))
    this.#finish()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** Else each would be refused, one by one. */
  async #requireCredentials(): Promise<void> {
    if (this.#access.uids === 'any') return
    try {
      await requirePeerCredentials()
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      const problem = `who connects cannot be found out here, and allow.uids is not 'any': ${reason}`
      throw unsupported('allow.uids', problem)
    }
  }

  async #admit(socket: Socket): Promise<void> {
    socket.on('error', () => {})
    const connection = ++this.#count
    let peer: RemotePeer = { connection }
    try {
      peer = { ...peer, ...(await this.#identify(socket)) }
      const { uids } = this.#access
      if (uids !== 'any' && !uids.has(peer.uid ?? -1)) {
        throw new WireGuardError(`user ${peer.uid} may not connect`, { code: 'EPERM' })
      }
      if (this.#closing) throw new WireGuardError('the server was closed', { code: 'ECLOSED' })
      this.#carry(socket, peer)
    } catch (error) {
      const reason = inContext(error, { operation: 'serve' })
      this.#log({ type: 'refused', peer, reason: reason as WireGuardError })
      socket.destroy()
    }
  }

  /** Where the system does not tell, and nobody asked for certain users, nobody is told of. */
  async #identify(socket: Socket): Promise<Partial<PeerCredentials>> {
    try {
      return await peerCredentials(socket)
    } catch (error) {
      if (this.#access.uids !== 'any') throw error
      return {}
    }
  }

  #carry(stream: Duplex, peer: RemotePeer): void {
    if (this.#connections.size >= REMOTE_LIMITS.connections) this.#makeRoom()
    const connection = new ServerConnection(stream, {
      wg: this.#wg,
      access: this.#access,
      log: (type, call, reason) =>
        this.#log({ type, peer, ...(call !== undefined && { call }), reason }),
      ended: () => {
        this.#connections.delete(connection)
        this.#log({ type: 'disconnected', peer })
        if (!this.#server) this.#finish()
      },
    })
    this.#connections.set(connection, peer)
    this.#log({ type: 'connected', peer })
  }

  /** Nobody can keep others out: the user with most connections loses one, at first of those that wait for nothing. */
  #makeRoom(): void {
    const byUser = new Map<number | undefined, ServerConnection[]>()
    for (const [connection, { uid }] of this.#connections) {
      byUser.set(uid, [...(byUser.get(uid) ?? []), connection])
    }
    const most = [...byUser.values()].sort((one, other) => other.length - one.length)[0] ?? []
    const idle = most.filter(({ isIdle }) => isIdle)
    const [first] = (idle.length > 0 ? idle : most).sort(
      (one, other) => one.heardAt - other.heardAt,
    )
    first?.destroy(new WireGuardError('too many connections', { code: 'EAGAIN' }))
  }
}

function fileOptions({ mode = 0o600, group }: ServeOptions) {
  const isMode = Number.isInteger(mode) && mode > 0 && mode <= 0o777
  if (!isMode) throw invalid('options.mode', 'must be the mode of a file, such as 0o660')
  if (group !== undefined && !(Number.isInteger(group) && group >= 0)) {
    throw invalid('options.group', 'must be the number of a group')
  }
  return { mode, group }
}
