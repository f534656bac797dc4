import { abortable, refuseAborted } from '@wgctrl/types'
import { Batch } from './batch.js'
import { writeU16, writeU32 } from './codec/bytes.js'
import { type Message, MessageCursor, NLM_F } from './codec/message.js'
import { NetlinkError, protocolError } from './errors.js'
import { copyMessage, Reply, ReplyBuffers, type ReplyOptions, type Request } from './reply.js'
import { type NetlinkSocketOptions, openNetlinkSocket } from './socket/socket.js'
import type { Transport } from './socket/transport.js'

/** Requests above this many bytes are written off the event loop: the kernel works inside the write. */
const SYNC_WRITE = 4096

/** Datagrams that are thrown away to reach the end of an answer that nobody wanted to its end. */
const MAX_DRAIN = 1_000_000

/** A dump that is torn this often in a row is reported as such. */
const DUMP_ATTEMPTS = 8

/** Bytes of an answer that is kept whole: a million routes have a tenth of it. */
const MAX_ANSWER = 2 ** 29

const MAX_SEQUENCE = 0xffff_ffff

/** Bytes that a message takes beside its payload. */
const MESSAGE_COST = 256

/** Requests and answers over one netlink socket: one at a time, in the order of the calls. */
export class Connection {
  readonly #transport: Transport
  readonly #buffers = new ReplyBuffers()
  #sequence = 0
  #tail: Promise<void> | undefined
  #unfinished: Reply | undefined
  #foreign = 0

  constructor(transport: Transport) {
    this.#transport = transport
  }

  static async open(options: NetlinkSocketOptions): Promise<Connection> {
    return new Connection(await openNetlinkSocket(options))
  }

  /** The last answer was given up before its end: the next request has to read the rest away. */
  get dirty(): boolean {
    return this.#unfinished !== undefined
  }

  /** Messages that belonged to no request of ours, since the start. */
  get foreignMessages(): number {
    return this.#foreign
  }

  /**
   * Sends a request and waits for its acknowledgement.
   *
   * @returns the messages of the answer, with payloads of their own
   * @throws {NetlinkError} the kernel's errno with its extended ack
   */
  async request(request: Request, options: ReplyOptions = {}): Promise<Message[]> {
    return this.exchange(request, NLM_F.ack, options, (reply) => collect(reply, copyMessage))
  }

  /**
   * Sends a dump request and collects it; a torn dump is read again from the start.
   *
   * @throws {NetlinkError} EINTR when every attempt was torn
   */
  async dump(request: Request, options: ReplyOptions = {}): Promise<Message[]> {
    return await this.dumpOf(request, options, copyMessage)
  }

  /**
   * The same with what `read` makes of each message where it stands: for what comes by the thousand, of which a copy takes
   * longer than the reading.
   *
   * @param read what it throws ends the dump; `undefined`: the message is left out
   */
  async dumpOf<T>(
    request: Request,
    options: ReplyOptions,
    read: (message: MessageCursor) => T | undefined,
  ): Promise<T[]> {
    for (let attempt = 0; attempt < DUMP_ATTEMPTS; attempt++) {
      const found = await this.exchange(request, NLM_F.dump, options, async (reply) => {
        const collected = await collect(reply, read)
        return reply.interrupted ? undefined : collected
      })
      if (found !== undefined) return found
    }
    throw interrupted()
  }

  /**
   * Has the kernel carry out requests of one subsystem of nfnetlink, all or none. A signal keeps them from being sent;
   * once they are, what came of it is waited for.
   *
   * @param subsystem one of NFNL_SUBSYS
   * @throws {BatchError} the kernel's errno with its extended ack; `index` says which request it refused
   */
  async batch(
    requests: readonly Request[],
    subsystem: number,
    { signal }: ReplyOptions = {},
  ): Promise<void> {
    if (requests.length === 0) return
    const leave = await this.#enter(signal)
    try {
      refuseAborted(signal)
      if (this.#unfinished) await this.#drain(this.#unfinished)
      const last = this.#sequence + requests.length + 2
      const batch = new Batch(requests, subsystem, last > MAX_SEQUENCE ? 1 : this.#sequence + 1)
      this.#sequence = last > MAX_SEQUENCE ? requests.length + 2 : last
      // Modules are loaded inside the write.
      await this.#transport.send(batch.bytes)
      this.#readAnswers(batch)
      batch.conclude()
    } finally {
      leave()
    }
  }

  /** All answers are there when the write returns. */
  #readAnswers(batch: Batch): void {
    const [into] = this.#buffers.first.buffers
    const cursor = new MessageCursor()
    for (let at = 0; at < MAX_DRAIN; at++) {
      const length = this.#transport.receiveSync(into as Buffer)
      if (length === undefined) return
      cursor.reset(into as Buffer, length)
      while (cursor.next()) if (!batch.take(cursor)) this.#foreign++
    }
    throw protocolError('the answer to a batch does not end')
  }

  /**
   * Sends a request and lets `read` walk the answer. `read` may return before the end.
   *
   * @param flags NLM_F_ACK, NLM_F_DUMP, and what the request itself needs
   */
  async exchange<T>(
    request: Request,
    flags: number,
    options: ReplyOptions,
    read: (reply: Reply) => T | Promise<T>,
  ): Promise<T> {
    const { reply, release } = await this.open(request, flags, options)
    try {
      return await read(reply)
    } finally {
      release()
    }
  }

  /** The two halves of `exchange` for streams. The connection is taken until `release` is called. */
  async open(
    request: Request,
    flags: number,
    options: ReplyOptions = {},
  ): Promise<{ reply: Reply; release: () => void }> {
    const leave = await this.#enter(options.signal)
    try {
      refuseAborted(options.signal)
      if (this.#unfinished) await this.#drain(this.#unfinished)
      const reply = await this.#send(request, flags, options)
      return { reply, release: () => this.#release(reply, leave) }
    } catch (error) {
      leave()
      throw error
    }
  }

  /** Ends the connection; what is in flight settles first. */
  async close(): Promise<void> {
    await this.#transport.close()
    this.#wipe()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #send(request: Request, flags: number, options: ReplyOptions): Promise<Reply> {
    this.#sequence = (this.#sequence + 1) >>> 0 || 1
    const { bytes } = request
    const own = (bytes[6] as number) | ((bytes[7] as number) << 8)
    writeU16(bytes, 6, own | NLM_F.request | flags)
    writeU32(bytes, 8, this.#sequence)
    const reply = new Reply(this.#transport, request, this.#sequence, this.#buffers, options)
    if (options.apart && this.#transport.sendApart) {
      await this.#transport.sendApart(bytes, options.signal)
    } else if (options.apart || options.slow || bytes.length > SYNC_WRITE) {
      await this.#transport.send(bytes)
    } else this.#transport.sendSync(bytes)
    return reply
  }

  /** Waits for the requests before this one, or its signal. Returns what lets the next one in. */
  async #enter(signal: AbortSignal | undefined): Promise<() => void> {
    const before = this.#tail
    let leave = (): void => {}
    const done = new Promise<void>((resolve) => {
      leave = resolve
    })
    this.#tail = done
    const leaveLine = (): void => {
      if (this.#tail === done) this.#tail = undefined
      leave()
    }
    if (before === undefined) return leaveLine
    try {
      await (signal ? abortable(before, signal) : before)
      return leaveLine
    } catch (error) {
      before.then(leaveLine)
      throw error
    }
  }

  #release(reply: Reply, leave: () => void): void {
    this.#foreign += reply.foreign
    this.#unfinished = reply.finished ? undefined : reply
    if (reply.finished) this.#wipe()
    leave()
  }

  /** Answers carry private and preshared keys: they do not stay in the buffers. */
  #wipe(): void {
    this.#buffers.wipe()
  }

  async #drain(reply: Reply): Promise<void> {
    const [into] = this.#buffers.first.buffers
    await reply.pending
    for (let i = 0; i < MAX_DRAIN; i++) {
      if ((await this.#transport.receive(into as Buffer)) === undefined) {
        this.#unfinished = undefined
        return
      }
    }
    throw protocolError('an answer that was given up does not end')
  }
}

/** A dump whose data changed under it, however often it was read. */
export function interrupted(): NetlinkError {
  return new NetlinkError('it changed during every attempt to read it', { code: 'EINTR' })
}

async function collect<T>(
  reply: Reply,
  read: (message: MessageCursor) => T | undefined,
): Promise<T[]> {
  const found: T[] = []
  const { cursor } = reply
  let bytes = 0
  while (await reply.advance()) {
    while (reply.next()) {
      const one = read(cursor)
      if (one !== undefined) found.push(one)
      bytes += MESSAGE_COST + cursor.end - cursor.start
    }
    if (bytes > MAX_ANSWER) throw protocolError('the answer does not end')
  }
  return found
}
