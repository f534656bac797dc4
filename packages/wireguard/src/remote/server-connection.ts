import type { Duplex } from 'node:stream'
import { closed, onAbort, WireGuardError } from '@wgctrl/types'
import type { WireGuard } from '../client.js'
import { type WholeMessage, wipe } from './assembly.js'
import {
  type AnsweredCall,
  type CallContext,
  deviceOf,
  REMOTE_CALLS,
  type RemoteCall,
  rightsOf,
} from './calls.js'
import { Channel } from './channel.js'
import { brokenProtocol } from './encoding.js'
import { FarFunctions } from './far-functions.js'
import { REMOTE_LIMITS, REMOTE_TIMES } from './limits.js'
import { GREETING, idIn, KIND, listIn, type Message, PROTOCOL_VERSION } from './message.js'
import type { Access } from './rights.js'
import { SourceStream } from './source-stream.js'

/** What a connection needs of the server. */
export interface ConnectionContext {
  readonly wg: WireGuard
  readonly access: Access
  /** Told of what was refused, and of what broke. */
  log(event: 'denied' | 'broken', call: string | undefined, reason: WireGuardError): void
  ended(): void
}

interface CallUnderWay {
  readonly controller: AbortController
  /** Nobody misses it when it is cut short. */
  readonly isReading: boolean
  stream?: SourceStream
  /** What must not be left half done. Its answer may still be on its way. */
  work: Promise<unknown>
}

/** One client, from its greeting to its end. */
export class ServerConnection {
  readonly #context: ConnectionContext
  readonly #channel: Channel
  readonly #functions = new FarFunctions(() => this.#channel)
  readonly #calls = new Map<number, CallUnderWay>()
  /** The long call that was refused when its beginning came: one at a time has a beginning alone. */
  #refused: number | undefined
  readonly #helloTimer: NodeJS.Timeout
  #isGreeted = false
  #isClosing = false
  #toldBackends: unknown

  constructor(stream: Duplex, context: ConnectionContext) {
    this.#context = context
    this.#channel = new Channel(stream, {
      holdsBack: true,
      mostBytes: REMOTE_LIMITS.callBytes,
      writing: {
        secrets: context.access.secrets,
        signalId: (signal) => this.#functions.signalId(signal),
      },
      functionOf: (id, name) => this.#functions.functionOf(id, name),
      onHead: (head) => this.#lookAt(head),
      onMessage: (message) => this.#take(message),
      onEnd: (error) => this.#end(error),
    })
    this.#helloTimer = setTimeout(() => {
      this.#channel.destroy(
        new WireGuardError('the client did not say who it is in time', { code: 'ETIMEDOUT' }),
      )
    }, REMOTE_TIMES.hello)
  }

  /** When something came from the client last. */
  get heardAt(): number {
    return this.#channel.heardAt
  }

  get isIdle(): boolean {
    return this.#calls.size === 0
  }

  /** Readings end, changes under way are waited for, then the client is let go of. */
  async close(): Promise<void> {
    this.#isClosing = true
    const calls = [...this.#calls.values()]
    for (const { controller, isReading } of calls) {
      if (isReading) controller.abort(closed('server'))
    }
    await Promise.allSettled(calls.map(({ work }) => work))
    await this.#channel.finish()
  }

  /** Ends it now; what is under way is aborted. */
  destroy(reason: WireGuardError): void {
    this.#channel.destroy(reason)
  }

  #end(error: WireGuardError | undefined): void {
    clearTimeout(this.#helloTimer)
    if (error) this.#context.log('broken', undefined, error)
    const reason = new WireGuardError('the client is gone', { code: 'ECONNRESET' })
    this.#functions.end(reason)
    for (const { controller } of this.#calls.values()) controller.abort(reason)
    this.#context.ended()
  }

  #take(message: WholeMessage): void {
    const { kind, id, rest } = message
    if (!this.#isGreeted) {
      this.#greet(message)
      return
    }
    switch (kind) {
      case KIND.call:
        this.#begin(message)
        break
      case KIND.abort:
        this.#calls.get(id)?.controller.abort()
        break
      case KIND.pull:
        this.#calls.get(id)?.stream?.pull(idIn(rest[0]))
        break
      case KIND.end:
        this.#calls.get(id)?.stream?.end()
        break
      case KIND.ask:
        void this.#ask(message)
        break
      case KIND.reply:
        this.#settle(message)
        break
      case KIND.failReply:
        this.#functions.settle(id, { error: rest[0] })
        break
      case KIND.ping:
        this.#channel.sendUrgent([KIND.pong, id])
        break
      default:
        throw brokenProtocol(`a message of kind ${kind} from a client`)
    }
  }

  #settle({ id, rest, secrets }: WholeMessage): void {
    this.#functions.settle(id, { value: rest[0] ?? undefined })
    wipeLater(secrets)
  }

  async #ask({ id, rest, secrets }: WholeMessage): Promise<void> {
    const [call, name, args] = [idIn(rest[0]), String(rest[1]), listIn(rest[2])]
    try {
      const stream = this.#calls.get(call)?.stream
      if (!stream) throw closed('call')
      await this.#channel.send([KIND.answer, id, await stream.ask(name, args)])
    } catch (error) {
      this.#fail(id, error)
    }
    wipeLater(secrets)
  }

  #greet({ kind, rest: [greeting, version] }: Message): void {
    if (kind !== KIND.hello || greeting !== GREETING) throw brokenProtocol('this is no wgctrl')
    clearTimeout(this.#helloTimer)
    this.#isGreeted = true
    const data = { backends: this.#backends() }
    const told = this.#channel.send([KIND.hello, 0, GREETING, PROTOCOL_VERSION, data])
    if (version === PROTOCOL_VERSION) {
      told.catch(() => {})
      return
    }
    const problem = `the client speaks version ${version} of the protocol, this is ${PROTOCOL_VERSION}`
    told.then(() => this.#channel.finish()).catch(() => {})
    this.#context.log('broken', undefined, brokenProtocol(problem))
  }

  /** Who may not make a call need not send all of it. */
  #lookAt(head: Message): void {
    if (!this.#isGreeted) throw brokenProtocol('this is no wgctrl')
    this.#refused = undefined
    if (head.kind !== KIND.call) return
    try {
      this.#check(head)
    } catch (error) {
      this.#refused = head.id
      this.#fail(head.id, error)
    }
  }

  /** @throws {WireGuardError} `EPERM`, and what is wrong with a call that is none */
  #check({ rest: [method, given] }: Message): { call: RemoteCall; args: unknown[] } {
    const args = listIn(given).map((arg) => arg ?? undefined)
    const call = typeof method === 'string' ? callOf(method) : undefined
    if (!call) throw brokenProtocol('there is no such call')
    const { access, log } = this.#context
    let device: string | undefined
    try {
      // Of who may do nothing of the kind the arguments are not looked at.
      device = deviceOf(call, args)
      access.require(method as string, device, rightsOf(call, args))
      if (call.showsSecrets?.(args)) access.requireSecrets(method as string, device)
    } catch (error) {
      if (error instanceof WireGuardError && error.code === 'EPERM') {
        log('denied', method as string, error)
      }
      throw error
    }
    return { call, args }
  }

  #begin(message: WholeMessage): void {
    const { id, rest, secrets } = message
    if (this.#refused === id) {
      this.#refused = undefined
      wipe(secrets)
      return
    }
    if (this.#calls.has(id)) throw brokenProtocol('a call of a number that another has')
    if (this.#calls.size >= REMOTE_LIMITS.calls) throw brokenProtocol('too many calls at once')
    const controller = new AbortController()
    try {
      const within = this.#functions.within(idIn(rest[2]))
      // What the functions of a call make is part of it.
      if (this.#isClosing && !within) throw closed('server')
      const { call, args } = this.#check(message)
      const { wg, access } = this.#context
      const context = { wg, access, signal: controller.signal }
      const isReading = 'open' in call || isOfReading(call)
      this.#calls.set(id, { controller, isReading, work: Promise.resolve() })
      const run = (): Promise<void> => this.#run(id, call, context, args)
      void (within ? within(run) : run()).finally(() => {
        wipe(secrets)
        this.#calls.delete(id)
      })
    } catch (error) {
      wipe(secrets)
      this.#fail(id, error)
    }
  }

  async #run(id: number, call: RemoteCall, context: CallContext, args: unknown[]): Promise<void> {
    try {
      if ('open' in call) await this.#stream(id, call.open(context, args), context.signal)
      else await this.#answer(id, call, context, args)
    } catch (error) {
      this.#fail(id, error)
    }
    this.#tellBackends()
  }

  async #answer(
    id: number,
    call: AnsweredCall,
    context: CallContext,
    args: unknown[],
  ): Promise<void> {
    const work = Promise.resolve(call.run(context, args))
    const under = this.#calls.get(id)
    if (under) under.work = work
    const answer = await work
    try {
      await this.#channel.send([KIND.answer, id, answer])
    } finally {
      call.wipe?.(answer, args)
    }
  }

  async #stream(
    id: number,
    source: ConstructorParameters<typeof SourceStream>[0],
    signal: AbortSignal,
  ): Promise<void> {
    const stream = new SourceStream(source, (items, state) =>
      this.#channel.send([KIND.items, id, items, state], { atOnce: true }),
    )
    const under = this.#calls.get(id)
    if (under) Object.assign(under, { stream, work: stream.closed })
    const unlisten = onAbort(signal, () => stream.end())
    try {
      const state = await stream.run()
      if (signal.reason instanceof WireGuardError) throw signal.reason
      await this.#channel.send([KIND.answer, id, state])
    } finally {
      unlisten()
    }
  }

  #fail(id: number, error: unknown): void {
    const sent = this.#channel.send([KIND.fail, id, asError(error)])
    // Nobody is there any more, or the error itself cannot travel.
    sent.catch((reason) => this.#channel.send([KIND.fail, id, asError(reason)]).catch(() => {}))
  }

  #tellBackends(): void {
    const { backends } = this.#context.wg
    if (backends === this.#toldBackends) return
    this.#channel.send([KIND.backends, 0, this.#backends()]).catch(() => {})
  }

  #backends(): unknown {
    const { backends } = this.#context.wg
    this.#toldBackends = backends
    return backends.map((status) =>
      status.available
        ? { kind: status.kind, available: true, capabilities: { ...status.backend.capabilities } }
        : { kind: status.kind, available: false, reason: status.reason },
    )
  }
}

function callOf(method: string): RemoteCall | undefined {
  return Object.hasOwn(REMOTE_CALLS, method)
    ? REMOTE_CALLS[method as keyof typeof REMOTE_CALLS]
    : undefined
}

/** What a peer is to be may have a key, which is needed until the peer is in. */
function wipeLater(secrets: WholeMessage['secrets']): void {
  if (secrets.length > 0) setTimeout(() => wipe(secrets), REMOTE_TIMES.reply).unref()
}

const isOfReading = ({ rights }: RemoteCall): boolean =>
  typeof rights !== 'function' && rights.includes('read')

const asError = (error: unknown): Error =>
  error instanceof Error ? error : new Error(String(error))
