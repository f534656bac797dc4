import {
  type Connection,
  ConnectionPool,
  decodeMessages,
  MESSAGE_HEADER,
  type MulticastEvents,
  type Namespace,
  NLM_F,
  openMulticast,
  openNetlinkSocket,
  protocolError,
  type Reply,
  type Request,
  type Transport,
  Writer,
} from '@wgctrl/netlink'
import {
  checkChoice,
  checkFields,
  checkSignal,
  InvalidTypeError,
  invalid,
  quoted,
  refuseAborted,
} from '@wgctrl/types'
import { FamilyCodec } from '../codec/family-codec.js'
import type { MessageCodec } from '../codec/message-codec.js'
import type { GroupSpec, OperationSpec, Spec } from '../spec/model.js'
import { Dump, type DumpReading } from './dump.js'
import { type Numbers, type Wire, wireOf } from './wire.js'

/** A message: attributes and members of the fixed header, by their names as properties (`cidrMask`). */
export type Values = Record<string, unknown>

/** What came from a multicast group; `lost`: messages came faster than they were read, and some are gone. */
export type Notification<N extends string = string, T = Values> =
  | { readonly type: 'message'; readonly name: N; readonly message: T }
  | { readonly type: 'lost' }

/** What becomes of things that are there or not; the kernel's NLM_F_CREATE, _REPLACE, _EXCL and _APPEND. */
export type RequestFlag = 'create' | 'replace' | 'exclusive' | 'append'

export interface CallOptions {
  /** Ends the call with an `AbortError`. */
  readonly signal?: AbortSignal | undefined
}

export interface DoOptions extends CallOptions {
  readonly flags?: readonly RequestFlag[] | undefined
}

export interface FamilyOptions {
  /** Absent: the network namespace of the calling thread. */
  readonly netns?: Namespace | undefined
  /** What to speak through in place of a socket: see `fakeTransport` of `@wgctrl/netlink/testing`. */
  readonly openTransport?: (() => Transport | Promise<Transport>) | undefined
}

const OPTIONS = { netns: true, openTransport: 'function' } as const
const CALL = { signal: true } as const
const DO = { ...CALL, flags: true } as const

/**
 * A netlink family that a spec describes. Calls may run side by side; each has a socket of its own while it lasts.
 *
 * Values are what the spec makes of them: an enum is its name, flags are a list of names, addresses are text, 64 bits are a
 * bigint. A number without a name stays a number. What the spec does not know is kept: `unknownAttributes` of
 * `@wgctrl/netlink` has it.
 */
export class Family {
  readonly spec: Spec
  readonly #codec: FamilyCodec
  readonly #wire: Wire
  readonly #pool: ConnectionPool
  readonly #netns: Namespace | undefined
  readonly #operations: ReadonlyMap<string, OperationSpec>

  private constructor(spec: Spec, options: FamilyOptions) {
    const wire = wireOf(spec)
    const { netns, openTransport } = options
    this.spec = spec
    this.#codec = new FamilyCodec(spec)
    this.#wire = wire
    this.#netns = netns
    this.#pool = new ConnectionPool(
      openTransport ?? (() => openNetlinkSocket({ protocol: wire.protocol, netns })),
    )
    this.#operations = new Map(spec.operations.map((each) => [each.name, each]))
  }

  /**
   * Asks the kernel for the family; it loads the module that has it, if it can.
   *
   * @throws {NetlinkError} ENOENT when the kernel has no such family
   */
  static async open(spec: Spec, options: FamilyOptions = {}): Promise<Family> {
    checkFields(options, 'options', OPTIONS)
    const family = new Family(spec, options)
    try {
      await family.#numbers()
      return family
    } catch (error) {
      await family.close()
      throw error
    }
  }

  /**
   * Calls an operation. The message that it answers with; none where the kernel says no more than that it was done.
   * `T` is believed, not looked at.
   *
   * @throws {TypeError | RangeError} `EINVAL` for a field that the spec does not have, and for values that do not fit
   * @throws {NetlinkError} the kernel's errno with its extended ack; EPROTO for more than one message: {@link doAll}
   */
  async do<T extends object = Values>(
    name: string,
    request: object = {},
    options?: DoOptions,
  ): Promise<T | undefined> {
    const messages = await this.doAll<T>(name, request, options)
    if (messages.length <= 1) return messages[0]
    throw protocolError(`${name} answers with ${messages.length} messages: doAll gives them`)
  }

  /** The same where an operation answers with several messages. */
  async doAll<T extends object = Values>(
    name: string,
    request: object = {},
    options: DoOptions = {},
  ): Promise<T[]> {
    const operation = this.#operation(name, 'do')
    checkFields(options, 'options', DO)
    checkSignal(options.signal)
    const flags = flagsOf(options.flags)
    const message = this.#message(operation)
    // The kernel works within the write, and may load a module or wait for others.
    const call = { signal: options.signal, slow: true }
    const found = await this.#pool.use((connection) =>
      this.#wire.use(connection, call, (family) =>
        connection.exchange(
          this.#request(family, operation, message, request, flags),
          NLM_F.ack,
          call,
          (reply) => this.#collect(reply, operation, message),
        ),
      ),
    )
    return found as T[]
  }

  /**
   * Has an operation list what there is. What is wrong with `request` is thrown when the list is read.
   *
   * @throws {WireGuardError} `EINVAL` for an operation that does not list
   */
  dump<T extends object = Values>(
    name: string,
    request: object = {},
    options: CallOptions = {},
  ): Dump<T> {
    const operation = this.#operation(name, 'dump')
    checkFields(options, 'options', CALL)
    checkSignal(options.signal)
    return new Dump(() => this.#openDump(operation, request, options)) as Dump<object> as Dump<T>
  }

  /**
   * Listens to multicast groups, from when this resolved, until the loop is left or the signal fires.
   *
   * @typeParam N what is heard, as the made class has it: interfaces are messages too; believed, not looked at
   * @param groups by their names in the spec
   * @throws {WireGuardError} `EINVAL` for a group that the spec does not have, `EUNSUPPORTED` for one that the kernel does not
   */
  async subscribe<N extends Notification<string, object> = Notification>(
    groups: readonly string[],
    options: CallOptions = {},
  ): Promise<MulticastEvents<N>> {
    checkFields(options, 'options', CALL)
    checkSignal(options.signal)
    refuseAborted(options.signal)
    const found = groups.map((name, at) => this.#group(name, at))
    const numbers = await this.#numbers()
    return await openMulticast(
      {
        protocol: this.#wire.protocol,
        groups: found.map((group) => this.#wire.group(numbers, group)),
        netns: this.#netns,
        signal: options.signal,
      },
      (datagram) => this.#notifications(datagram) as Generator<N>,
    )
  }

  /** Lets go of its sockets; what is in flight settles first. Subscriptions go on. */
  async close(): Promise<void> {
    await this.#pool.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #operation(name: string, mode: 'do' | 'dump'): OperationSpec {
    const operation = this.#operations.get(name)
    if (operation?.[mode]) return operation
    const known = this.spec.operations.filter((each) => each[mode]).map((each) => each.name)
    throw invalid('operation', `no ${mode} ${quoted(name)}; there are ${known.join(', ')}`)
  }

  #group(name: string, at: number): GroupSpec {
    const group = this.spec.groups.find((each) => each.name === name)
    if (group) return group
    const known = this.spec.groups.map((each) => each.name).join(', ')
    throw invalid(`groups[${at}]`, `no group ${quoted(name)}; there are ${known}`)
  }

  #numbers(): Promise<Numbers> {
    return this.#pool.use((connection) => this.#wire.use(connection, {}, async (each) => each))
  }

  #message({ attributeSet, fixedHeader }: OperationSpec): MessageCodec {
    return this.#codec.message(attributeSet, fixedHeader)
  }

  #request(
    family: Numbers,
    operation: OperationSpec,
    message: MessageCodec,
    values: object,
    flags: number,
  ): Request {
    const writer = new Writer()
    const start = this.#wire.openRequest(family, operation, flags, writer)
    message.encode(values, writer, operation.name)
    writer.closeMessage(start)
    const names = message.set?.names ?? { name: operation.name, table: { keys: [], fields: [] } }
    return { bytes: writer.view(), set: names, start: this.#wire.start + message.headerSize }
  }

  async #collect(reply: Reply, operation: OperationSpec, message: MessageCodec): Promise<Values[]> {
    const found: Values[] = []
    while (await reply.advance()) this.#take(reply, operation, message, found)
    return found
  }

  /** Decodes the messages of the datagram in hand. */
  #take(reply: Reply, operation: OperationSpec, message: MessageCodec, into: Values[]): void {
    const { cursor } = reply
    const wire = this.#wire
    while (reply.next()) {
      if (wire.commandOf(cursor) !== operation.reply) continue
      into.push(message.decode(cursor.bytes, cursor.offset + wire.start, cursor.end))
    }
  }

  async #openDump(
    operation: OperationSpec,
    request: object,
    options: CallOptions,
  ): Promise<DumpReading<Values>> {
    const message = this.#message(operation)
    const connection = await this.#pool.acquire()
    try {
      const { reply, release, isThere } = await this.#wire.use(connection, options, (family) =>
        opened(connection, this.#request(family, operation, message, request, 0), options),
      )
      let hasMore = isThere
      return {
        next: async () => {
          if (!hasMore) return undefined
          const found: Values[] = []
          this.#take(reply, operation, message, found)
          hasMore = await reply.advance()
          return found
        },
        isTorn: () => reply.interrupted,
        close: async () => {
          release()
          await this.#pool.release(connection)
        },
      }
    } catch (error) {
      await this.#pool.release(connection)
      throw error
    }
  }

  *#notifications(datagram: Uint8Array | null): Generator<Notification> {
    if (datagram === null) return yield { type: 'lost' }
    for (const { type, payload } of decodeMessages(datagram)) {
      const command = this.#wire.commandOf({ type, bytes: payload, start: 0 })
      const operation = this.#notification(command)
      if (!operation) continue
      const start = this.#wire.start - MESSAGE_HEADER
      const message = this.#message(operation).decode(payload, start, payload.length)
      yield { type: 'message', name: operation.name, message }
    }
  }

  /** What comes unasked under a number, or else what would have come as an answer. */
  #notification(command: number): OperationSpec | undefined {
    const found = this.spec.operations.filter((each) => each.reply === command)
    return found.find((each) => each.notification) ?? found.find((each) => each.attributeSet)
  }
}

/** Sends a dump and waits for its first datagram, which is where a family that went shows. */
async function opened(
  connection: Connection,
  request: Request,
  options: CallOptions,
): Promise<{ reply: Reply; release: () => void; isThere: boolean }> {
  const { reply, release } = await connection.open(request, NLM_F.dump, options)
  try {
    return { reply, release, isThere: await reply.advance() }
  } catch (error) {
    release()
    throw error
  }
}

const FLAGS: Readonly<Record<RequestFlag, number>> = {
  create: NLM_F.create,
  replace: NLM_F.replace,
  exclusive: NLM_F.exclusive,
  append: NLM_F.append,
}

function flagsOf(flags: readonly RequestFlag[] = []): number {
  const given: unknown = flags
  if (!Array.isArray(given)) throw new InvalidTypeError('options.flags', 'must be an array')
  flags.forEach((flag, at) => {
    checkChoice(flag, `options.flags[${at}]`, Object.keys(FLAGS))
  })
  return flags.reduce((sum, flag) => sum | FLAGS[flag], 0)
}
