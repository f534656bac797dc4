import { Worker } from 'node:worker_threads'
import { abortReason } from '@wgctrl/types'
import { readU16, writeU16, writeU32 } from './codec/bytes.js'
import { MESSAGE_HEADER, NLM_F, NLMSG } from './codec/message.js'
import { NetlinkError } from './errors.js'
import { RECEIVE_BUFFER } from './reply.js'
import type { Namespace } from './socket/namespace.js'
import { type NetlinkSocket, openNetlinkSocket } from './socket/socket.js'

/**
 * The reader of the multicast socket: a thread of its own, since a read that waits would hold one of
 * the pool's four. It needs nothing but the descriptor, so its source stands here and no bundler or
 * module format has to find a file. `stop` is set before the wake-up datagram is sent; the socket's
 * receive timeout is a second way out.
 *
 * A socket that overran drops whatever comes, without a further word, until its queue was read to the end:
 * the loss is told then, so that what is listed afterwards misses nothing. The end shows in that a datagram
 * is acknowledged, which before it is not.
 * @source linux, net/netlink/af_netlink.c: NETLINK_S_CONGESTED
 */
const READER = `
const { readSync, writeSync } = require('node:fs')
const { parentPort, workerData } = require('node:worker_threads')
const { fd, stop, noop } = workerData
const buffer = Buffer.allocUnsafeSlow(${RECEIVE_BUFFER})
let lost = false
while (Atomics.load(stop, 0) === 0) {
  try {
    const length = readSync(fd, buffer, 0, buffer.length, null)
    if (buffer.readUInt16LE(4) !== ${NLMSG.error}) {
      parentPort.postMessage(new Uint8Array(buffer.subarray(0, length)))
    } else if (lost) {
      lost = false
      parentPort.postMessage(null)
    }
  } catch (error) {
    if (error.code === 'ENOBUFS') lost = true
    else if (error.code !== 'EAGAIN' && error.code !== 'EINTR') throw error
  }
  if (lost) writeSync(fd, noop)
}
`

/**
 * The same where threads cannot use the descriptor: each read waits in a thread below JavaScript, see
 * {@link Descriptor.isOfFs}.
 */
async function readInTurns(socket: NetlinkSocket, stop: Int32Array, mail: Mailbox): Promise<void> {
  const buffer = Buffer.allocUnsafeSlow(RECEIVE_BUFFER)
  let lost = false
  while (Atomics.load(stop, 0) === 0) {
    try {
      const length = await socket.receive(buffer)
      const isReply = length !== undefined && readU16(buffer, 4) === NLMSG.error
      if (length !== undefined && !isReply) mail.put(Uint8Array.from(buffer.subarray(0, length)))
      if (isReply && lost) {
        lost = false
        mail.put(null)
      }
    } catch (error) {
      if ((error as NetlinkError).code !== 'ENOBUFS') throw error
      lost = true
    }
    if (lost) socket.sendSync(wakeUp())
  }
}

async function readInThread(
  { descriptor }: NetlinkSocket,
  stop: Int32Array,
  mail: Mailbox,
): Promise<void> {
  const workerData = { fd: descriptor.fd, stop, noop: wakeUp() }
  const worker = new Worker(READER, { eval: true, workerData })
  worker.on('message', (datagram: Uint8Array | null) => mail.put(datagram))
  worker.on('error', (error) => mail.fail(error))
  await new Promise((resolve) => worker.once('exit', resolve))
}

/** Milliseconds after which a read that nothing woke looks whether it should stop. */
const RECEIVE_TIMEOUT = 1000

/** Bytes; a burst of changes fits, so that little is lost. */
const RECEIVE_BUFFER_SIZE = 1 << 20

/** Which multicast groups to listen to. */
export interface MulticastOptions {
  /** The netlink protocol, one of {@link NETLINK} or another NETLINK_ number. */
  protocol: number
  /** By number. */
  groups: readonly number[]
  /** Absent: the network namespace of the calling thread. */
  netns?: Namespace | undefined
  /** Ends the iteration with an `AbortError`. */
  signal?: AbortSignal | undefined
}

/** What a datagram tells; `null` stands for datagrams that came faster than they were read, and are lost. */
export type EventsOf<T> = (datagram: Uint8Array | null) => Iterable<T>

/**
 * Listens to multicast groups, from when this resolved. Leaving the loop, or `return()`, ends the thread that reads and
 * closes the socket.
 *
 * @throws {NetlinkError} where netlink cannot be had
 */
export async function openMulticast<T>(
  { protocol, groups, netns, signal }: MulticastOptions,
  eventsOf: EventsOf<T>,
): Promise<MulticastEvents<T>> {
  const socket = await openNetlinkSocket({
    protocol,
    groups,
    netns,
    receiveTimeout: RECEIVE_TIMEOUT,
    receiveBufferSize: RECEIVE_BUFFER_SIZE,
  })
  return new MulticastEvents(socket, eventsOf, signal)
}

/** What comes from multicast groups, in order, for one reader. */
export class MulticastEvents<T> implements AsyncIterableIterator<T, void, undefined> {
  readonly #socket: NetlinkSocket
  readonly #eventsOf: EventsOf<T>
  readonly #stop = new Int32Array(new SharedArrayBuffer(4))
  readonly #mail: Mailbox
  readonly #exited: Promise<void>
  readonly #ready: T[] = []
  #ended: Promise<void> | undefined

  /** @internal use {@link openMulticast} */
  constructor(socket: NetlinkSocket, eventsOf: EventsOf<T>, signal: AbortSignal | undefined) {
    this.#socket = socket
    this.#eventsOf = eventsOf
    this.#mail = new Mailbox(signal)
    this.#exited = this.#read().catch((error) => this.#mail.fail(error))
  }

  async next(): Promise<IteratorResult<T, void>> {
    try {
      for (;;) {
        if (this.#ended) return { done: true, value: undefined }
        const event = this.#ready.shift()
        if (event !== undefined) return { done: false, value: event }
        const datagram = await this.#mail.next()
        if (datagram !== undefined) this.#ready.push(...this.#eventsOf(datagram))
      }
    } catch (error) {
      await this.return()
      throw error
    }
  }

  async return(): Promise<IteratorResult<T, void>> {
    this.#ended ??= this.#end()
    await this.#ended
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  async #read(): Promise<void> {
    const read = this.#socket.descriptor.isOfFs ? readInThread : readInTurns
    await read(this.#socket, this.#stop, this.#mail)
    this.#mail.fail(new NetlinkError('the reader of multicast groups ended', { code: 'EPIPE' }))
  }

  async #end(): Promise<void> {
    Atomics.store(this.#stop, 0, 1)
    this.#socket.sendSync(wakeUp())
    this.#mail.close()
    await this.#exited
    await this.#socket.close()
  }
}

/** The kernel acknowledges a NOOP that asks for it and does nothing else: the read returns. */
function wakeUp(): Uint8Array {
  const bytes = new Uint8Array(MESSAGE_HEADER)
  writeU32(bytes, 0, MESSAGE_HEADER)
  writeU16(bytes, 4, NLMSG.noop)
  writeU16(bytes, 6, NLM_F.request | NLM_F.ack)
  return bytes
}

/** Datagrams from the reader, in order, for one reader that waits. */
class Mailbox {
  readonly #queue: (Uint8Array | null)[] = []
  readonly #signal: AbortSignal | undefined
  #closed = false
  #failure: { error: unknown } | undefined
  #wake = (): void => {}

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal
    signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  /** @param datagram `null` stands for lost ones */
  put(datagram: Uint8Array | null): void {
    this.#queue.push(datagram)
    this.#wake()
  }

  /** What is there is read before; the first failure counts. */
  fail(error: unknown): void {
    this.#failure ??= { error }
    this.#wake()
  }

  /** Waits for a datagram; `null` stands for lost ones, `undefined` comes once it is closed. */
  async next(): Promise<Uint8Array | null | undefined> {
    while (!this.#closed) {
      const datagram = this.#queue.shift()
      if (datagram !== undefined) return datagram
      if (this.#failure) throw this.#failure.error
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return undefined
  }

  close(): void {
    this.#closed = true
    this.#signal?.removeEventListener('abort', this.#onAbort)
    this.#wake()
  }

  readonly #onAbort = (): void => {
    if (this.#signal) this.fail(abortReason(this.#signal))
  }
}
