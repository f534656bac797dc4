import {
  type CallOptions,
  type CreateOptions,
  checkFields,
  checkSignal,
  Deadline,
  type DeleteOptions,
  type Device,
  type DeviceConfig,
  InvalidTypeError,
  type Peer,
  type PeerIterator,
  type PublicKey,
  refuseAborted,
  shownWhole,
  unsupported,
} from '@wgctrl/types'
import type { BackendStatus } from '../backends.js'
import type { ClientCallOptions, DeviceOptions } from '../client/options.js'
import type { WaitForHandshakeOptions } from '../connection/wait-for-handshake.js'
import { copyConfig, isLarge, wipeCopy } from '../copy.js'
import type { DeviceList } from '../device-list.js'
import type { FreeNameOptions, FreePortOptions } from '../free.js'
import type { HandshakeOptions } from '../handshakes/handshakes.js'
import type { ConfigFault } from '../interface/config-faults.js'
import type { DownOptions, DownResult } from '../interface/down.js'
import type { EnsureOptions, EnsureResult } from '../interface/ensure.js'
import type { InterfaceChange } from '../interface/interface-change.js'
import type { InterfaceConfig, InterfaceSettings } from '../interface/interface-config.js'
import { ELSEWHERE } from '../interface/machine.js'
import type { ReconcileOptions } from '../interface/reconcile.js'
import type { ReresolveOptions, ReresolveResult } from '../interface/reresolve.js'
import type { UpOptions, UpPlan, UpResult } from '../interface/up.js'
import type { JustInTimeOptions } from '../just-in-time/options.js'
import { JUST_IN_TIME_OPTIONS, KEEP_LEDGER_OPTIONS } from '../option-fields.js'
import { PeerRelay } from '../peer-relay.js'
import type { Change } from '../sync/change.js'
import type { SyncOptions } from '../sync/sync-device.js'
import type { KeepLedgerOptions } from '../traffic/ledger-keeper.js'
import { TrafficLedger } from '../traffic/traffic-ledger.js'
import { checkWatch, type WatchOptions } from '../watch/watcher.js'
import type {
  Gateway,
  HandshakeStream,
  Keeper,
  WatchStream,
  WireGuardClient,
} from '../wire-guard-client.js'
import type { RemoteCallName } from './calls.js'
import { type ClientConnection, connectionClosed, said } from './client-connection.js'
import type { StreamCall } from './client-stream.js'
import {
  RemoteGateway,
  RemoteHandshakes,
  RemoteKeeper,
  RemotePeers,
  RemoteWatcher,
} from './living.js'
import { statusesOf } from './remote-backend.js'

type Options = CallOptions & Readonly<Record<string, unknown>>

/** What a call is, besides its arguments. */
interface CallKind {
  /** Nobody misses it when it is cut short. */
  readonly isReading?: boolean
  /** For errors. */
  readonly device?: unknown
  readonly operation?: string
  readonly isLarge?: boolean
}

const READING = { isReading: true } as const

/**
 * The devices of another process, or of another machine, through a connection to whoever serves them: the same calls,
 * with the same values and errors. Made by `connect()`. What a server does not allow is refused with `EPERM`. When the
 * connection is lost, what is under way fails with `ECONNRESET`, and the server aborts it; so does every call after it.
 */
export class RemoteWireGuard implements WireGuardClient {
  /** Its devices are not here, and neither are their interfaces. @internal */
  readonly [ELSEWHERE] = true
  readonly #connection: ClientConnection
  readonly #working = new Set<Promise<unknown>>()
  readonly #readings = new Set<Deadline>()
  readonly #living = new Set<AsyncDisposable>()
  #told: unknown
  #statuses: readonly BackendStatus[] | undefined
  #closing: Promise<void> | undefined

  /** Use `connect()`. @internal */
  constructor(connection: ClientConnection, backends: unknown) {
    this.#connection = connection
    this.#told = backends
    connection.onBackends = (told) => {
      this.#told = told
      this.#statuses = undefined
    }
  }

  /** As the server said last: it tells with each call that found others. */
  get backends(): readonly BackendStatus[] {
    this.#statuses ??= statusesOf(this.#told, this)
    return this.#statuses
  }

  async devices(options: ClientCallOptions = {}): Promise<DeviceList> {
    const answer = await this.#call('devices', [], options, { ...READING, operation: 'list' })
    const { devices, errors } = answer as { devices: Device[]; errors: DeviceList['errors'] }
    devices.forEach(shownWhole)
    return Object.defineProperty(devices, 'errors', { value: errors }) as DeviceList
  }

  async names(options: ClientCallOptions = {}): Promise<string[]> {
    const kind = { ...READING, operation: 'list' }
    return (await this.#call('names', [], options, kind)) as string[]
  }

  async freeName(options: FreeNameOptions = {}): Promise<string> {
    return (await this.#call('freeName', [options], undefined, READING)) as string
  }

  async freePort(options: FreePortOptions = {}): Promise<number> {
    return (await this.#call('freePort', [options], undefined, READING)) as number
  }

  async device(name: string, options: DeviceOptions = {}): Promise<Device> {
    const kind = { ...READING, device: name }
    return shownWhole((await this.#call('device', [name], options, kind)) as Device)
  }

  peers(name: string, options: ClientCallOptions = {}): AsyncGenerator<Peer, void, undefined> {
    return new PeerRelay((began) => this.#peers(name, options, began))
  }

  async *#peers(
    name: string,
    options: ClientCallOptions,
    began: (peers: PeerIterator, signal: AbortSignal) => void,
  ): AsyncGenerator<Peer, void, undefined> {
    using end = new Deadline({ signal: options?.signal, timeout: Number.POSITIVE_INFINITY })
    this.#readings.add(end)
    const { signal } = end
    const call = this.#streamCall('peers', [name], { ...options, signal }, name)
    const peers = new RemotePeers(call)
    try {
      this.#refuseClosed()
      let next = await peers.next()
      began(peers, signal)
      for (; !next.done; next = await peers.next()) {
        yield next.value
        refuseAborted(signal)
      }
    } catch (error) {
      throw said(error, 'peers', name)
    } finally {
      this.#readings.delete(end)
      await peers.return()
    }
  }

  configure(name: string, config: DeviceConfig, options: ClientCallOptions = {}): Promise<void> {
    return this.#change('configure', name, [name, config], config, options)
  }

  create(name: string, options: CreateOptions & ClientCallOptions = {}): Promise<void> {
    return this.#change('create', name, [name], undefined, options)
  }

  delete(name: string, options: DeleteOptions & ClientCallOptions = {}): Promise<void> {
    return this.#change('delete', name, [name], undefined, options)
  }

  sync(
    name: string,
    desired: DeviceConfig,
    options: SyncOptions & ClientCallOptions = {},
  ): Promise<readonly Change[]> {
    if (typeof options?.interfaceIndex === 'function') {
      const problem = 'options.interfaceIndex: the server looks names of links up itself'
      return Promise.reject(said(unsupported('options.interfaceIndex', problem), 'sync', name))
    }
    return this.#change('sync', name, [name, desired], desired, options)
  }

  up(config: InterfaceConfig, options: UpOptions & { readonly dryRun: true }): Promise<UpPlan>
  up(
    config: InterfaceConfig,
    options?: UpOptions & { readonly dryRun?: false | undefined },
  ): Promise<UpResult>
  up(config: InterfaceConfig, options?: UpOptions): Promise<UpResult | UpPlan>
  up(config: InterfaceConfig, options: UpOptions = {}): Promise<UpResult | UpPlan> {
    return this.#change('up', config?.name, [config], config, options)
  }

  down(target: string | InterfaceConfig, options: DownOptions = {}): Promise<DownResult> {
    const name = typeof target === 'string' ? target : target?.name
    return this.#change('down', name, [target], undefined, options)
  }

  reconcile(
    name: string,
    settings: InterfaceSettings,
    options: ReconcileOptions = {},
  ): Promise<InterfaceChange[]> {
    return this.#change('reconcile', name, [name, settings], settings, options)
  }

  ensure(config: InterfaceConfig, options: EnsureOptions = {}): Promise<EnsureResult> {
    return this.#change('ensure', config?.name, [config], config, options)
  }

  async check(config: InterfaceConfig): Promise<ConfigFault[]> {
    return (await this.#call('check', [config], undefined, READING)) as ConfigFault[]
  }

  reresolve(
    name: string,
    config: Pick<InterfaceSettings, 'peers'>,
    options: ReresolveOptions = {},
  ): Promise<ReresolveResult> {
    return this.#change('reresolve', name, [name, config], config, options)
  }

  watch(name?: string, options: WatchOptions = {}): WatchStream {
    checkWatch(name, options)
    const call = this.#streamCall('watch', [name], options, name)
    return this.#alive((ended) => new RemoteWatcher({ ...call, ended }, name, options))
  }

  handshakes(name: string, options: HandshakeOptions = {}): HandshakeStream {
    const call = this.#streamCall('handshakes', [name], options, name)
    return this.#alive((ended) => new RemoteHandshakes({ ...call, ended }))
  }

  async justInTime(name: string, options: JustInTimeOptions): Promise<Gateway> {
    checkFields(options, 'options', JUST_IN_TIME_OPTIONS)
    const { pinned, known } = options
    const refuse = (field: string, advice: string): never => {
      const problem = `${field}: a function that answers at once cannot be remote; ${advice}`
      throw said(unsupported(field, problem), 'justInTime', name)
    }
    if (typeof pinned === 'function') return refuse('options.pinned', 'give the keys')
    if (known) return refuse('options.known', 'those who were in before are known')
    const given = pinned === undefined ? options : { ...options, pinned: [...pinned] }
    const call = this.#streamCall('justInTime', [name], given, name)
    const gateway = this.#alive((ended) => new RemoteGateway({ ...call, ended }))
    await gateway.begin()
    return gateway
  }

  async waitForHandshake(
    name: string,
    publicKey: PublicKey | Uint8Array,
    options: WaitForHandshakeOptions = {},
  ): Promise<Peer> {
    const kind = { ...READING, device: name }
    return (await this.#call('waitForHandshake', [name, publicKey], options, kind)) as Peer
  }

  keepLedger(ledger: TrafficLedger, options: KeepLedgerOptions = {}): Keeper {
    checkFields(options, 'options', KEEP_LEDGER_OPTIONS)
    if (!(ledger instanceof TrafficLedger)) {
      throw new InvalidTypeError('ledger', 'must be a TrafficLedger')
    }
    const call = this.#streamCall('keepLedger', [], options, undefined)
    this.#refuseClosed()
    return this.#alive((ended) => new RemoteKeeper({ ...call, ended }, ledger, options.onError))
  }

  /**
   * As `close()` of a client of this machine: readings end, changes under way are waited for. Then the connection is
   * closed; what it leads to goes on.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    for (const reading of this.#readings) reading.abort(connectionClosed())
    await Promise.allSettled([...this.#living].map((each) => each[Symbol.asyncDispose]()))
    while (this.#working.size > 0) await Promise.allSettled([...this.#working])
    await this.#connection.close(connectionClosed())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #refuseClosed(): void {
    if (this.#closing) throw connectionClosed()
    this.#connection.check()
  }

  /** A change is waited for by {@link close}; its config is copied while it waits in line. */
  async #change<T>(
    method: RemoteCallName,
    device: unknown,
    args: readonly unknown[],
    config: DeviceConfig | undefined,
    options: object,
  ): Promise<T> {
    const large = config !== undefined && isLarge(config)
    const kind = { device, isLarge: large }
    if (large || config === undefined || !this.#connection.isFull) {
      return (await this.#call(method, args, options, kind)) as T
    }
    const copy = copyConfig(config)
    try {
      const given = args.map((arg) => (arg === config ? copy : arg))
      return (await this.#call(method, given, options, kind)) as T
    } finally {
      wipeCopy(copy)
    }
  }

  async #call(
    method: RemoteCallName,
    args: readonly unknown[],
    options: object | undefined,
    { isReading = false, isLarge: large = false, device, operation = method }: CallKind,
  ): Promise<unknown> {
    const { signal, ...rest } = asOptions(options)
    const all = options === undefined ? args : [...args, asGiven(options, rest)]
    try {
      this.#refuseClosed()
      if (isReading) return await this.#read(method, all, { signal, timeout: rest.timeout })
      checkSignal(signal)
      return await this.#whole(this.#connection.call(method, all, { signal, isLarge: large }))
    } catch (error) {
      throw said(error, operation, device)
    }
  }

  /** Is waited for by {@link close}. */
  #whole<T>(call: Promise<T>): Promise<T> {
    this.#working.add(call)
    return call.finally(() => this.#working.delete(call))
  }

  /** Ends with the client. The server knows the timeout; when it does not answer, it is too late by a little. */
  async #read(
    method: RemoteCallName,
    args: readonly unknown[],
    { signal, timeout = Number.POSITIVE_INFINITY }: CallOptions,
  ): Promise<unknown> {
    const isTime = typeof timeout === 'number' && timeout > 0
    const longest = isTime ? timeout + GRACE : Number.POSITIVE_INFINITY
    using deadline = new Deadline({ signal, timeout: longest })
    this.#readings.add(deadline)
    try {
      const call = { signal: deadline.signal, isReading: true }
      return await this.#connection.call(method, args, call)
    } finally {
      this.#readings.delete(deadline)
    }
  }

  #streamCall(
    method: RemoteCallName,
    args: readonly unknown[],
    options: object,
    device: unknown,
  ): StreamCall {
    const { signal, ...rest } = asOptions(options)
    return {
      connection: this.#connection,
      method,
      args: [...args, asGiven(options, rest)],
      signal,
      explain: (error) => said(error, method, device),
    }
  }

  /** Ends with the client. */
  #alive<T extends AsyncDisposable>(make: (ended: () => void) => T): T {
    const living = make(() => this.#living.delete(living))
    this.#living.add(living)
    return living
  }
}

/** Milliseconds that an answer may be on its way. */
const GRACE = 2000

/** What is no object is for the server to refuse. */
function asOptions(options: object | undefined): Options {
  return typeof options === 'object' && options !== null ? (options as Options) : {}
}

const asGiven = (options: object, rest: object): unknown =>
  typeof options === 'object' && options !== null && !Array.isArray(options) ? rest : options
