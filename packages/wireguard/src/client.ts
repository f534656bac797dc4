import {
  type CallOptions,
  type CreateOptions,
  checkFields,
  type DeleteOptions,
  type Device,
  type DeviceConfig,
  type FieldsOf,
  InvalidTypeError,
  inContext,
  type Peer,
  type PublicKey,
  wipeDevice,
} from '@wgctrl/types'
import type { BackendStatus, Backends } from './backends.js'
import type { ClientCallOptions, DeviceOptions } from './client/options.js'
import { type ClientParts, type ClientPlace, clientParts } from './client/parts.js'
import { streamPeers } from './client/peer-stream.js'
import type { WaitForHandshakeOptions } from './connection/wait-for-handshake.js'
import { type DeviceList, readDevices } from './device-list.js'
import { type FreeNameOptions, type FreePortOptions, freeName, freePort } from './free.js'
import type { HandshakeOptions, Handshakes } from './handshakes/handshakes.js'
import type { ConfigFault } from './interface/config-faults.js'
import type { WithBackend } from './interface/context.js'
import type {
  DownOptions,
  DownResult,
  EnsureOptions,
  EnsureResult,
  InterfaceChange,
  InterfaceConfig,
  InterfaceSettings,
  ReconcileOptions,
  ReresolveOptions,
  ReresolveResult,
  UpOptions,
  UpPlan,
  UpResult,
} from './interface/index.js'
import { MACHINE, machineOf } from './interface/machine.js'
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
import type { EndpointResolver } from './resolve.js'
import type { Change, SyncOptions } from './sync/index.js'
import { withoutSecrets } from './to-config.js'
import type { KeepLedgerOptions, LedgerKeeper } from './traffic/ledger-keeper.js'
import type { TrafficLedger } from './traffic/traffic-ledger.js'
import type { Watcher, WatchOptions } from './watch/watcher.js'

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
  readonly #netns: string | number | undefined
  readonly #parts: ClientParts
  #closing: Promise<void> | undefined

  /** Use `open()`. @internal */
  constructor(backends: Backends, resolver: EndpointResolver, place: ClientPlace = {}) {
    if (typeof backends?.close !== 'function') {
      throw new InvalidTypeError('backends', 'must be those that open() finds: call that')
    }
    this.#backends = backends
    this.#netns = place.netns
    this.#parts = clientParts(backends, resolver, place)
    const { machine } = backends
    if (machine) Object.defineProperty(this, MACHINE, { value: machine })
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
    return this.#parts.underWay.reading('list', options, (left) =>
      readDevices(this.#backends, left),
    )
  }

  /**
   * The names of all devices, sorted, without reading one.
   *
   * @throws {WireGuardError} when a backend fails, or is here and may not be used: some names would be missing
   */
  async names(options: ClientCallOptions = {}): Promise<string[]> {
    checkFields(options, 'options', CLIENT_OPTIONS)
    const { names, errors, refusals } = await this.#parts.underWay.reading(
      'list',
      options,
      (left) => this.#backends.list(left),
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
      devices.forEach(wipeDevice)
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
    const { underWay, live, devices } = this.#parts
    const device = await underWay.reading('device', call, (left) =>
      maxAge !== 0 ? live.device(name, maxAge, left) : devices.device(name, left),
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
    return new PeerRelay((began) => streamPeers(this.#parts, name, options, began))
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
    this.#check('configure', name, options, CLIENT_OPTIONS)
    return this.#parts.devices.configure(name, config, options)
  }

  /**
   * Makes a device without keys and peers, by the first backend that can.
   *
   * @throws {WireGuardError} `EEXIST`, `EPERM`, `EUNSUPPORTED`
   */
  async create(name: string, options: CreateOptions & ClientCallOptions = {}): Promise<void> {
    this.#check('create', name, options, CREATE_OPTIONS)
    return this.#parts.devices.create(name, options)
  }

  /**
   * Removes a device.
   *
   * @throws {WireGuardError} `ENODEV`, `EPERM`, `EUNSUPPORTED`, `ECONNREFUSED` (its daemon is gone:
   *   `removeStale` removes the socket it left)
   */
  async delete(name: string, options: DeleteOptions & ClientCallOptions = {}): Promise<void> {
    this.#check('delete', name, options, DELETE_OPTIONS)
    return this.#parts.devices.delete(name, options)
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
    this.#check('sync', name, options, SYNC_OPTIONS)
    return await this.#parts.interfaces.sync(name, desired, options)
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
    this.#checkLinks('up', config?.name, options, UP_OPTIONS)
    return await this.#parts.interfaces.up(config, options)
  }

  /**
   * Removes exactly what {@link up} made, also after a crash. Linux only.
   *
   * @param target the config for its hooks as well: by a name alone, no hook runs and no `PostDown` line
   * @throws {StepError}
   */
  async down(target: string | InterfaceConfig, options: DownOptions = {}): Promise<DownResult> {
    const name = typeof target === 'string' ? target : target?.name
    this.#checkLinks('down', name, options, DOWN_OPTIONS)
    return await this.#parts.interfaces.down(target, options)
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
    this.#checkLinks('reconcile', name, options, RECONCILE_OPTIONS)
    return await this.#parts.interfaces.reconcile(name, settings, options)
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
    this.#checkLinks('ensure', config?.name, options, ENSURE_OPTIONS)
    return await this.#parts.interfaces.ensure(config, options)
  }

  /**
   * Everything that {@link up} would refuse in a config before it does anything, each with the `path` of the field: for
   * forms. Nothing is touched, and no name is looked up.
   *
   * @returns empty: the config is right
   */
  async check(config: InterfaceConfig): Promise<ConfigFault[]> {
    this.#parts.underWay.refuseClosed('check')
    return await this.#parts.interfaces.check(config)
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
    this.#checkLinks('reresolve', name, options, RERESOLVE_OPTIONS)
    return await this.#parts.interfaces.reresolve(name, config, options)
  }

  /**
   * What happens to a device, or to all of them, as typed events. However many watch a device, it is read
   * once; a slow consumer gets merged events.
   *
   * @throws {TypeError | RangeError | WireGuardError} `EINVAL` when name or interval is none
   */
  watch(name?: string, options?: WatchOptions): Watcher {
    return this.#parts.live.watch(name, options)
  }

  /**
   * Handshake initiations as they arrive for a device, from known peers or not. Linux only. For a device that is
   * no network interface, such as a fake's, it fails with `EUNSUPPORTED`; so does {@link justInTime}.
   */
  handshakes(name: string, options?: HandshakeOptions): Handshakes {
    return this.#parts.live.handshakes(name, options)
  }

  /**
   * Holds only the peers that are in use: one that is not there is looked up when it tries to connect.
   * Linux only. @throws {WireGuardError} as {@link device}
   */
  justInTime(name: string, options: JustInTimeOptions): Promise<JustInTime> {
    return this.#parts.live.justInTime(name, options)
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
    const { underWay, live } = this.#parts
    try {
      return await underWay.reading(operation, options, ({ signal }) =>
        live.waitForHandshake(name, publicKey, { after, signal }),
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
    this.#parts.underWay.refuseClosed('keepLedger')
    return this.#parts.live.keepLedger(ledger, options)
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
    const { underWay, live } = this.#parts
    underWay.cut()
    const [ended] = await Promise.allSettled([live.close()])
    await underWay.settled()
    await this.#backends.close()
    if (ended.status === 'rejected') throw ended.reason
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** Where links are looked at. */
  get #links() {
    return { machine: machineOf(this), netns: this.#netns }
  }

  /** What every change refuses before it has its place in line. */
  #check<T extends object>(operation: string, name: string, options: T, fields: FieldsOf<T>): void {
    checkFields(options, 'options', fields)
    this.#parts.underWay.refuseClosed(operation, name)
  }

  /** The same; nothing of the machine is looked at for a backend without network interfaces, such as a fake. */
  #checkLinks<T extends CallOptions & WithBackend>(
    operation: string,
    name: string,
    options: T,
    fields: FieldsOf<T>,
  ): void {
    this.#check(operation, name, options, fields)
    try {
      this.#backends.requireLinks(options.backend)
    } catch (error) {
      throw inContext(error, { operation, device: name })
    }
  }
}
