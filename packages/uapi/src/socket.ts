import { Socket, type SocketConstructorOpts } from 'node:net'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { LIMITS, WireGuardError } from '@wgctrl/types'
import type { TrustedSocket } from './trusted-socket.js'

/** What the other side's going away looks like, depending on what was under way. */
const GONE = new Set<string | undefined>(['ECONNRESET', 'EPIPE'])

/** As large as a chunk that the system hands over at once. */
const READ_BYTES = 64 * 1024

/**
 * Chunks that are received in one turn of the event loop at most. What lies ready is otherwise read up to 32
 * times in a row: ten milliseconds and more.
 *
 * @source libuv, uv__read in src/unix/stream.c
 */
const CHUNKS_PER_TURN = 2

/** Milliseconds until a daemon with too many callers in line is dialled again. */
const REDIAL_INTERVAL = 10

/**
 * Node destroys a socket that cannot be written to, and with it what the other side said before it
 * went: the very reason. Here a write to somebody who has gone passes for done, and reading goes on.
 */
class PatientSocket extends Socket {
  isDeaf = false

  override _write(
    chunk: unknown,
    encoding: BufferEncoding,
    callback: (error?: Error | null) => void,
  ): void {
    super._write(chunk, encoding, (error?: NodeJS.ErrnoException | null) => {
      if (!error || !GONE.has(error.code)) return callback(error)
      this.isDeaf = true
      callback()
    })
  }
}

/** Whom to dial: whoever listens at a path, or only somebody who can be trusted. */
export type SocketAddress = string | TrustedSocket

/** The path of an address. */
export const pathOf = (address: SocketAddress): string =>
  typeof address === 'string' ? address : address.path

/**
 * A connection to a UAPI socket or Windows pipe: the only file of this package that does socket I/O.
 * Bytes are pulled chunk by chunk, so a slow reader holds up the daemon instead of filling memory.
 */
export class UapiSocket {
  readonly #signal: AbortSignal
  readonly #socket: PatientSocket
  /** Of one's own and not Node's: what a stream has buffered is lost when the connection is reset. */
  readonly #buffer = Buffer.allocUnsafeSlow(READ_BYTES)
  /** What came and was not received yet: at most the {@link #buffer}, unless reading runs ahead. */
  #chunks: Buffer[] = []
  #readsAhead = false
  /** Bytes of {@link #chunks}. */
  #held = 0
  #received = 0
  #wake: () => void = () => {}
  #failure: (Error & { code?: string | undefined }) | undefined
  /** `connecting` is no sign of it: Bun has it false also before it says that nobody is there. */
  #isConnected = false
  #isOver = false

  private constructor(path: string, signal: AbortSignal) {
    this.#signal = signal
    const onread = { buffer: this.#buffer, callback: (length: number) => this.#keep(length) }
    this.#socket = new PatientSocket({ onread } as SocketConstructorOpts)
    this.#socket.on('connect', () => {
      this.#isConnected = true
      this.#wake()
    })
    this.#socket.on('drain', () => this.#wake())
    for (const event of ['end', 'close']) this.#socket.on(event, () => this.#finish())
    this.#socket.on('error', (error) => this.#finish(error))
    signal.addEventListener('abort', this.#onAbort, { once: true })
    this.#socket.connect({ path })
  }

  /**
   * Dials a UNIX socket or a named pipe, and waits while its line is full.
   *
   * @param signal ends this and every later call with its `reason`
   * @throws the system's error: `ENOENT`, `ECONNREFUSED` (nobody listens), `EACCES`, …
   * @throws {WireGuardError} `EPERM` when the address asks for trust and there is none
   */
  static async open(address: SocketAddress, signal: AbortSignal): Promise<UapiSocket> {
    for (;;) {
      try {
        const socket = await UapiSocket.#reach(address, signal)
        if (socket) return socket
      } catch (error) {
        signal.throwIfAborted()
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      }
      await sleep(REDIAL_INTERVAL)
    }
  }

  /** @returns `undefined` when another socket came into the place of the one that was dialled */
  static async #reach(
    address: SocketAddress,
    signal: AbortSignal,
  ): Promise<UapiSocket | undefined> {
    if (typeof address === 'string') return UapiSocket.#dial(address, signal)
    signal.throwIfAborted()
    const entrance = address.enter()
    let socket: UapiSocket | undefined
    try {
      socket = await UapiSocket.#dial(entrance.path, signal)
      if (entrance.isStillThere()) return socket
      socket.close()
      return undefined
    } catch (error) {
      socket?.close()
      throw namedBy(address.path, entrance.path, error)
    } finally {
      entrance.close()
    }
  }

  static async #dial(path: string, signal: AbortSignal): Promise<UapiSocket> {
    signal.throwIfAborted()
    const connection = new UapiSocket(path, signal)
    try {
      while (!connection.#isConnected && !connection.#isOver && !signal.aborted) {
        await connection.#news()
      }
      signal.throwIfAborted()
      if (connection.#failure) throw connection.#failure
      return connection
    } catch (error) {
      connection.close()
      throw error
    }
  }

  /**
   * Sends bytes and waits until the next ones are welcome.
   *
   * @param bytes become the connection's, which zeroes them once they are out: they may hold keys
   * @returns false when the other side has answered or gone meanwhile, so that the rest is pointless
   */
  async send(bytes: Uint8Array): Promise<boolean> {
    if (this.#signal.aborted || this.#isSettled) {
      bytes.fill(0)
      this.#signal.throwIfAborted()
      return false
    }
    this.#socket.write(bytes, () => bytes.fill(0))
    while (this.#socket.writableNeedDrain && !this.#isSettled) await this.#news()
    this.#signal.throwIfAborted()
    return true
  }

  /**
   * The next bytes; `undefined` when the other side is gone. They are lent until the next call, and
   * the caller's to zero.
   */
  async receive(): Promise<Uint8Array | undefined> {
    if (this.#readsAhead || ++this.#received % CHUNKS_PER_TURN === 0) await nextTurn()
    for (;;) {
      this.#signal.throwIfAborted()
      const chunk = this.#chunks.shift()
      if (chunk) {
        this.#held -= chunk.length
        return chunk
      }
      if (this.#failure && !GONE.has(this.#failure.code)) throw this.#failure
      if (this.#isOver) return undefined
      this.#socket.resume()
      await this.#news()
    }
  }

  /**
   * From now on takes whatever comes into memory, so that the daemon is done with this connection. When that is
   * more than {@link LIMITS}.readAheadBytes, reading ends with `EPROTO`.
   */
  readAhead(): void {
    if (this.#readsAhead) return
    this.#readsAhead = true
    this.#chunks = this.#chunks.map((chunk) => copyAndWipe(chunk))
    this.#socket.resume()
  }

  /** Lets go of the descriptor. */
  close(): void {
    this.#signal.removeEventListener('abort', this.#onAbort)
    this.#socket.destroy()
    this.#buffer.fill(0)
    for (const chunk of this.#chunks) chunk.fill(0)
  }

  /** True when nothing that is sent can matter any more. */
  get #isSettled(): boolean {
    return this.#isOver || this.#socket.isDeaf || this.#chunks.length > 0
  }

  #news(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  /** @returns whether to go on reading */
  #keep(length: number): boolean {
    const chunk = this.#buffer.subarray(0, length)
    this.#chunks.push(this.#readsAhead ? copyAndWipe(chunk) : chunk)
    this.#held += length
    if (this.#held > LIMITS.readAheadBytes) this.#giveUp()
    this.#wake()
    return this.#readsAhead
  }

  #giveUp(): void {
    for (const chunk of this.#chunks) chunk.fill(0)
    this.#chunks = []
    this.#held = 0
    this.#failure = new WireGuardError('more to read ahead than a device has', { code: 'EPROTO' })
    this.#socket.destroy()
  }

  #finish(error?: NodeJS.ErrnoException): void {
    this.#failure ??= error
    this.#isOver = true
    this.#wake()
  }

  readonly #onAbort = (): void => {
    this.#socket.destroy()
    this.#wake()
  }
}

/** The system's error names the way by which a socket was dialled; what is told is where it is. */
function namedBy(path: string, way: string, error: unknown): unknown {
  const named = error as NodeJS.ErrnoException & { address?: string }
  if (named?.address !== way) return error
  named.message = named.message.replace(way, path)
  named.address = path
  return error
}

function copyAndWipe(chunk: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(chunk.length)
  copy.set(chunk)
  chunk.fill(0)
  return copy
}
