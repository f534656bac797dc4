import { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import type { DeviceKind } from '@wgctrl/types'
import {
  open,
  type RemoteAllow,
  type RemoteRight,
  type RemoteServer,
  type ServeEvent,
  type ServeOptions,
  serve,
  type WireGuard,
} from 'wgctrl'
import type { Invocation, Run } from '../command.js'
import { errorText } from '../error-text.js'
import { deviceOptions } from '../globals.js'
import { choiceOf } from '../interface/choice.js'
import type { Io } from '../io.js'
import { runService, type Service } from '../service/service.js'
import { withWords } from '../session.js'
import { say, warner } from '../warner.js'
import { accountNumber } from './account.js'
import { activatedSocket } from './activated-socket.js'

/** Where it serves when nobody says. */
const SOCKET = '/run/wgctrl.sock'

const KINDS = ['userspace', 'linux-kernel'] as const

export const runServe: Run = (invocation, io) =>
  withWords(invocation, io, async () => {
    const { backend, netns } = invocation.globals
    const options = await optionsOf(invocation, io)
    const backends = backend ? [backend] : orderOf(invocation.options)
    await using wg = await open({ backends, netns, ...deviceOptions(invocation.globals) })
    const service = new ServeService(wg, invocation, io, options)
    const warn = warner(invocation, io)
    await runService(service, { env: io.env, pid: process.pid, warn })
    return 0
  })

async function optionsOf({ options }: Invocation, io: Io): Promise<ServeOptions> {
  const users = listOf(options['user'])
  const uids = await Promise.all(users.map((name) => accountNumber('user', name)))
  const devices = listOf(options['device'])
  const group = options['group'] as string | undefined
  const allow: RemoteAllow = {
    calls: String(options['allow']).split(',') as RemoteRight[],
    secrets: options['secrets'] === true,
    ...(devices.length > 0 && { devices }),
    ...(uids.length > 0 && { uids: [0, process.geteuid?.() ?? 0, ...uids] }),
  }
  return {
    allow,
    mode: modeOf(options['mode']),
    ...(group !== undefined && { group: await accountNumber('group', group) }),
    log: (event) => say(io.stderr, `${eventText(event)}\n`),
  }
}

function orderOf(options: Invocation['options']): DeviceKind[] {
  const first = choiceOf(options, 'first', KINDS) ?? 'userspace'
  return [first, ...KINDS.filter((kind) => kind !== first)]
}

const listOf = (value: unknown): string[] => (value === undefined ? [] : (value as string[]))

function modeOf(text: unknown): number {
  if (typeof text === 'string' && /^0?[0-7]{3}$/.test(text)) return Number.parseInt(text, 8)
  throw new Error(`--mode: expected the mode of a file, such as 0660, got ${JSON.stringify(text)}`)
}

/** One line for the journal. */
function eventText({ type, peer, call, reason }: ServeEvent): string {
  const { connection, uid, pid } = peer
  const who = uid === undefined ? 'standard input' : `user ${uid}, process ${pid}`
  const what = [type, call].filter(Boolean).join(' ')
  return `${what}: ${who} (connection ${connection})${reason ? `: ${errorText(reason)}` : ''}`
}

/** Serves until it is told to end, or the one client on standard input is gone. */
class ServeService implements Service {
  readonly #wg: WireGuard
  readonly #invocation: Invocation
  readonly #io: Io
  readonly #options: ServeOptions
  #server: RemoteServer | undefined
  #where = ''
  #end: () => void = () => {}
  readonly ended: Promise<void> = new Promise((resolve) => {
    this.#end = resolve
  })

  constructor(wg: WireGuard, invocation: Invocation, io: Io, options: ServeOptions) {
    this.#wg = wg
    this.#invocation = invocation
    this.#io = io
    this.#options = options
  }

  async start(): Promise<void> {
    const { socket, stdio } = this.#invocation.options
    if (stdio === true) {
      // Who asked through ssh wants to see what he asked for.
      const log = (event: ServeEvent): void => {
        if (event.reason) this.#options.log?.(event)
      }
      this.#server = await serve(this.#wg, standardStreams(), { ...this.#options, log })
      this.#where = 'standard input'
      this.#server.finished.then(this.#end)
      return
    }
    const activated = socket === undefined && (await activatedSocket(this.#io, process.pid))
    const where = activated || String(socket ?? SOCKET)
    this.#server = await serve(this.#wg, where, this.#options)
    this.#where = activated ? 'the socket of the service manager' : String(where)
    say(this.#io.stderr, `serving on ${this.#where}\n`)
  }

  /** There is nothing to read again. */
  async reload(): Promise<void> {}

  status(): string {
    const clients = this.#server?.connections ?? 0
    return `serving ${clients === 1 ? '1 client' : `${clients} clients`} on ${this.#where}`
  }

  async stop(): Promise<void> {
    await this.#server?.close()
  }
}

/** Pipes or a socket. `process.stdout` would hold up the event loop while nobody takes what it is given. */
function standardStreams(): Duplex {
  const readable = new Socket({ fd: 0, readable: true, writable: false })
  const writable = new Socket({ fd: 1, readable: false, writable: true })
  return Duplex.from({ readable, writable })
}
