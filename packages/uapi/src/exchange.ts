import { setImmediate as nextTurn } from 'node:timers/promises'
import { errnoName, WireGuardError } from '@wgctrl/types'
import type { WirePeer } from './codec/reply.js'
import { type ReplyOptions, ReplyParser } from './codec/reply-parser.js'
import { encodeGet } from './codec/request.js'
import { type SocketAddress, UapiSocket } from './socket.js'

/** Reads a device: one connection, one operation. */
export class GetExchange {
  readonly reply: ReplyParser
  readonly #socket: UapiSocket
  #lent: readonly WirePeer[] = []

  private constructor(socket: UapiSocket, options: ReplyOptions | undefined) {
    this.#socket = socket
    this.reply = new ReplyParser(options)
  }

  /**
   * @param signal ends this and every later call with its `reason`
   * @param options what is made of peers; absent: all there is
   */
  static async open(
    address: SocketAddress,
    signal: AbortSignal,
    options?: ReplyOptions,
  ): Promise<GetExchange> {
    const socket = await UapiSocket.open(address, signal)
    try {
      await socket.send(encodeGet())
      return new GetExchange(socket, options)
    } catch (error) {
      socket.close()
      throw error
    }
  }

  /**
   * The peers of the next chunk, `undefined` behind the last. Their secrets are wiped by {@link close}
   * where nobody took them before.
   *
   * @throws {WireGuardError} `EPROTO`, or what the implementation's errno says
   */
  async next(): Promise<readonly WirePeer[] | undefined> {
    if (this.reply.isComplete) return undefined
    const peers = await pushNext(this.#socket, this.reply)
    this.#lent = peers
    if (this.reply.isComplete) throwStatus(this.reply.errno)
    return peers
  }

  /** See {@link UapiSocket.readAhead}. */
  readAhead(): void {
    this.#socket.readAhead()
  }

  /** Also for a read that stops before the end. */
  close(): void {
    for (const peer of this.#lent) peer.presharedKey?.wipe()
    this.reply.wipe()
    this.#socket.close()
  }
}

/**
 * Writes a set in one operation, so that no other program sees half of it.
 *
 * @throws {WireGuardError} `EPROTO`, or what the implementation's errno says
 */
export async function exchangeSet(
  address: SocketAddress,
  chunks: Iterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  throwStatus(await askSet(address, chunks, signal))
}

/**
 * Writes a set and returns the status that came back, with the implementation's own sign.
 *
 * @throws {WireGuardError} `EPROTO`
 */
export async function askSet(
  address: SocketAddress,
  chunks: Iterable<Uint8Array>,
  signal: AbortSignal,
): Promise<number> {
  const socket = await UapiSocket.open(address, signal)
  try {
    for (const chunk of chunks) {
      if (!(await socket.send(chunk))) break
      // A large set is long work: others get a turn, and an answer that came early is noticed.
      await nextTurn()
    }
    return await receiveStatus(socket)
  } finally {
    socket.close()
  }
}

async function receiveStatus(socket: UapiSocket): Promise<number> {
  const reply = new ReplyParser()
  try {
    while (!reply.isComplete) {
      const peers = await pushNext(socket, reply)
      if (peers.length > 0 || (reply.isPastDevice && !reply.isComplete)) {
        throw new WireGuardError('the reply to a set shows peers', { code: 'EPROTO' })
      }
    }
    return reply.errno ?? 0
  } finally {
    reply.wipe()
  }
}

async function pushNext(socket: UapiSocket, reply: ReplyParser): Promise<WirePeer[]> {
  const chunk = await socket.receive()
  if (!chunk) {
    reply.end()
    return []
  }
  try {
    return reply.push(chunk)
  } finally {
    chunk.fill(0)
  }
}

/** @throws {WireGuardError} what a status other than 0 says, whatever its sign */
export function throwStatus(errno = 0): void {
  if (errno === 0) return
  const code = errnoName(errno)
  throw new WireGuardError(`the device answered errno=${errno} (${code})`, {
    code: code === 'EACCES' ? 'EPERM' : code,
    errno: Math.abs(errno),
  })
}
