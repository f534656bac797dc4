import { refuseAborted } from '@wgctrl/types'
import type { SetNames } from './codec/attribute-path.js'
import { type Acknowledgement, decodeDone, decodeError } from './codec/extended-ack.js'
import { type Message, MessageCursor, NLM_F, NLMSG } from './codec/message.js'
import { kernelError, NetlinkError, protocolError } from './errors.js'
import { DatagramBatch } from './socket/datagram-batch.js'
import type { Transport } from './socket/transport.js'

/** A request as bytes, and what its attributes are, for naming them in errors. */
export interface Request {
  /** One whole message; `Connection` fills in its sequence number. */
  bytes: Uint8Array
  set: SetNames
  /** Where the attributes begin in `bytes`. */
  start: number
}

/**
 * The kernel fills at most 32 KiB of a dump per read, unless one message is larger: a link has up to 64 KiB of
 * alternative names, beside the rest.
 *
 * @source net/core/rtnetlink.c, rtnl_alt_ifname and rtnl_calcit
 */
export const RECEIVE_BUFFER = 131_072

/** Datagrams that are read on the event loop's own time before reading moves off it. */
const SYNC_DATAGRAMS = 2

/** Datagrams in a row of which none is for this request. */
const MAX_FOREIGN = 10_000

/** Datagrams that one trip off the event loop takes: a quarter of a megabyte of a dump, in half a millisecond. */
const AHEAD = 8

/** What answers are read into, one after the other. They hold secrets: {@link wipe} them. */
export class ReplyBuffers {
  /** For what is read on the event loop's own time. */
  readonly first: DatagramBatch = new DatagramBatch(SYNC_DATAGRAMS, RECEIVE_BUFFER)
  #ahead: readonly [DatagramBatch, DatagramBatch] | undefined

  /** Two that take turns: one is decoded while the kernel fills the other. */
  get ahead(): readonly [DatagramBatch, DatagramBatch] {
    this.#ahead ??= [
      new DatagramBatch(AHEAD, RECEIVE_BUFFER),
      new DatagramBatch(AHEAD, RECEIVE_BUFFER),
    ]
    return this.#ahead
  }

  wipe(): void {
    this.first.wipe()
    for (const batch of this.#ahead ?? []) batch.wipe()
  }
}

export interface ReplyOptions {
  signal?: AbortSignal | undefined
  /**
   * The kernel may take its time over the request, which it handles inside the write: it is sent off
   * the event loop. Large requests are in any case.
   */
  slow?: boolean | undefined
  /** The kernel may sleep over the request for as long as others like: a thread of its own sends it. */
  apart?: boolean | undefined
}

/** What came of a reply, or why nothing more does. */
export type Received = { batch: DatagramBatch } | { error: unknown }

/**
 * The answer to one request, datagram by datagram:
 *
 *     while (await reply.advance()) while (reply.next()) use(reply.cursor)
 *
 * Small answers are read synchronously (15 us); from the third datagram on the next ones are read in another
 * thread while the caller decodes those in hand. What `cursor` points at is valid until the next
 * `advance`.
 */
export class Reply {
  /** The message in hand, after `next()` returned true. */
  readonly cursor = new MessageCursor()
  /** The data changed under the dump: it is torn, and silently short. */
  interrupted = false
  /** Messages that belonged to other requests, and were skipped. */
  foreign = 0
  /** The kernel's final word was read: nothing more is coming. */
  finished = false
  /** A read that may still be in flight when the reply is given up. */
  pending: Promise<Received> | undefined

  readonly #transport: Transport
  readonly #request: Request
  readonly #sequence: number
  readonly #buffers: ReplyBuffers
  readonly #signal: AbortSignal | undefined
  readonly #scan = new MessageCursor()
  /** What was read and not handed out yet. */
  #hand: DatagramBatch | undefined
  #next = 0
  #datagrams = 0
  #withoutOurs = 0
  #turn = 0

  constructor(
    transport: Transport,
    request: Request,
    sequence: number,
    buffers: ReplyBuffers,
    options: ReplyOptions,
  ) {
    this.#transport = transport
    this.#request = request
    this.#sequence = sequence
    this.#buffers = buffers
    buffers.first.clear()
    this.#signal = options.signal
  }

  /**
   * Goes to the next datagram. False after the kernel's final word.
   *
   * @throws {NetlinkError} the kernel's errno; EPROTO for bytes that are no netlink, or when no
   * answer is coming; ENOBUFS after an overrun
   */
  advance(): boolean | Promise<boolean> {
    refuseAborted(this.#signal)
    if (this.#handOut()) return true
    if (this.finished) return false
    if (this.pending === undefined && this.#datagrams < SYNC_DATAGRAMS) return this.#takeNow()
    return this.#advanceLater()
  }

  /** Goes to the next message of the datagram that is for this request and carries data. */
  next(): boolean {
    while (this.cursor.next()) {
      const { sequence, type } = this.cursor
      if (sequence === this.#sequence && type >= NLMSG.minType) return true
    }
    return false
  }

  #handOut(): boolean {
    const { buffers, lengths } = this.#hand ?? { buffers: [], lengths: [] }
    const at = this.#next++
    if (at >= lengths.length) return false
    this.cursor.reset(buffers[at] as Buffer, lengths[at] as number)
    return true
  }

  #takeNow(): boolean {
    const { first } = this.#buffers
    const at = this.#datagrams
    const bytes = first.buffers[at] as Buffer
    const length = this.#transport.receiveSync(bytes)
    if (length === undefined) throw unfinished()
    first.add(length)
    this.#datagrams++
    this.#survey(bytes, length)
    this.cursor.reset(bytes, length)
    return true
  }

  async #advanceLater(): Promise<boolean> {
    const received = await (this.pending ?? this.#receive())
    this.pending = undefined
    refuseAborted(this.#signal)
    if ('error' in received) throw received.error
    const { buffers, lengths } = received.batch
    if (lengths.length === 0) throw unfinished()
    lengths.forEach((length, at) => {
      this.#survey(buffers[at] as Buffer, length)
    })
    this.#datagrams += lengths.length
    this.#hand = received.batch
    this.#next = 0
    if (!this.finished) this.pending = this.#receive()
    return this.#handOut()
  }

  /** Never rejects: it may settle when nobody waits for it. */
  #receive(): Promise<Received> {
    const batch = this.#buffers.ahead[this.#turn] as DatagramBatch
    this.#turn ^= 1
    return receiveInto(this.#transport, batch).then(
      () => ({ batch }),
      (error: unknown) => ({ error }),
    )
  }

  /** Reads the headers alone, to know whether another read is worth it before decoding starts. */
  #survey(bytes: Uint8Array, length: number): void {
    const scan = this.#scan.reset(bytes, length)
    let ours = 0
    while (scan.next()) {
      if (scan.type === NLMSG.overrun) {
        throw new NetlinkError('the kernel dropped part of its answer', { code: 'ENOBUFS' })
      }
      if (scan.sequence !== this.#sequence) {
        this.foreign++
        continue
      }
      ours++
      if ((scan.flags & NLM_F.dumpInterrupted) !== 0) this.interrupted = true
      if (scan.type === NLMSG.done || scan.type === NLMSG.error) this.#conclude(scan)
    }
    this.#withoutOurs = ours > 0 ? 0 : this.#withoutOurs + 1
    if (this.#withoutOurs > MAX_FOREIGN) {
      throw protocolError(`${MAX_FOREIGN} datagrams in a row belong to other requests`)
    }
  }

  #conclude({ type, bytes, start, end, flags }: MessageCursor): void {
    this.finished = true
    const read = type === NLMSG.done ? decodeDone : decodeError
    const { error, extendedAck }: Acknowledgement = read(bytes, start, end, flags, this.#request)
    if (error !== 0) throw kernelError(error, extendedAck)
  }
}

async function receiveInto(transport: Transport, batch: DatagramBatch): Promise<void> {
  if (transport.receiveMany) return transport.receiveMany(batch)
  batch.clear()
  const length = await transport.receive(batch.buffers[0] as Buffer)
  if (length !== undefined) batch.add(length)
}

function unfinished(): NetlinkError {
  return protocolError('the kernel did not finish its answer')
}

/** The message in hand with a payload of its own. */
export function copyMessage({
  type,
  flags,
  sequence,
  port,
  bytes,
  start,
  end,
}: MessageCursor): Message {
  return { type, flags, sequence, port, payload: new Uint8Array(bytes.subarray(start, end)) }
}
