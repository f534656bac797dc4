import type { Duplex } from 'node:stream'
import { AbortError, closed, WireGuardError } from '@wgctrl/types'
import { Assembly, type Callables, type WholeMessage } from './assembly.js'
import { brokenProtocol } from './encoding.js'
import { FrameReader } from './frame.js'
import { REMOTE_LIMITS, REMOTE_TIMES } from './limits.js'
import { KIND, type Message } from './message.js'
import { framesOf } from './outgoing.js'
import type { WritingContext } from './value.js'

/** Bytes. */
const READ_BUFFER = 65_536

export interface ChannelOptions extends Callables {
  readonly writing: Omit<WritingContext, 'listId'>
  /** What a message of the other side may weigh. */
  readonly mostBytes: number
  /** Reads no more while much waits to be written. One side alone may do so, or both wait for each other. */
  readonly holdsBack: boolean
  /** Of a long message, its beginning. */
  onHead?(message: Message): void
  onMessage(message: WholeMessage): void
  /** It is over. Absent: the other side ended it. */
  onEnd(error: WireGuardError | undefined): void
}

interface Queued {
  readonly frames: Iterator<Buffer, void, undefined>
  readonly isWanted: () => boolean
  sent(): void
  failed(error: unknown): void
}

/** How a message is sent. */
interface SendOptions {
  /** It is put into bytes at once: its values may be changed or wiped when the call returns. */
  readonly atOnce?: boolean
  /** Asked before each piece. Absent: it is sent to its end. */
  readonly isWanted?: () => boolean
}

/**
 * Messages over a stream of bytes, in both directions: the only file of this folder that reads and writes one. Nothing
 * is read while much waits to be written, and a message with long lists is made piece by piece as the other side takes
 * it: memory is bounded by what one side takes, not by what the other sends or does not take.
 */
export class Channel {
  readonly #stream: Duplex
  readonly #options: ChannelOptions
  readonly #frames = new FrameReader()
  readonly #assembly: Assembly
  /** What has no lists and waits for nothing. */
  readonly #urgent: Buffer[] = []
  readonly #queue: Queued[] = []
  #isBlocked = false
  #isFinishing = false
  #isEnded = false
  #frameTimer: NodeJS.Timeout | undefined
  #takenTimer: NodeJS.Timeout | undefined
  #heardAt = performance.now()

  constructor(stream: Duplex, options: ChannelOptions) {
    this.#stream = stream
    this.#options = options
    this.#assembly = new Assembly(options, options.mostBytes, (head) => options.onHead?.(head))
    stream.on('data', this.#onData)
    stream.on('drain', this.#onDrain)
    stream.on('error', this.#onError)
    stream.on('end', this.#onOver)
    stream.on('close', this.#onOver)
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  /** When something came last, as `performance.now()`. */
  get heardAt(): number {
    return this.#heardAt
  }

  /**
   * Sends a message behind those before it.
   *
   * @returns settles when all of it was handed over; how much waits is bounded by whoever waits for it
   * @throws {WireGuardError} `EINVAL` when a value cannot travel, `ECLOSED`
   * @throws {AbortError} when it was not wanted any more before all of it was handed over; the other side forgets it
   */
  send(
    message: readonly unknown[],
    { atOnce = false, isWanted = () => true }: SendOptions = {},
  ): Promise<void> {
    return new Promise((sent, failed) => {
      if (this.#isEnded) throw closed('connection')
      const frames = framesOf(message, this.#options.writing)
      // The message itself is always made now, and what it names, such as functions, is known.
      const made = atOnce ? [...frames] : [frames.next().value as Buffer]
      this.#queue.push({ frames: behind(made, frames), isWanted, sent, failed })
      this.#write()
    })
  }

  /** Sends what has no lists, before all that waits. */
  sendUrgent(message: readonly unknown[]): void {
    if (this.#isEnded) return
    for (const frame of framesOf(message, this.#options.writing)) this.#urgent.push(frame)
    this.#write()
  }

  /** Ends it when what was sent is taken. Whoever takes nothing is not waited for long. */
  async finish(): Promise<void> {
    if (this.#isEnded) return
    const isOver = new Promise((resolve) => this.#stream.once('close', resolve))
    const timer = setTimeout(() => this.destroy(), REMOTE_TIMES.hello)
    this.#isFinishing = true
    this.#write()
    await isOver
    clearTimeout(timer)
  }

  /** Ends it now. */
  destroy(error?: WireGuardError): void {
    if (this.#isEnded) return
    this.#isEnded = true
    clearTimeout(this.#frameTimer)
    clearTimeout(this.#takenTimer)
    this.#frames.clear()
    this.#assembly.clear()
    for (const frame of this.#urgent) frame.fill(0)
    this.#urgent.length = 0
    const waiting = this.#queue.splice(0)
    // What was made is wiped on the way out.
    for (const { frames } of waiting) frames.return?.()
    this.#stream.destroy()
    for (const { failed } of waiting) failed(error ?? closed('connection'))
    this.#options.onEnd(error)
  }

  #write(): void {
    while (!this.#isBlocked && !this.#isEnded) {
      const frame = this.#urgent.shift() ?? this.#nextFrame()
      if (!frame) break
      this.#isBlocked = !this.#stream.write(frame, () => frame.fill(0))
    }
    if (this.#isBlocked) this.#awaitTaken()
    else if (this.#isFinishing && !this.#isEnded) this.#stream.end()
    this.#breathe()
  }

  #nextFrame(): Buffer | undefined {
    for (let first = this.#queue[0]; first; first = this.#queue[0]) {
      try {
        const next = first.frames.next()
        if (next.done) {
          this.#queue.shift()
          first.sent()
        } else if (first.isWanted()) {
          return next.value
        } else {
          next.value.fill(0)
          throw new AbortError()
        }
      } catch (error) {
        this.#queue.shift()
        first.frames.return?.()
        first.failed(error)
        return framesOf([KIND.cut, 0], this.#options.writing).next().value as Buffer
      }
    }
    return undefined
  }

  /** Reads no more while much waits to be written. */
  #breathe(): void {
    if (this.#isEnded || !this.#options.holdsBack) return
    const isFull = this.#queue.length + this.#urgent.length > REMOTE_LIMITS.unsent
    if (isFull === this.#stream.isPaused()) return
    if (isFull) this.#stream.pause()
    else this.#stream.resume()
  }

  #awaitTaken(): void {
    this.#takenTimer ??= setTimeout(() => {
      this.destroy(timedOut('the other side does not take what it was sent'))
    }, REMOTE_TIMES.taken).unref()
  }

  /** A frame, or a message of several, that was begun has to come to an end. */
  #awaitRest(): void {
    clearTimeout(this.#frameTimer)
    this.#frameTimer = undefined
    if (this.#isEnded || (this.#frames.held === 0 && !this.#assembly.isWaiting)) return
    this.#frameTimer = setTimeout(() => {
      this.destroy(timedOut('the other side does not finish what it began to say'))
    }, REMOTE_TIMES.frame).unref()
  }

  readonly #onData = (chunk: Buffer): void => {
    wipeReadBuffer()
    this.#heardAt = performance.now()
    let frames = 0
    try {
      this.#frames.push(chunk, (frame) => {
        frames++
        if (this.#isEnded) return
        const message = this.#assembly.take(frame)
        if (message) this.#options.onMessage(message)
      })
    } catch (error) {
      this.destroy(error instanceof WireGuardError ? error : brokenProtocol(String(error)))
    }
    // Byte by byte gives no more time.
    if (frames > 0 || this.#frameTimer === undefined) this.#awaitRest()
  }

  readonly #onDrain = (): void => {
    clearTimeout(this.#takenTimer)
    this.#takenTimer = undefined
    this.#isBlocked = false
    this.#write()
  }

  readonly #onError = (error: NodeJS.ErrnoException): void => {
    const { code: told = 'ECONNRESET', message } = error
    // Whether the other side was gone before or after this one wrote is a matter of moments.
    const code = told === 'EPIPE' ? 'ECONNRESET' : told
    this.destroy(new WireGuardError(`the connection broke: ${message}`, { code, cause: error }))
  }

  readonly #onOver = (): void => this.destroy()
}

/**
 * Node reads from a socket into a block of the C library's, hands out a copy of what came, and lets go of the block as it
 * is. Whoever asks for one of that size next gets the same.
 *
 * @source Node's src/stream_base.cc, EmitToJSStreamListener::OnStreamRead; libuv's src/unix/stream.c, uv__read: 64 KiB
 */
function wipeReadBuffer(): void {
  Buffer.allocUnsafeSlow(READ_BUFFER).fill(0)
}

function* behind(
  made: readonly Buffer[],
  rest: Generator<Buffer, void, undefined>,
): Generator<Buffer, void, undefined> {
  let given = 0
  try {
    for (const frame of made) {
      given++
      yield frame
    }
    yield* rest
  } finally {
    for (const frame of made.slice(given)) frame.fill(0)
  }
}

const timedOut = (problem: string): WireGuardError =>
  new WireGuardError(problem, { code: 'ETIMEDOUT' })
