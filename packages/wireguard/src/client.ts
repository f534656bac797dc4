import {
  type Backend,
  type CallOptions,
  type ConfigureOptions,
  type CreateOptions,
  checkDuration,
  checkFields,
  checkInterfaceName,
  checkLinkName,
  closed,
  Deadline,
  type DeleteOptions,
  type Device,
  type DeviceConfig,
  type DeviceKind,
  inContext,
  onAbort,
  type Peer,
  type PeerIterator,
  type PublicKey,
  refuseAborted,
  unsupported,
  WireGuardError,
  withCheckedConfig,
} from '@wgctrl/types'
import { SocketDirectory } from '@wgctrl/uapi'
import type { BackendStatus, Backends } from './backends.js'
import type { WaitForHandshakeOptions } from './connection/wait-for-handshake.js'
import { copyConfig, isLarge, wipeCopy } from './copy.js'
import {
  changeInTurn,
  changeSlowly,
  followTurns,
  linesOf,
  readInTurn,
  Turn,
  withHooks,
} from './device-line.js'
import { type DeviceList, readDevices } from './device-list.js'
import { type FreeNameOptions, type FreePortOptions, freeName, freePort } from './free.js'
import type { HandshakeOptions, Handshakes } from './handshakes/handshakes.js'
import { type ConfigFault, configFaults } from './interface/config-faults.js'
import type { DeviceCalls, InterfaceContext } from './interface/context.js'
import { checkHooksAlone } from './interface/down.js'
import {
  bringDown,
  bringUp,
  type DownOptions,
  type DownResult,
  type EnsureOptions,
  type EnsureResult,
  ensure,
  foreseeUp,
  type InterfaceChange,
  type InterfaceConfig,
  type InterfaceSettings,
  type ReconcileOptions,
  type ReresolveOptions,
  type ReresolveResult,
  reconcile,
  reresolve,
  type UpOptions,
  type UpPlan,
  type UpResult,
} from './interface/index.js'
import { checkInterface, checkNamedInterface } from './interface/interface-config.js'
import { MACHINE, type Machine, machineOf } from './interface/machine.js'
import { checkDevice, resolveNames } from './interface/names.js'
import { thisMachine } from './interface/this-machine.js'
import type { JustInTime } from './just-in-time/just-in-time.js'
import type { JustInTimeOptions } from './just-in-time/options.js'
import {
  CLIENT_OPTIONS,
  CREATE_OPTIONS,
  DELETE_OPTIONS,
  DEVICE_OPTIONS,
  DOWN_OPTIONS,
  ENSURE_OPTIONS,
  RECONCILE_OPTIONS,
  RERESOLVE_OPTIONS,
  SYNC_OPTIONS,
  UP_OPTIONS,
  WAIT_FOR_HANDSHAKE_OPTIONS,
} from './option-fields.js'
import { PeerRelay } from './peer-relay.js'
import { type EndpointResolver, hasNames, PLACEHOLDER, withPlaceholders } from './resolve.js'
import { type Change, type SyncOptions, syncDevice } from './sync/index.js'
import { timeLeft, timeLeftBehindNames } from './time-left.js'
import { withoutSecrets } from './to-config.js'
import type { KeepLedgerOptions, LedgerKeeper } from './traffic/ledger-keeper.js'
import type { TrafficLedger } from './traffic/traffic-ledger.js'
import { openLinkSource } from './watch/link-source.js'
import { LiveDevices } from './watch/live-devices.js'
import type { Watcher, WatchOptions } from './watch/watcher.js'
import { wipeSecrets } from './wipe-secrets.js'

/** What every call of the facade takes. */
export interface ClientCallOptions extends CallOptions {
  /** Asks this backend alone. Absent: the first that has the device. */
  readonly backend?: DeviceKind | undefined
}

/** What a reading of one device takes. */
export interface DeviceOptions extends ClientCallOptions {
  /**
   * Milliseconds: also takes a reading that is not older, such as that of a `watch`, and shares one that is
   * under way. A change made through this client ends it; one made by others is seen when it is too old.
   * Its peers are shared with others who get the same reading: they must not be changed, nor their
   * preshared keys wiped. A reading is kept a minute at most. Absent or 0: the device is read anew, for
   * this call alone.
   */
  readonly maxAge?: number | undefined
  /** `false`: without private key and preshared keys, which nobody can show by accident then. Absent: `true`. */
  readonly secrets?: boolean | undefined
}

/**
 * All WireGuard devices of a machine, whoever implements them. Made by `open()`. Calls on one device are
 * carried out in the order in which they were made, by whichever client of this process, and each is over
 * before the next begins: `sync`, `reconcile`, `up` and `down` read, compare and write in one turn. Calls on
 * different devices run side by side. A change that waits for a name server holds up the changes behind it,
 * and no reads, but for `up`, which waits in its turn. What a hook calls on the device is part of the turn
 * of the `up` or `down` that runs the hook.
 */
export class WireGuard implements AsyncDisposable {
  readonly #backends: Backends
  readonly #resolver: EndpointResolver
  readonly #netns: string | number | undefined
  readonly #machine: Machine
  readonly #live: LiveDevices
  /** What would be half done when it was cut short. */
  readonly #working = new Set<Promise<unknown>>()
  /** Readings, which nobody misses when they are cut short. */
  readonly #readings = new Set<Deadline>()
  #closing: Promise<void> | undefined

  /** Use `open()`. @internal */
  constructor(
    backends: Backends,
    resolver: EndpointResolver,
    place: {
      readonly netns?: string | number | undefined
      readonly socketDir?: string | undefined
    } = {},
  ) {
    this.#backends = backends
    this.#resolver = resolver
    this.#netns = place.netns
    const { machine } = backends
    this.#machine = machine ?? thisMachine
    if (machine) Object.defineProperty(this, MACHINE, { value: machine })
    this.#live = new LiveDevices({
      list: (options) => this.#backends.list(options),
      device: (name, options = {}) => this.#device(name, options),
      configure: (name, config, options = {}) => this.#configure(name, config, options),
      inTurn: (name, change, options = {}) =>
        this.#change('configure', name, options, { isOfPeers: true }, (_, turn) =>
          change(this.#callsIn(turn)),
        ),
      requireLinks: (kind) => {
        if (machine) throw unsupported('links', 'links in memory have no packets')
        this.#backends.requireLinks(kind)
      },
      netns: place.netns,
      openLinks: async () =>
        backends.hasKernelLinks && !machine ? openLinkSource(place.netns) : undefined,
      ...(!machine && { socketDirectory: () => new SocketDirectory(place.socketDir).path() }),
    })
  }

  /** What there is now, and why a backend is missing. One that was missing may come later. */
  get backends(): readonly BackendStatus[] {
    return this.#backends.statuses
  }

  /**
   * Reads every device. One that fails does not hide the others: it is in `errors`, and so is why devices may be
   * there that cannot be seen.
   *
   * @example
   * ```ts
   * const devices = await wg.devices()
   * for (const device of devices) console.log(device.name, device.peers.length)
   * for (const error of devices.errors) console.warn(error.message)
   * ```
   */
  async devices(options: ClientCallOptions = {}): Promise<DeviceList> {
    checkFields(options, 'options', CLIENT_OPTIONS)
    return this.#cuttable('list', options, (left) => readDevices(this.#backends, left))
  }

  /**
   * The names of all devices, sorted, without reading one.
   *
   * @throws {WireGuardError} when a backend fails, or is here and may not be used: some names would be missing
   */
  async names(options: ClientCallOptions = {}): Promise<string[]> {
    checkFields(options, 'options', CLIENT_OPTIONS)
    const { names, errors, refusals } = await this.#cuttable('list', options, (left) =>
      this.#backends.list(left),
    )
    for (const error of [...errors, ...refusals]) throw error
    return names
  }

  /**
   * A name for a new device, such as `wg1`: the first that no network interface has. Another program may take it
   * before it is used.
   *
   * @throws {WireGuardError} as {@link names}
   */
  async freeName(options: FreeNameOptions = {}): Promise<string> {
    return await freeName(await this.names(), this.#links, options)
  }

  /**
   * A port for a new device: the first from 51820 on that neither a socket nor a device has. Another program may take
   * it before it is used.
   *
   * @throws {WireGuardError} of a device that cannot be read
   */
  async freePort(options: FreePortOptions = {}): Promise<number> {
    const devices = await this.devices()
    for (const error of devices.errors) throw error
    try {
      return await freePort(devices, this.#links, options)
    } finally {
      devices.forEach(wipeSecrets)
    }
  }

  /**
   * Reads one device.
   *
   * @throws {WireGuardError} `ENODEV`, `ENOTWIREGUARD`, `EPERM`, `EINTR`, `EPROTO`, `ECONNREFUSED`, …
   * @example
   * ```ts
   * const { peers } = await wg.device('wg0', { maxAge: 1000 }) // asked often, read once a second
   * ```
   */
  async device(name: string, options: DeviceOptions = {}): Promise<Device> {
    checkFields(options, 'options', DEVICE_OPTIONS)
    const { maxAge = 0, secrets = true, ...call } = options
    const device = await this.#cuttable('device', call, (left) =>
      maxAge !== 0 ? this.#recentDevice(name, maxAge, left) : this.#device(name, left),
    )
    return secrets ? device : withoutSecrets(device, maxAge === 0)
  }

  /**
   * The peers of a device one by one, with memory that does not grow with their number. Leaving the
   * loop early ends the read. A userspace device carries out no change of another program while its
   * peers are taken slowly; a change by this one has the rest read into memory first. A kernel device
   * is held until it was read to its end; when it is deleted or moved meanwhile, by whomever, the stream
   * ends within a second, or as soon as the event loop turns.
   *
   * @throws {WireGuardError} as {@link device}; `ENODEV` also when the device went during the read, `EINTR`
   * when it changed, `ECLOSED` when the client was closed
   */
  peers(name: string, options: ClientCallOptions = {}): AsyncGenerator<Peer, void, undefined> {
    return new PeerRelay((began) => this.#stream(name, options, began))
  }

  async *#stream(
    name: string,
    options: ClientCallOptions,
    began: (peers: PeerIterator, signal: AbortSignal) => void,
  ): AsyncGenerator<Peer, void, undefined> {
    checkFields(options, 'options', CLIENT_OPTIONS)
    this.#refuseClosed('peers', name)
    using end = new Deadline({ signal: options.signal, timeout: Number.POSITIVE_INFINITY })
    this.#readings.add(end)
    const { signal } = end
    try {
      const { peers, first } = await this.#openStream(name, { ...options, signal })
      // The device is let go of also while the consumer has the word. A dropped stream stays garbage.
      const stream = new WeakRef(peers)
      onAbort(signal, () => void this.#whole(letGo(stream.deref())))
      began(peers, signal)
      try {
        for (let next = first; !next.done; next = await peers.next()) {
          yield next.value
          refuseAborted(signal)
        }
        refuseAborted(signal)
      } finally {
        await peers.return?.()
      }
    } catch (error) {
      throw inContext(error, { operation: 'peers', device: name })
    } finally {
      this.#readings.delete(end)
    }
  }

  /**
   * Changes a device: `undefined` leaves a field as it is, `null` clears it. The whole config is
   * checked before anything is sent. Host names in endpoints are resolved first. A config of up to 1,000
   * peers with 50,000 allowed IPs is copied: the caller may change or wipe it at once. To copy a larger one
   * would hold up the event loop: leave it alone until the promise settles.
   *
   * @throws {TypeError | RangeError | WireGuardError} `EINVAL` with `path`; `ENOTFOUND` for a host
   *   that does not exist; `EADDRINUSE`; and as {@link device}
   * @example
   * ```ts
   * await wg.configure('wg0', { peers: [{ publicKey, endpoint: 'vpn.example.net:51820' }] })
   * ```
   */
  async configure(
    name: string,
    config: DeviceConfig,
    options: ClientCallOptions = {},
  ): Promise<void> {
    checkFields(options, 'options', CLIENT_OPTIONS)
    this.#refuseClosed('configure', name)
    return this.#configure(name, config, options)
  }

  /**
   * Makes a device without keys and peers, by the first backend that can.
   *
   * @throws {WireGuardError} `EEXIST`, `EPERM`, `EUNSUPPORTED`
   */
  async create(name: string, options: CreateOptions & ClientCallOptions = {}): Promise<void> {
    checkFields(options, 'options', CREATE_OPTIONS)
    this.#refuseClosed('create', name)
    return this.#create(name, options)
  }

  /**
   * Removes a device.
   *
   * @throws {WireGuardError} `ENODEV`, `EPERM`, `EUNSUPPORTED`, `ECONNREFUSED` (its daemon is gone:
   *   `removeStale` removes the socket it left)
   */
  async delete(name: string, options: DeleteOptions & ClientCallOptions = {}): Promise<void> {
    checkFields(options, 'options', DELETE_OPTIONS)
    this.#refuseClosed('delete', name)
    return this.#delete(name, options)
  }

  /**
   * Makes a device what `desired` says, by sending the differences alone; none, and nothing is sent. Its peers
   * are all peers; of the device itself what is absent stays, and `null` clears it. Host names in endpoints
   * are resolved first.
   *
   * @returns the changes, made or (`dryRun`) to be made; `describeChange` puts one into words
   * @throws as {@link device} and {@link configure}
   */
  async sync(
    name: string,
    desired: DeviceConfig,
    options: SyncOptions & ClientCallOptions = {},
  ): Promise<readonly Change[]> {
    checkFields(options, 'options', SYNC_OPTIONS)
    this.#refuseClosed('sync', name)
    const prepare = hasNames(desired)
      ? (wait: Deadline) => this.#resolveIn(desired, wait, options)
      : undefined
    return await this.#change(
      'sync',
      name,
      options,
      { prepare },
      async (rest, turn, resolved = desired, wait) => {
        const { backend, dryRun } = options
        using _lock = dryRun ? undefined : await this.#lockIfLink(name, turn, wait.signal)
        const { device, configure } = this.#callsIn(turn)
        const calls = {
          device: (one: string, call?: CallOptions) => device(one, { ...call, backend }),
          configure: (one: string, config: DeviceConfig, call?: ConfigureOptions) =>
            configure(one, config, { ...call, backend }),
        }
        const { backend: _, ...left } = rest()
        return await syncDevice(calls, name, resolved, { ...left, ...this.#links })
      },
    )
  }

  /**
   * Makes a working tunnel from nothing: device, addresses, MTU, routes, firewall, name servers. All or
   * nothing: when a step fails, what was done is undone. Linux only.
   *
   * With `dryRun` nothing is changed, and nothing thrown of what is wrong with the config or in the way: the plan has
   * each step that would be taken, as text and as data, or all faults.
   *
   * @example
   * ```ts
   * const { steps, faults } = await wg.up(config, { dryRun: true })
   * ```
   * @throws {StepError} `step` says what failed, `cause` why
   * @throws {WireGuardError} `EUNSUPPORTED` for a backend whose devices are no network interfaces, such as a
   *   fake; so do {@link down}, {@link reconcile} and {@link reresolve}
   */
  async up(config: InterfaceConfig, options: UpOptions & { readonly dryRun: true }): Promise<UpPlan>
  async up(
    config: InterfaceConfig,
    options?: UpOptions & { readonly dryRun?: false | undefined },
  ): Promise<UpResult>
  async up(config: InterfaceConfig, options?: UpOptions): Promise<UpResult | UpPlan>
  async up(config: InterfaceConfig, options: UpOptions = {}): Promise<UpResult | UpPlan> {
    checkFields(options, 'options', UP_OPTIONS)
    this.#requireLinks('up', config?.name, options.backend)
    if (options.dryRun) return await this.#whole(foreseeUp(this.#unlocked(), config, options))
    checkNamedInterface(config)
    return await this.#changeInterface('up', config.name, options, undefined, (interfaces) =>
      bringUp(interfaces, config, options),
    )
  }

  /** Removes exactly what {@link up} made, also after a crash. Linux only. @throws {StepError} */
  async down(target: string | InterfaceConfig, options: DownOptions = {}): Promise<DownResult> {
    checkFields(options, 'options', DOWN_OPTIONS)
    const name = typeof target === 'string' ? target : target?.name
    this.#requireLinks('down', name)
    if (typeof target === 'string') checkInterfaceName(target)
    else checkHooksAlone(target)
    return await this.#changeInterface('down', name, options, undefined, (interfaces) =>
      bringDown(interfaces, target, options),
    )
  }

  /**
   * Brings a running interface to what {@link up} would make of a config, by the least change. Linux only.
   *
   * @returns the changes; empty: nothing differed, and nothing was sent
   * @throws {StepError}
   */
  async reconcile(
    name: string,
    settings: InterfaceSettings,
    options: ReconcileOptions = {},
  ): Promise<InterfaceChange[]> {
    checkFields(options, 'options', RECONCILE_OPTIONS)
    this.#requireLinks('reconcile', name)
    checkInterfaceName(name)
    const { device } = checkInterface(settings, name)
    const prepare = async (wait: Deadline): Promise<InterfaceSettings> => {
      await checkDevice(device, options)
      // How long names may take is said elsewhere.
      wait.pause()
      const { peers } = await resolveNames({ resolver: this.#resolver }, device, options)
      wait.resume()
      return { ...settings, peers }
    }
    return await this.#changeInterface(
      'reconcile',
      name,
      options,
      hasNames(device) ? prepare : undefined,
      (interfaces, resolved = settings) => reconcile(interfaces, name, resolved, options),
    )
  }

  /**
   * Makes an interface what a config says, whatever is there: {@link up} when there is none of its name, else
   * {@link reconcile}, and nothing when it is right. Its name servers and hooks count when it is made. Linux only.
   *
   * @throws {StepError}
   * @example
   * ```ts
   * const { action } = await wg.ensure(config) // 'up', 'reconcile' or 'none'
   * ```
   */
  async ensure(config: InterfaceConfig, options: EnsureOptions = {}): Promise<EnsureResult> {
    checkFields(options, 'options', ENSURE_OPTIONS)
    this.#requireLinks('ensure', config?.name, options.backend)
    checkNamedInterface(config)
    return await this.#changeInterface('ensure', config.name, options, undefined, (interfaces) =>
      ensure(interfaces, config, options),
    )
  }

  /**
   * Everything that {@link up} would refuse in a config before it does anything, each with the `path` of the field: for
   * forms. Nothing is touched, and no name is looked up.
   *
   * @returns empty: the config is right
   */
  async check(config: InterfaceConfig): Promise<ConfigFault[]> {
    this.#refuseClosed('check')
    return await configFaults(config, this.#machine)
  }

  /**
   * Looks up the names in a config's endpoints again, of those peers that were not heard from for a while.
   *
   * @throws {WireGuardError} `ENODEV`, `EINVAL` with `path`
   */
  async reresolve(
    name: string,
    config: Pick<InterfaceSettings, 'peers'>,
    options: ReresolveOptions = {},
  ): Promise<ReresolveResult> {
    checkFields(options, 'options', RERESOLVE_OPTIONS)
    this.#requireLinks('reresolve', name)
    const { signal, timeout } = options
    using deadline = new Deadline({ signal, timeout })
    checkInterfaceName(name)
    return await this.#whole(
      changeSlowly(this.#linesOf(name), deadline.signal, (turn) =>
        reresolve(this.#interfaces(turn), name, config, options),
      ),
    )
  }

  /**
   * What happens to a device, or to all of them, as typed events. However many watch a device, it is read
   * once; a slow consumer gets merged events.
   *
   * @throws {TypeError | RangeError | WireGuardError} `EINVAL` when name or interval is none
   */
  watch(name?: string, options?: WatchOptions): Watcher {
    return this.#live.watch(name, options)
  }

  /**
   * Handshake initiations as they arrive for a device, from known peers or not. Linux only. For a device that is
   * no network interface, such as a fake's, it fails with `EUNSUPPORTED`; so does {@link justInTime}.
   */
  handshakes(name: string, options?: HandshakeOptions): Handshakes {
    return this.#live.handshakes(name, options)
  }

  /**
   * Holds only the peers that are in use: one that is not there is looked up when it tries to connect.
   * Linux only. @throws {WireGuardError} as {@link device}
   */
  justInTime(name: string, options: JustInTimeOptions): Promise<JustInTime> {
    return this.#live.justInTime(name, options)
  }

  /**
   * Waits until a peer has a session that carries packets, such as after `up` of a client. WireGuard begins a handshake
   * when there is something to send: a persistent keepalive has that at once.
   *
   * @returns the peer as it is then
   * @throws {WireGuardError} `ETIMEDOUT` (after 60 seconds when no `timeout` is given), `EINVAL` when the device has
   *   no such peer, and as {@link device}
   * @example
   * ```ts
   * await wg.up(config)
   * await wg.waitForHandshake(config.name, server, { timeout: 10_000 })
   * ```
   */
  async waitForHandshake(
    name: string,
    publicKey: PublicKey | Uint8Array,
    options: WaitForHandshakeOptions = {},
  ): Promise<Peer> {
    checkFields(options, 'options', WAIT_FOR_HANDSHAKE_OPTIONS)
    const operation = 'waitForHandshake'
    const { after } = options
    try {
      return await this.#cuttable(operation, options, ({ signal }) =>
        this.#live.waitForHandshake(name, publicKey, { after, signal }),
      )
    } catch (error) {
      throw inContext(error, { operation, device: name })
    }
  }

  /**
   * Keeps a ledger of the traffic of all devices, or one, until it is closed: reads them in an interval, and before
   * this client removes a peer or a device. {@link close} reads once more.
   *
   * @throws {TypeError | RangeError | WireGuardError} `EINVAL` with `path`
   * @example
   * ```ts
   * const ledger = new TrafficLedger()
   * await using keeper = wg.keepLedger(ledger, { interval: 5000 })
   * ```
   */
  keepLedger(ledger: TrafficLedger, options?: KeepLedgerOptions): LedgerKeeper {
    this.#refuseClosed('keepLedger')
    return this.#live.keepLedger(ledger, options)
  }

  /** Nothing of the machine is looked at for a backend without network interfaces, such as a fake. */
  #requireLinks(operation: string, device: string, kind?: DeviceKind): void {
    this.#refuseClosed(operation, device)
    try {
      this.#backends.requireLinks(kind)
    } catch (error) {
      throw inContext(error, { operation, device })
    }
  }

  /** For what changes nothing, and takes what it reads as it is. */
  #unlocked(): InterfaceContext {
    return this.#interfaces(new Turn([], undefined))
  }

  /** Where links are looked at. */
  get #links() {
    return { machine: machineOf(this), netns: this.#netns }
  }

  #interfaces(turn: Turn): InterfaceContext {
    const wg = this.#callsIn(turn)
    return { wg, resolver: this.#resolver, netns: this.#netns, machine: this.#machine }
  }

  /**
   * Ends watches, listeners and gateways. Readings under way, {@link peers} among them, end at once with `ECLOSED`;
   * changes under way are waited for, `sync`, `up` and the like as a whole, so that none is left half done. Every
   * call made from now on is refused with `ECLOSED`. Devices stay as they are. A second call waits for the same end.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    for (const reading of this.#readings) reading.abort(closed('client'))
    const live = await Promise.allSettled([this.#live.close()])
    while (this.#working.size > 0) {
      const working = [...this.#working]
      await Promise.allSettled(working)
      for (const one of working) this.#working.delete(one)
    }
    await this.#backends.close()
    for (const end of live) if (end.status === 'rejected') throw end.reason
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** A call of the user; those of what is under way do not come this way. */
  #refuseClosed(operation: string, device?: string): void {
    if (this.#closing) throw inContext(closed('client'), { operation, ...(device && { device }) })
  }

  /** Is waited for by {@link close}. */
  #whole<T>(call: Promise<T>): Promise<T> {
    this.#working.add(call)
    return call.finally(() => this.#working.delete(call))
  }

  /** A reading that ends when the client is closed. */
  async #cuttable<T, Options extends CallOptions>(
    operation: string,
    options: Options,
    read: (options: Options & { readonly signal: AbortSignal }) => Promise<T>,
  ): Promise<T> {
    this.#refuseClosed(operation)
    using deadline = new Deadline(options)
    this.#readings.add(deadline)
    try {
      const found = await read({ ...options, signal: deadline.signal })
      // A list has its devices' errors in it.
      if (deadline.signal.reason?.code === 'ECLOSED') refuseAborted(deadline.signal)
      return found
    } finally {
      this.#readings.delete(deadline)
    }
  }

  /** Calls that are part of a turn: they do not queue behind it, and reach their end while the client is closed. */
  #callsIn(turn: Turn): DeviceCalls {
    return {
      create: (name, options = {}) => this.#create(name, options, turn),
      delete: (name, options = {}) => this.#delete(name, options, turn),
      device: (name, options = {}) => this.#device(name, options, turn),
      configure: (name, config, options = {}) => this.#configure(name, config, options, turn),
      peek: (name, options = {}) => this.#peek(name, options),
      peers: (name, options = {}) => this.#peers(name, options, turn),
    }
  }

  #device(name: string, options: ClientCallOptions, turn?: Turn): Promise<Device> {
    return this.#ask('device', name, options, turn, (backend, left) => backend.device(name, left))
  }

  async #peek(name: string, options: ClientCallOptions): Promise<Device> {
    using deadline = new Deadline(options)
    const { backend: kind, ...call } = options
    const ask = { operation: 'device', kind, signal: deadline.signal }
    return await this.#backends.ask(ask, (backend) => backend.device(name, call))
  }

  async *#peers(
    name: string,
    options: ClientCallOptions,
    turn: Turn,
  ): AsyncGenerator<Peer, void, undefined> {
    const { peers, first } = await this.#ask('peers', name, options, turn, (backend, left) =>
      begin(backend.peers(name, left)),
    )
    try {
      for (let next = first; !next.done; next = await peers.next()) yield next.value
    } finally {
      await peers.return?.()
    }
  }

  #create(name: string, options: CreateOptions & ClientCallOptions, outer?: Turn): Promise<void> {
    return this.#change('create', name, options, { turn: outer }, (rest, turn) =>
      this.#ask('create', name, rest(), turn, async (backend, left) => {
        if (backend.create) return backend.create(name, left)
        throw unsupported('create', `the ${backend.kind} backend makes no devices`)
      }),
    )
  }

  #delete(name: string, options: DeleteOptions & ClientCallOptions, outer?: Turn): Promise<void> {
    return this.#change('delete', name, options, { turn: outer }, (rest, turn) =>
      this.#live.counting(name, undefined, this.#reading(name, rest, turn), () =>
        this.#ask('delete', name, rest(), turn, async (backend, left) => {
          if (backend.delete) return backend.delete(name, left)
          throw unsupported('delete', `the ${backend.kind} backend removes no devices`)
        }),
      ),
    )
  }

  async #configure(
    name: string,
    config: DeviceConfig,
    options: ConfigureOptions & ClientCallOptions,
    turn?: Turn,
  ): Promise<void> {
    if (isLarge(config)) return this.#apply(name, config, options, turn)
    const copy = copyOf(name, config)
    try {
      await this.#apply(name, copy, options, turn)
    } finally {
      wipeCopy(copy)
    }
  }

  #apply(
    name: string,
    config: DeviceConfig,
    options: ConfigureOptions & ClientCallOptions,
    outer: Turn | undefined,
  ): Promise<void> {
    // Nothing is awaited without need: a call has its place in line from the moment it is made.
    const prepare = hasNames(config)
      ? (wait: Deadline) => this.#resolveIn(config, wait, options)
      : undefined
    const place = { turn: outer, prepare, isOfPeers: changesPeersAlone(config) }
    return this.#change('configure', name, options, place, (rest, turn, resolved = config) =>
      this.#live.counting(name, resolved, this.#reading(name, rest, turn), () =>
        this.#ask('configure', name, rest(), turn, (backend, left) =>
          backend.configure(name, resolved, left),
        ),
      ),
    )
  }

  #reading(name: string, rest: () => ClientCallOptions, turn: Turn): () => Promise<Device> {
    return () => {
      const { signal, timeout, backend } = rest()
      return this.#device(name, { signal, timeout, backend }, turn)
    }
  }

  /** How long it may take, says the number of tries, unless the caller gave a timeout. */
  async #resolveIn(
    config: DeviceConfig,
    wait: Deadline,
    { timeout }: CallOptions,
  ): Promise<DeviceConfig> {
    if (timeout === undefined) wait.pause()
    try {
      return await this.#resolve(config, wait.signal)
    } finally {
      if (timeout === undefined) wait.resume()
    }
  }

  /** A config that is wrong elsewhere is refused before a name server hears of it. */
  async #resolve(config: DeviceConfig, signal: AbortSignal): Promise<DeviceConfig> {
    const placeholders = await withPlaceholders(config, PLACEHOLDER)
    if (placeholders === config) return config
    await withCheckedConfig(placeholders, (checked) => checked(signal))
    return this.#resolver.resolve(config, signal)
  }

  /** A reading asks all backends; one of another kind than the caller wants does not help him. */
  async #recentDevice(name: string, maxAge: number, call: ClientCallOptions): Promise<Device> {
    checkDuration(maxAge, 'options.maxAge', 0)
    using deadline = new Deadline(call)
    const rest = timeLeft(call)
    try {
      checkLinkName(name)
      const { signal } = deadline
      const device = await this.#live.device(name, { maxAge, signal })
      if (call.backend === undefined || call.backend === device.kind) return device
      device.privateKey?.wipe()
    } catch (error) {
      throw inContext(error, { operation: 'device', device: name })
    }
    return this.#device(name, rest())
  }

  #linesOf(name: string): string[] {
    const backends = this.backends.flatMap((status) => (status.available ? [status.backend] : []))
    return linesOf(backends, name)
  }

  /** Asks the backends in turn, when the calls made before on the same device are over. */
  async #ask<T, Options extends ClientCallOptions>(
    operation: string,
    name: string,
    { backend: kind, ...options }: Options & ClientCallOptions,
    turn: Turn | undefined,
    call: (backend: Backend, left: Omit<Options, 'backend'>) => Promise<T>,
  ): Promise<T> {
    using deadline = new Deadline(options)
    const rest = timeLeft(options)
    try {
      checkLinkName(name)
      const ask = { operation, kind, signal: deadline.signal }
      return await readInTurn(this.#linesOf(name), deadline.signal, turn, () =>
        this.#backends.ask(ask, (backend) => call(backend, rest())),
      )
    } catch (error) {
      throw inContext(error, { operation, device: name })
    }
  }

  /** A stream waits for its turn and holds up nobody behind it. */
  async #openStream(
    name: string,
    { backend: kind, ...options }: ClientCallOptions,
  ): Promise<Stream> {
    using deadline = new Deadline(options)
    const rest = timeLeft(options)
    try {
      checkLinkName(name)
      const ask = { operation: 'peers', kind, signal: deadline.signal }
      await followTurns(this.#linesOf(name), deadline.signal)
      return await this.#backends.ask(ask, (backend) => begin(backend.peers(name, rest())))
    } catch (error) {
      throw inContext(error, { operation: 'peers', device: name })
    }
  }

  #change<T, Options extends ClientCallOptions, P>(
    operation: string,
    name: string,
    options: Options,
    place: Place<P>,
    change: ChangeBody<T, Options, P>,
  ): Promise<T> {
    return this.#whole(this.#inOrder(operation, name, options, place, change))
  }

  /** A change holds its device's line from its first read to its last write. */
  async #inOrder<T, Options extends ClientCallOptions, P>(
    operation: string,
    name: string,
    options: Options,
    { turn, prepare, isOfPeers = false }: Place<P>,
    change: ChangeBody<T, Options, P>,
  ): Promise<T> {
    using deadline = new Deadline(options)
    const rest = prepare ? timeLeftBehindNames(options) : timeLeft(options)
    const { signal } = deadline
    try {
      checkLinkName(name)
      const place = { signal, turn, prepare: prepare && (() => prepare(deadline)) }
      const lines = this.#linesOf(name)
      // A reading that begins from here on waits behind the change.
      this.#live.invalidate(name, isOfPeers)
      return await changeInTurn(lines, place, (inner, prepared) =>
        change(rest, inner, prepared, deadline),
      )
    } catch (error) {
      throw inContext(error, { operation, device: name })
    } finally {
      this.#live.invalidate(name, isOfPeers)
    }
  }

  /**
   * As {@link #change}; other processes that change the same interface wait as well. The timeout is for the
   * wait, and then for each call of the device: hooks and other programs may take longer.
   */
  async #changeInterface<T, P>(
    operation: string,
    name: string,
    { signal, timeout }: CallOptions,
    prepare: Place<P>['prepare'],
    change: (interfaces: InterfaceContext, prepared: P | undefined) => Promise<T>,
  ): Promise<T> {
    const options = { signal, timeout }
    const place = { prepare }
    return await this.#change(operation, name, options, place, async (_, turn, prepared, wait) => {
      using _lock = await this.#lock(name, turn, wait.signal)
      wait.end()
      const run = () => change(this.#interfaces(turn), prepared)
      return await withHooks(turn, run)
    })
  }

  /** Keeps other processes away. A call that is part of a turn has it from there. */
  async #lock(name: string, turn: Turn, signal: AbortSignal): Promise<Disposable | undefined> {
    if (turn.isNested) return undefined
    return await this.#machine.holdLock(name, { netns: this.#netns, signal })
  }

  /** The same where devices are network interfaces of a system that has such locks. */
  async #lockIfLink(
    name: string,
    turn: Turn,
    signal: AbortSignal,
  ): Promise<Disposable | undefined> {
    const isLinux = process.platform === 'linux' || machineOf(this) !== undefined
    if (!isLinux || !this.#backends.hasLinks) return undefined
    try {
      return await this.#lock(name, turn, signal)
    } catch (error) {
      // Where netlink is out of reach nobody brings interfaces up or down.
      if (error instanceof WireGuardError && error.code === 'EUNSUPPORTED') return undefined
      throw error
    }
  }
}

/** Where a change stands, and what it has to wait for before its turn. */
interface Place<P> {
  readonly turn?: Turn | undefined
  readonly prepare?: ((wait: Deadline) => Promise<P>) | undefined
  /** It changes peers alone. */
  readonly isOfPeers?: boolean | undefined
}

function changesPeersAlone(config: DeviceConfig): boolean {
  const fields = Object.entries(config ?? {})
  return fields.every(([field, value]) => field === 'peers' || value === undefined)
}

/** @param wait the time of the call, which runs until it is told to stand still */
type ChangeBody<T, Options, P> = (
  rest: () => Options,
  turn: Turn,
  prepared: P | undefined,
  wait: Deadline,
) => Promise<T>

interface Stream {
  readonly peers: PeerIterator
  readonly first: IteratorResult<Peer>
}

/** Whoever reads hears of what fails. */
async function letGo(peers: PeerIterator | undefined): Promise<void> {
  await peers?.return?.().catch(() => {})
}

async function begin(peers: PeerIterator): Promise<Stream> {
  try {
    return { peers, first: await peers.next() }
  } catch (error) {
    await peers.return?.()
    throw error
  }
}

function copyOf(device: string, config: DeviceConfig): DeviceConfig {
  try {
    return copyConfig(config)
  } catch (error) {
    throw inContext(error, { operation: 'configure', device })
  }
}
