import type { Duplex } from 'node:stream'
import {
  abortReason,
  type CallOptions,
  closed,
  Deadline,
  inContext,
  onAbort,
  refuseAborted,
  WireGuardError,
} from '@wgctrl/types'
import type { WholeMessage } from './assembly.js'
import type { RemoteCallName } from './calls.js'
import { Channel } from './channel.js'
import { brokenProtocol } from './encoding.js'
import { REMOTE_LIMITS, REMOTE_TIMES } from './limits.js'
import { GREETING, KIND, listIn, type Message, PROTOCOL_VERSION } from './message.js'
import { OwnFunctions } from './own-functions.js'

/** What becomes of a call that was sent. */
interface CallUnderWay {
  answer(value: unknown): void
  fail(error: unknown): void
  items?(items: unknown[], state: unknown): void
  /** The numbers of the functions that came with it. */
  functions: readonly number[]
  isSent: boolean
  isAborted: boolean
}

/** Who hears what becomes of it. */
type Handler = Pick<CallUnderWay, 'answer' | 'fail' | 'items'>

/** How a call is made. */
export interface RemoteCallOptions {
  /** The server is told of its abort. */
  readonly signal?: AbortSignal | undefined
  /** Its arguments are large: they are sent as the server takes them, and must not change meanwhile. */
  readonly isLarge?: boolean
  /** Nobody misses it: an abort need not wait for the server. */
  readonly isReading?: boolean
}

/** Calls at once. Others wait in line, but for those that a function makes which the server waits for. */
const MOST_CALLS = REMOTE_LIMITS.calls / 4
/** Calls that go on count on their own: they may go on for ever. */
const MOST_STREAMS = REMOTE_LIMITS.calls / 4

/** Bytes that an answer may weigh. The server has no more than devices have. */
const LARGEST_ANSWER = 2 ** 33

/** A client's side of a connection: its calls, and what the server asks back. */
export class ClientConnection {
  readonly #channel: Channel
  readonly #stream: Duplex
  readonly #functions = new OwnFunctions(() => this.#channel)
  readonly #calls = new Map<number, CallUnderWay>()
  readonly #waiting: (() => void)[] = []
  #running = 0
  #streams = 0
  #last = 0
  #end: WireGuardError | undefined
  #greeted: (outcome: { data: unknown } | { error: WireGuardError }) => void = () => {}
  #silence: NodeJS.Timeout | undefined
  #pinged = false
  /** Told which backends the server has, whenever there are others. */
  onBackends: (backends: unknown) => void = () => {}

  constructor(stream: Duplex) {
    this.#stream = stream
    this.#channel = new Channel(stream, {
      holdsBack: false,
      mostBytes: LARGEST_ANSWER,
      writing: { secrets: true, functionId: (callback) => this.#functions.idOf(callback) },
      signalOf: (id) => this.#functions.signalOf(id),
      onMessage: (message) => this.#take(message),
      onEnd: (error) => this.#over(error),
    })
  }

  /** @throws {WireGuardError} `EPROTO`: it is no server of ours; `ETIMEDOUT` */
  async greet(options: CallOptions): Promise<unknown> {
    using deadline = new Deadline({ timeout: REMOTE_TIMES.hello, ...options })
    const answered = new Promise<{ data: unknown } | { error: WireGuardError }>((resolve) => {
      this.#greeted = resolve
      onAbort(deadline.signal, () => resolve({ error: abortReason(deadline.signal) as never }))
    })
    this.#channel.send([KIND.hello, 0, GREETING, PROTOCOL_VERSION, {}]).catch(() => {})
    const outcome = await answered
    if ('data' in outcome) return outcome.data
    this.#channel.destroy()
    throw outcome.error
  }

  /** A call that is made now waits for others. */
  get isFull(): boolean {
    if (this.#functions.within !== 0) return false
    return this.#running >= MOST_CALLS || this.#waiting.length > 0
  }

  /** @throws what the server's call throws; `ECONNRESET` when the connection is lost */
  async call(
    method: RemoteCallName,
    args: readonly unknown[],
    options: RemoteCallOptions = {},
  ): Promise<unknown> {
    const { signal } = options
    refuseAborted(signal)
    if (this.isFull) await this.#room(signal)
    this.#running++
    try {
      return await this.#answerOf(method, args, options)
    } catch (error) {
      throw signal?.aborted && isAbort(error) ? abortReason(signal) : error
    } finally {
      this.#running--
      this.#waiting.shift()?.()
    }
  }

  /** @returns what is sent about the call from now on */
  open(method: RemoteCallName, args: readonly unknown[], handler: Handler) {
    if (this.#streams >= MOST_STREAMS) {
      throw new WireGuardError(`${MOST_STREAMS} streams are open on this connection`, {
        code: 'EAGAIN',
      })
    }
    this.#streams++
    const done = <T extends unknown[]>(tell: (...args: T) => void) => {
      return (...args: T): void => {
        this.#streams--
        tell(...args)
      }
    }
    const id = this.#send(method, args, {
      ...handler,
      answer: done(handler.answer),
      fail: done(handler.fail),
    })
    return {
      pull: (count: number) => this.#channel.sendUrgent([KIND.pull, id, count]),
      end: () => this.#channel.sendUrgent([KIND.end, id]),
      abort: () => this.#abort(id),
      ask: (name: string, asked: readonly unknown[]) => this.#ask(id, name, asked),
    }
  }

  /** Whether a call can be made. @throws {WireGuardError} why not */
  check(): void {
    if (this.#end) throw this.#end
  }

  /** Lets go of the server. Calls that are still under way fail with this. */
  async close(reason: WireGuardError): Promise<void> {
    this.#end ??= reason
    await this.#channel.finish()
  }

  #ask(call: number, name: string, args: readonly unknown[]): Promise<unknown> {
    return new Promise((answer, fail) => {
      this.check()
      const id = ++this.#last
      this.#calls.set(id, { answer, fail, functions: [], isSent: false, isAborted: false })
      this.#channel.send([KIND.ask, id, call, name, args], { atOnce: true }).catch(fail)
      this.#watchSilence()
    })
  }

  #answerOf(
    method: RemoteCallName,
    args: readonly unknown[],
    { signal, isLarge = false, isReading = false }: RemoteCallOptions,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      let unlisten = (): void => {}
      const over = <T>(settle: (value: T) => void) => {
        return (value: T): void => {
          unlisten()
          settle(value)
        }
      }
      const handler = { answer: over(resolve), fail: over(reject) }
      const id = this.#send(method, args, handler, isLarge)
      if (!signal) return
      unlisten = onAbort(signal, () => {
        this.#abort(id)
        if (isReading) handler.fail(abortReason(signal))
      })
    })
  }

  #send(
    method: RemoteCallName,
    args: readonly unknown[],
    handler: Handler,
    isLarge = false,
  ): number {
    this.check()
    const id = ++this.#last
    const call: CallUnderWay = { ...handler, functions: [], isSent: false, isAborted: false }
    this.#calls.set(id, call)
    call.functions = this.#functions.collect(() => {
      const message = [KIND.call, id, method, args, this.#functions.within]
      const isWanted = (): boolean => this.#calls.has(id) && !call.isAborted
      this.#channel.send(message, { atOnce: !isLarge, isWanted }).then(
        () => {
          call.isSent = true
        },
        (error: unknown) => this.#settle(id)?.fail(error),
      )
    })
    this.#watchSilence()
    return id
  }

  /** One that is still being sent is not sent to its end; should it be there already, this comes behind it. */
  #abort(id: number): void {
    const call = this.#calls.get(id)
    if (!call) return
    call.isAborted = true
    if (call.isSent) this.#channel.sendUrgent([KIND.abort, id])
    else this.#channel.send([KIND.abort, id]).catch(() => {})
  }

  #settle(id: number): CallUnderWay | undefined {
    const call = this.#calls.get(id)
    this.#calls.delete(id)
    if (call) this.#functions.forget(call.functions)
    this.#watchSilence()
    return call
  }

  async #room(signal: AbortSignal | undefined): Promise<void> {
    do {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve)
        if (signal) onAbort(signal, resolve)
      })
      refuseAborted(signal)
    } while (this.#running >= MOST_CALLS)
  }

  #take({ kind, id, rest }: WholeMessage): void {
    this.#pinged = false
    switch (kind) {
      case KIND.hello:
        this.#welcome(rest)
        break
      case KIND.answer:
        this.#settle(id)?.answer(rest[0] ?? undefined)
        break
      case KIND.fail:
        this.#settle(id)?.fail(rest[0])
        break
      case KIND.items:
        this.#calls.get(id)?.items?.(listIn(rest[0]), rest[1])
        break
      case KIND.callback:
        void this.#functions.call({ kind, id, rest })
        break
      case KIND.cancel:
        this.#functions.cancel(id)
        break
      case KIND.backends:
        this.onBackends(rest[0])
        break
      case KIND.pong:
        break
      default:
        throw brokenProtocol(`a message of kind ${kind} from a server`)
    }
  }

  #welcome([greeting, version, data]: Message['rest']): void {
    if (greeting !== GREETING) throw brokenProtocol('this is no wgctrl')
    const problem = `the server speaks version ${version} of the protocol, this is ${PROTOCOL_VERSION}`
    this.#greeted(version === PROTOCOL_VERSION ? { data } : { error: brokenProtocol(problem) })
  }

  #over(error: WireGuardError | undefined): void {
    this.#endSilence()
    this.#end ??= error ?? new WireGuardError('the server is gone', { code: 'ECONNRESET' })
    this.#greeted({ error: this.#end })
    this.#functions.cancelAll()
    for (const id of [...this.#calls.keys()]) this.#settle(id)?.fail(this.#end)
    for (const wake of this.#waiting.splice(0)) wake()
  }

  /**
   * Nothing keeps a process alive that waits for nothing; and a server of which nothing is heard while something is
   * awaited is asked whether it is there.
   */
  #watchSilence(): void {
    const socket = this.#stream as { ref?(): void; unref?(): void }
    if (this.#calls.size === 0) {
      this.#endSilence()
      socket.unref?.()
      return
    }
    socket.ref?.()
    // One that runs goes on: calls that are made again and again tell nothing of the server.
    this.#silence ??= setTimeout(() => this.#onSilence(), REMOTE_TIMES.silence).unref()
  }

  #endSilence(): void {
    clearTimeout(this.#silence)
    this.#silence = undefined
    this.#pinged = false
  }

  #onSilence(): void {
    this.#silence = undefined
    const isSilent = performance.now() - this.#channel.heardAt >= REMOTE_TIMES.silence
    if (isSilent && this.#pinged) {
      // A process that was stopped itself finds its timers over before it reads what came meanwhile.
      setImmediate(() => this.#giveUp())
      return
    }
    if (isSilent) this.#channel.sendUrgent([KIND.ping, 0])
    this.#pinged = isSilent
    this.#watchSilence()
  }

  #giveUp(): void {
    const isSilent = performance.now() - this.#channel.heardAt >= REMOTE_TIMES.silence
    if (isSilent && this.#pinged && this.#calls.size > 0) {
      this.#channel.destroy(new WireGuardError('the server does not answer', { code: 'ETIMEDOUT' }))
    } else this.#watchSilence()
  }
}

const isAbort = (error: unknown): boolean => (error as { code?: string })?.code === 'ABORT_ERR'

export const connectionClosed = (): WireGuardError => closed('client')

/** As a call of this machine would say it. */
export const said = (error: unknown, operation: string, device: unknown): unknown =>
  inContext(error, {
    operation,
    ...(typeof device === 'string' && { device }),
  })
