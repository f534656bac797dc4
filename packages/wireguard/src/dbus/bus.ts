import { connect, type Socket } from 'node:net'
import { abortReason, WireGuardError } from '@wgctrl/types'
import { GREETING, GreetingReader } from './codec/greeting.js'
import {
  encodeCall,
  MESSAGE,
  type Message,
  MessageReader,
  type MethodCall,
} from './codec/message.js'
import type { WireValue } from './codec/wire-reader.js'

/** An error that the other side answered with. */
export class BusError extends WireGuardError {
  override readonly name = 'BusError'
  /** Such as `org.freedesktop.DBus.Error.AccessDenied`. */
  readonly busName: string

  constructor(busName: string, message: string) {
    super(message, { code: CODES[busName] ?? 'EIO' })
    this.busName = busName
  }
}

/** @source D-Bus Specification and sd-bus-errors(3) */
const CODES: Readonly<Record<string, string | undefined>> = {
  'org.freedesktop.DBus.Error.AccessDenied': 'EPERM',
  'org.freedesktop.DBus.Error.AuthFailed': 'EPERM',
  // Somebody could be asked for a password: nobody is.
  'org.freedesktop.DBus.Error.InteractiveAuthorizationRequired': 'EPERM',
  'org.freedesktop.DBus.Error.NoReply': 'ETIMEDOUT',
  'org.freedesktop.DBus.Error.Timeout': 'ETIMEDOUT',
  'org.freedesktop.resolve1.NoSuchLink': 'ENODEV',
  'org.freedesktop.resolve1.LinkBusy': 'EBUSY',
}

/** A connection to a message bus: the only file that does its socket I/O. One call at a time. */
export class Bus implements Disposable {
  readonly #socket: Socket
  readonly #greeting = new GreetingReader()
  readonly #reader = new MessageReader()
  #isIn = false
  #messages: Message[] = []
  #failure: unknown
  #serial = 0
  #wake: () => void = () => {}

  private constructor(path: string) {
    this.#socket = connect({ path })
    this.#socket.on('data', (chunk) => this.#take(chunk))
    this.#socket.on('error', (error) => this.#fail(asBusFailure(error)))
    this.#socket.on('close', () => this.#fail(gone()))
  }

  /**
   * @param signal ends it with its reason
   * @throws {WireGuardError} `ENOENT`, `ECONNREFUSED` where nobody listens, `EPERM`, `EPROTO`, `ECONNRESET`
   */
  static async open(path: string, signal: AbortSignal): Promise<Bus> {
    const bus = new Bus(path)
    try {
      bus.#socket.write(GREETING)
      await bus.#until(() => bus.#isIn || undefined, signal)
      await bus.call({ ...THE_BUS, member: 'Hello' }, signal)
      return bus
    } catch (error) {
      bus[Symbol.dispose]()
      throw error
    }
  }

  /**
   * @param signal ends the connection too: whether the call had its effect is not known then
   * @returns what the method gave
   * @throws {BusError}
   */
  async call(call: MethodCall, signal: AbortSignal): Promise<readonly WireValue[]> {
    const serial = ++this.#serial
    this.#socket.write(encodeCall(call, serial))
    const { type, errorName, body } = await this.#until(() => this.#answerTo(serial), signal)
    if (type !== MESSAGE.error) return body
    const [text] = body
    throw new BusError(errorName, typeof text === 'string' && text !== '' ? text : errorName)
  }

  [Symbol.dispose](): void {
    this.#socket.destroy()
  }

  /** Signals come too, such as that of one's own name. */
  #answerTo(serial: number): Message | undefined {
    const answer = this.#messages.find(({ replySerial }) => replySerial === serial)
    this.#messages = []
    return answer
  }

  /** Waits until there is something. */
  async #until<T>(find: () => T | undefined, signal: AbortSignal): Promise<T> {
    const onAbort = (): void => this.#fail(abortReason(signal))
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      for (;;) {
        const found = find()
        if (found !== undefined) return found
        if (this.#failure !== undefined) throw this.#failure
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  #take(chunk: Uint8Array): void {
    try {
      const rest = this.#isIn ? chunk : this.#greeting.push(chunk)
      if (rest === undefined) return
      this.#isIn = true
      for (const message of this.#reader.push(rest)) this.#messages.push(message)
      this.#wake()
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= error
    this.#socket.destroy()
    this.#wake()
  }
}

/** The object of the bus itself. */
export const THE_BUS: Omit<MethodCall, 'member'> = {
  destination: 'org.freedesktop.DBus',
  path: '/org/freedesktop/DBus',
  interface: 'org.freedesktop.DBus',
}

function asBusFailure(error: NodeJS.ErrnoException): WireGuardError {
  if (error.code === 'EPIPE' || error.code === 'ECONNRESET') return gone()
  const { code = 'EIO', message } = error
  return new WireGuardError(`the system bus cannot be reached: ${message}`, { code, cause: error })
}

const gone = (): WireGuardError =>
  new WireGuardError('the system bus has closed the connection', { code: 'ECONNRESET' })
