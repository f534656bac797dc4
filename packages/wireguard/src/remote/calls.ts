import {
  type Device,
  InvalidTypeError,
  type Peer,
  unsupported,
  wipeDevice,
  withoutOwnKeys,
} from '@wgctrl/types'
import type { WireGuard } from '../client.js'
import type { InterfaceConfig } from '../interface/interface-config.js'
import type { FoundPeer } from '../just-in-time/options.js'
import { TrafficLedger } from '../traffic/traffic-ledger.js'
import type { WatchEvent } from '../watch/events.js'
import type { WireGuardClient } from '../wire-guard-client.js'
import { packPeer } from './packed-peer.js'
import type { Access, RemoteRight } from './rights.js'
import { type LedgerEntry, PushedSource, type Source } from './source.js'

/** What a client can ask for. The rest of its methods are its own affair: they end it, or tell what it knows. */
export type RemoteCallName = Exclude<
  keyof WireGuardClient,
  'backends' | 'close' | typeof Symbol.asyncDispose
>

/** What a call is made with on the server's side. */
export interface CallContext {
  readonly wg: WireGuard
  readonly access: Access
  /** Fires when the client aborts the call, or is gone. */
  readonly signal: AbortSignal
}

type Arguments = readonly unknown[]

/** How a call travels, and who may make it. */
interface CallOfKind {
  /** All of them are needed. Made of what came, which may be anything. */
  readonly rights: readonly RemoteRight[] | ((args: Arguments) => readonly RemoteRight[])
  /** The argument that is the device's name, or a config with it. Absent: it is about no one device. */
  readonly device?: number
  /** The argument that is the options: they have the signal. */
  readonly options?: number
  /** Keys leave the server by it. */
  readonly showsSecrets?: (args: Arguments) => boolean
}

/** A call with one answer. */
export interface AnsweredCall extends CallOfKind {
  run(context: CallContext, args: Arguments): unknown
  /** What the answer has that is nobody else's is wiped when it was sent. */
  readonly wipe?: (answer: unknown, args: Arguments) => void
}

/** A call whose answer goes on. */
interface StreamingCall extends CallOfKind {
  open(context: CallContext, args: Arguments): Source
}

export type RemoteCall = AnsweredCall | StreamingCall

type AnyOptions = Record<string, unknown>

/** The options as they came, with the server's own signal. What is no object is for the call to refuse. */
function signalled({ signal }: CallContext, options: unknown): AnyOptions {
  if (options === undefined || options === null) return { signal }
  if (typeof options !== 'object' || Array.isArray(options)) return options as AnyOptions
  return { ...options, signal }
}

const optionsOf = (args: Arguments, at: number): AnyOptions => {
  const options = args[at]
  return typeof options === 'object' && options !== null ? (options as AnyOptions) : {}
}

/** `name` of an answered call that `WireGuard` makes by itself, with the arguments as they came. */
function plain(
  method: RemoteCallName,
  options: number | undefined,
): Pick<AnsweredCall, 'run' | 'options'> {
  return {
    ...(options !== undefined && { options }),
    run: (context, args) => {
      const given = args.slice(0, (options ?? args.length - 1) + 1)
      if (options !== undefined) {
        while (given.length < options) given.push(undefined)
        given[options] = signalled(context, given[options])
      }
      const call = context.wg[method] as (...args: unknown[]) => unknown
      return call.apply(context.wg, given)
    },
  }
}

/** A config that changes nothing but peers. */
function isOfPeers(config: unknown): boolean {
  if (typeof config !== 'object' || config === null) return false
  return Object.keys(config).every((field) => field === 'peers' || field === 'replacePeers')
}

const changeRights = (args: Arguments): readonly RemoteRight[] => [
  isOfPeers(args[1]) ? 'peers' : 'configure',
]

/** Lines of hooks that shall be run. */
function runsLines(config: unknown, options: AnyOptions): boolean {
  if (options.hooks === undefined) return false
  const { hooks } = (config ?? {}) as { hooks?: Record<string, unknown> }
  if (typeof hooks !== 'object' || hooks === null) return false
  return Object.values(hooks).some(
    (list) => Array.isArray(list) && list.some((hook) => typeof hook !== 'function'),
  )
}

const interfaceRights =
  (config: number, options: number) =>
  (args: Arguments): readonly RemoteRight[] => {
    const given = optionsOf(args, options)
    const runs = given.daemon !== undefined || runsLines(args[config], given)
    return runs ? ['interface', 'programs'] : ['interface']
  }

/** Functions that have to answer at once cannot be called over a connection. */
function refuseSync(value: unknown, path: string, instead: string): void {
  if (typeof value !== 'function') return
  throw unsupported(path, `${path}: a function that answers at once cannot be remote: ${instead}`)
}

const wipePeer = (peer: Peer): void => peer.presharedKey?.wipe()

/** Nobody shares a reading of which no age was accepted. */
const isShared = (args: Arguments): boolean => (optionsOf(args, 1).maxAge ?? 0) !== 0

async function readAll({ wg, access, ...context }: CallContext, args: Arguments) {
  const devices = await wg.devices(signalled({ wg, access, ...context }, args[0]))
  const shown = devices.filter((device) => !access.isHidden(device.name))
  const answer = shown.map((device) => withoutKeys(device, access))
  // What is not shown is of no more use: readings of a list are nobody else's.
  for (const device of devices) if (!answer.includes(device)) wipeDevice(device)
  const errors = devices.errors.filter(({ device }) => !device || !access.isHidden(device))
  return { devices: answer, errors }
}

/** So that a key that may not be seen is not there at all. */
function withoutKeys(device: Device, access: Access): Device {
  if (access.secrets) return device
  return {
    ...withoutOwnKeys(device),
    peers: device.peers.map((peer) => withoutKey(peer, access)),
  }
}

function withoutKey(peer: Peer, { secrets }: Access): Peer {
  if (secrets || !peer.presharedKey) return peer
  const { presharedKey: _, ...rest } = peer
  return rest
}

function openPeers(context: CallContext, args: Arguments): Source {
  const peers = context.wg.peers(args[0] as string, signalled(context, args[1]))
  return {
    next: () => peers.next(),
    return: () => peers.return(),
    pack: (peer) => packPeer(peer as Peer, context.access.secrets),
    // Nobody else has it.
    wipe: (peer) => wipePeer(peer as Peer),
  }
}

function openWatch(context: CallContext, args: Arguments): Source {
  const { wg, access } = context
  const watcher = wg.watch(args[0] as string | undefined, signalled(context, args[1]))
  return {
    next: async () => {
      for (;;) {
        const next = await watcher.next()
        if (next.done) return next
        if (isVisible(next.value, access)) return { done: false, value: shown(next.value, access) }
      }
    },
    return: () => watcher.return(),
    state: () => ({ pending: watcher.pending }),
  }
}

function isVisible(event: WatchEvent, access: Access): boolean {
  if (!('device' in event)) return true
  const from = event.type === 'device-renamed' ? event.from : event.device
  return !access.isHidden(event.device) || !access.isHidden(from)
}

function shown(event: WatchEvent, access: Access): WatchEvent {
  if ('peer' in event) return { ...event, peer: withoutKey(event.peer, access) }
  return 'now' in event ? { ...event, now: withoutKeys(event.now, access) } : event
}

function openHandshakes(context: CallContext, args: Arguments): Source {
  const handshakes = context.wg.handshakes(args[0] as string, signalled(context, args[1]))
  return {
    start: () => handshakes.start(),
    next: () => handshakes.next(),
    return: () => handshakes.return(),
    state: () => ({ counters: handshakes.counters }),
  }
}

function openGateway(context: CallContext, args: Arguments): Source {
  const options = signalled(context, args[1])
  refuseSync(options.pinned, 'options.pinned', 'give the keys')
  refuseSync(options.known, 'options.known', 'those who were in before are known')
  const made = context.wg.justInTime(args[0] as string, options as never)
  made.catch(() => {})
  let gateway: Awaited<typeof made> | undefined
  return {
    start: async () => {
      gateway = await made
    },
    next: async () => {
      await gateway?.finished
      return { done: true, value: undefined }
    },
    return: async () => (await made.catch(() => undefined))?.close(),
    state: () =>
      gateway && {
        counters: gateway.counters,
        handshakeCounters: gateway.handshakeCounters,
        size: gateway.size,
      },
    ask: async (name, [given]) => {
      await made
      if (name === 'change') return await gateway?.change(new Map(given as [string, FoundPeer][]))
      if (name === 'release') return await gateway?.release(given as string[])
      if (name === 'forget') gateway?.forget((given as string | null) ?? undefined)
      return undefined
    },
  }
}

/** A ledger that somebody else keeps: it is told what there is to enter. */
class FarLedger extends TrafficLedger {
  readonly #enter: (entry: LedgerEntry) => void

  constructor(enter: (entry: LedgerEntry) => void) {
    super()
    this.#enter = enter
  }

  override update({ name, peers }: Parameters<TrafficLedger['update']>[0]): [] {
    this.#enter({ update: { name, peers: peers.map(({ presharedKey: _, ...peer }) => peer) } })
    return []
  }

  override removed(device: string, publicKeys?: Iterable<string>): void {
    this.#enter({ removed: device, publicKeys: publicKeys && [...publicKeys] })
  }
}

function openLedger(context: CallContext, args: Arguments): Source {
  const { wg, access } = context
  const ledger = new FarLedger((entry) => {
    const device = 'update' in entry ? entry.update.name : entry.removed
    if (!access.isHidden(device)) source.push(entry)
  })
  const source = new PushedSource(() => keeper.close())
  const keeper = wg.keepLedger(ledger, signalled(context, args[0]))
  return source
}

/**
 * Every call of a client: who may make it, and how it and its answer travel. A method that is not here does not compile,
 * and `calls.test.ts` looks as well.
 */
export const REMOTE_CALLS: { readonly [name in RemoteCallName]: RemoteCall } = {
  names: {
    rights: ['read'],
    options: 0,
    run: async (context, args) => {
      const names = await context.wg.names(signalled(context, args[0]))
      return names.filter((name) => !context.access.isHidden(name))
    },
  },
  devices: {
    rights: ['read'],
    options: 0,
    run: readAll,
    wipe: (answer) => (answer as { devices: Device[] }).devices.forEach(wipeDevice),
  },
  device: {
    rights: ['read'],
    device: 0,
    options: 1,
    // Asked for by that word; else they are left out.
    showsSecrets: (args) => optionsOf(args, 1).secrets === true,
    run: (context, args) => {
      const options = signalled(context, args[1])
      const isObject = options.signal === context.signal
      const given = isObject && !context.access.secrets ? { ...options, secrets: false } : options
      return context.wg.device(args[0] as string, given)
    },
    wipe: (answer, args) => {
      if (!isShared(args)) wipeDevice(answer as Device)
    },
  },
  peers: { rights: ['read'], device: 0, options: 1, open: openPeers },
  freeName: { rights: ['read'], ...plain('freeName', undefined) },
  freePort: { rights: ['read'], ...plain('freePort', undefined) },
  waitForHandshake: { rights: ['read'], device: 0, ...plain('waitForHandshake', 2) },
  watch: { rights: ['read'], device: 0, options: 1, open: openWatch },
  keepLedger: { rights: ['read'], options: 0, open: openLedger },
  check: { rights: ['read'], ...plain('check', undefined) },
  handshakes: { rights: ['handshakes'], device: 0, options: 1, open: openHandshakes },
  justInTime: { rights: ['handshakes', 'peers'], device: 0, options: 1, open: openGateway },
  configure: { rights: changeRights, device: 0, ...plain('configure', 2) },
  sync: {
    rights: changeRights,
    device: 0,
    options: 2,
    run: (context, args) => {
      const { interfaceIndex } = optionsOf(args, 2)
      refuseSync(interfaceIndex, 'options.interfaceIndex', 'the server looks names of links up')
      return plain('sync', 2).run(context, args)
    },
  },
  reresolve: { rights: ['peers'], device: 0, ...plain('reresolve', 2) },
  create: {
    rights: interfaceRights(0, 1),
    device: 0,
    ...plain('create', 1),
  },
  delete: { rights: ['interface'], device: 0, ...plain('delete', 1) },
  up: { rights: interfaceRights(0, 1), device: 0, ...plain('up', 1) },
  down: {
    rights: interfaceRights(0, 1),
    device: 0,
    ...plain('down', 1),
    // What it hands to `save` has the keys.
    showsSecrets: (args) => optionsOf(args, 1).save !== undefined,
  },
  reconcile: { rights: ['interface'], device: 0, ...plain('reconcile', 2) },
  ensure: { rights: interfaceRights(0, 1), device: 0, ...plain('ensure', 1) },
}

/** The device that a call is about. @throws {TypeError} `EINVAL` when there should be one and is none */
export function deviceOf(call: RemoteCall, args: Arguments): string | undefined {
  if (call.device === undefined) return undefined
  const given = args[call.device]
  const name =
    typeof given === 'object' && given !== null ? (given as Partial<InterfaceConfig>).name : given
  if (typeof name === 'string') return name
  // Of a watch it may be absent.
  if (name === undefined && call === REMOTE_CALLS.watch) return undefined
  throw new InvalidTypeError('name', 'a device name must be a string')
}

export function rightsOf(call: RemoteCall, args: Arguments): readonly RemoteRight[] {
  return typeof call.rights === 'function' ? call.rights(args) : call.rights
}
