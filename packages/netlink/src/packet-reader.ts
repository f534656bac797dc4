import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { NetlinkError } from './errors.js'
import type { BpfInstruction } from './socket/bpf.js'
import type { Namespace } from './socket/namespace.js'
import { openPacketSocket, PASSING, type PacketSocket } from './socket/packet-socket.js'

/** Words of the memory that both threads share. */
const STOP = 0
const WRITTEN = 1
const TAKEN = 2
const WAITING = 3
const WORDS = 4

/** Milliseconds between two looks whether a ring that was full has room. */
const FULL_PAUSE = 2

/**
 * The thread that waits for packets, since a read that waits would hold one of the pool's four. It
 * needs nothing but the descriptor, so its source stands here and no bundler or module format has to
 * find a file. Packets go through a ring of shared memory: a flood costs no messages and no memory. A
 * message is sent only to a reader that waits. While the ring is full, packets stay with the kernel,
 * which drops what finds its buffer full and counts it.
 */
const READER = `
const { readSync } = require('node:fs')
const { parentPort, workerData } = require('node:worker_threads')
const { fd, words, lengths, bytes, slots, slotSize } = workerData
const buffer = Buffer.allocUnsafeSlow(slotSize)
const passing = new Set(${JSON.stringify(PASSING)})
while (Atomics.load(words, ${STOP}) === 0) {
  let length
  try {
    length = readSync(fd, buffer, 0, slotSize, null)
  } catch (error) {
    if (passing.has(error.code)) continue
    throw error
  }
  const written = Atomics.load(words, ${WRITTEN})
  let taken = Atomics.load(words, ${TAKEN})
  while (((written - taken) | 0) >= slots && Atomics.load(words, ${STOP}) === 0) {
    Atomics.wait(words, ${TAKEN}, taken, ${FULL_PAUSE})
    taken = Atomics.load(words, ${TAKEN})
  }
  const slot = (written >>> 0) % slots
  bytes.set(length < slotSize ? buffer.subarray(0, length) : buffer, slot * slotSize)
  lengths[slot] = length
  Atomics.store(words, ${WRITTEN}, (written + 1) | 0)
  if (Atomics.exchange(words, ${WAITING}, 0) === 1) parentPort.postMessage(0)
}
`

/** Milliseconds after which a read that no packet woke looks whether it should stop. */
const RECEIVE_TIMEOUT = 50

/** Bytes. What a flood of small packets fills in a quarter of a second. */
const RECEIVE_BUFFER_SIZE = 8 << 20

/** How many packets wait for the reader at most: a power of two, so that counters may wrap. */
const SLOTS = 1024

export interface PacketReaderOptions {
  /** What to let through; offset 0 is the first byte of the IP header. */
  readonly filter: readonly BpfInstruction[]
  /** Bytes; longer packets are cut to it. */
  readonly maxLength: number
  /** The network namespace to listen in. Absent: the one of the calling thread. */
  readonly netns?: Namespace | undefined
}

/**
 * Packets of a network namespace that pass a filter, from the IP header on, in order.
 *
 * @throws {NetlinkError} `EPERM` without CAP_NET_RAW; `EUNSUPPORTED` on another system than Linux
 */
export async function openPacketReader(options: PacketReaderOptions): Promise<PacketReader> {
  const socket = await openPacketSocket({
    filter: options.filter,
    netns: options.netns,
    receiveTimeout: RECEIVE_TIMEOUT,
    receiveBufferSize: RECEIVE_BUFFER_SIZE,
  })
  return new PacketReader(socket, options.maxLength)
}

/** What {@link openPacketReader} gives, for one consumer. */
export class PacketReader implements AsyncDisposable {
  readonly #socket: PacketSocket
  readonly #slotSize: number
  readonly #words = new Int32Array(new SharedArrayBuffer(4 * WORDS))
  readonly #lengths = new Uint16Array(new SharedArrayBuffer(2 * SLOTS))
  readonly #bytes: Uint8Array
  readonly #exited: Promise<void>
  #drops = 0
  #failure: unknown
  #wake = (): void => {}
  #closing: Promise<void> | undefined

  /** @internal use {@link openPacketReader} */
  constructor(socket: PacketSocket, maxLength: number) {
    this.#socket = socket
    this.#slotSize = maxLength
    this.#bytes = new Uint8Array(new SharedArrayBuffer(SLOTS * maxLength))
    const read = socket.descriptor.isOfFs ? this.#readInThread() : this.#readInTurns()
    this.#exited = read
      .catch((error) => this.#fail(error))
      .then(() => this.#fail(new NetlinkError('the reader of packets ended', { code: 'EPIPE' })))
  }

  /** Puts another filter in place of the one before. Packets that passed the old one may still come. */
  attach(filter: readonly BpfInstruction[]): void {
    if (!this.#closing) this.#socket.attach(filter)
  }

  /** The next packet, `undefined` when none is there. The bytes are the caller's: a copy, not shared. */
  take(): Uint8Array | undefined {
    const taken = Atomics.load(this.#words, TAKEN)
    if (taken === Atomics.load(this.#words, WRITTEN)) return undefined
    const slot = (taken >>> 0) % SLOTS
    const start = slot * this.#slotSize
    const packet = this.#bytes.slice(start, start + (this.#lengths[slot] as number))
    Atomics.store(this.#words, TAKEN, (taken + 1) | 0)
    return packet
  }

  /**
   * Waits until there is a packet. Also resolves when the reader is closed: `false`.
   *
   * @throws the error that ended the reader
   */
  async wait(): Promise<boolean> {
    for (;;) {
      if (this.#closing) return false
      if (this.#failure !== undefined) throw this.#failure
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      Atomics.store(this.#words, WAITING, 1)
      if (Atomics.load(this.#words, TAKEN) !== Atomics.load(this.#words, WRITTEN)) return true
      await woken
    }
  }

  /** How many packets the kernel dropped since the start because nobody took those before them. */
  get drops(): number {
    if (!this.#closing) this.#drops += this.#socket.takeDrops()
    return this.#drops
  }

  /** Ends the thread and closes the socket; it takes up to a twentieth of a second. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #close(): Promise<void> {
    Atomics.store(this.#words, STOP, 1)
    this.#wake()
    await this.#exited
    this.#socket.close()
  }

  async #readInThread(): Promise<void> {
    const worker = new Worker(READER, {
      eval: true,
      workerData: {
        fd: this.#socket.descriptor.fd,
        words: this.#words,
        lengths: this.#lengths,
        bytes: this.#bytes,
        slots: SLOTS,
        slotSize: this.#slotSize,
      },
    })
    worker.on('message', () => this.#wake())
    worker.on('error', (error) => this.#fail(error))
    await new Promise((resolve) => worker.once('exit', resolve))
  }

  /**
   * The same where threads cannot use the descriptor: each read waits in a thread below JavaScript, see
   * {@link Descriptor.isOfFs}.
   */
  async #readInTurns(): Promise<void> {
    const buffer = Buffer.allocUnsafeSlow(this.#slotSize)
    while (this.#isReading) {
      const length = await this.#socket.receive(buffer)
      if (length === undefined) continue
      while (this.#isFull && this.#isReading) await sleep(FULL_PAUSE)
      const written = Atomics.load(this.#words, WRITTEN)
      const slot = (written >>> 0) % SLOTS
      this.#bytes.set(buffer.subarray(0, length), slot * this.#slotSize)
      this.#lengths[slot] = length
      Atomics.store(this.#words, WRITTEN, (written + 1) | 0)
      if (Atomics.exchange(this.#words, WAITING, 0) === 1) this.#wake()
    }
  }

  get #isReading(): boolean {
    return Atomics.load(this.#words, STOP) === 0
  }

  get #isFull(): boolean {
    const [written, taken] = [WRITTEN, TAKEN].map((word) => Atomics.load(this.#words, word))
    return (((written as number) - (taken as number)) | 0) >= SLOTS
  }

  #fail(error: unknown): void {
    this.#failure ??= error
    this.#wake()
  }
}
