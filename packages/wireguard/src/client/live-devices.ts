import {
  type CallOptions,
  type ConfigureOptions,
  checkDuration,
  checkLinkName,
  closed,
  Deadline,
  type Device,
  type DeviceActivity,
  type DeviceConfig,
  type DeviceKind,
  inContext,
  type Peer,
  type PublicKey,
  wipeDevice,
  wipeOwnKeys,
} from '@wgctrl/types'
import type { Listing } from '../backends.js'
import { waitForHandshake } from '../connection/wait-for-handshake.js'
import {
  type HandshakeOptions,
  Handshakes,
  type HandshakesContext,
  type PacketSource,
} from '../handshakes/handshakes.js'
import type { DeviceWork } from '../just-in-time/insistence.js'
import { JustInTime, type JustInTimeContext } from '../just-in-time/just-in-time.js'
import type { JustInTimeOptions } from '../just-in-time/options.js'
import { timeLeft } from '../time-left.js'
import { type KeepLedgerOptions, LedgerKeeper } from '../traffic/ledger-keeper.js'
import type { TrafficLedger } from '../traffic/traffic-ledger.js'
import { ownCopy, type ReadingOptions, SharedReader } from '../watch/shared-reader.js'
import { WatchHub } from '../watch/watch-hub.js'
import type { LinkSource } from '../watch/watch-session.js'
import type { Watcher, WatchOptions } from '../watch/watcher.js'
import type { ClientCallOptions } from './options.js'

/** What looks at devices over time needs from the client. */
export interface LiveDevicesContext {
  /** The names of all devices, and why some may be missing. */
  list(options?: CallOptions): Promise<Listing>
  device(name: string, options?: ClientCallOptions): Promise<Device>
  /** Of the peers no more than whether they are there. Absent: {@link device} does so. */
  activity?(name: string, options?: CallOptions): Promise<DeviceActivity>
  configure(name: string, config: DeviceConfig, options?: ConfigureOptions): Promise<void>
  /** See {@link JustInTimeContext.inTurn}. Absent: nobody else is at work on the devices. */
  inTurn?: JustInTimeContext['inTurn']
  /** Refuses to hear packets for devices that are no network interfaces. Absent: all are. */
  requireLinks?(kind: DeviceKind): void
  /** The client's network namespace. */
  readonly netns?: string | number | undefined
  /** Absent: a packet socket. */
  openPackets?(netns: string | number | undefined): Promise<PacketSource>
  /** Undefined: devices that come and go are found by looking. */
  openLinks?: (() => Promise<LinkSource | undefined>) | undefined
  /** See {@link JustInTimeContext.readText}. */
  readonly readText?: JustInTimeContext['readText']
  /** Where userspace devices have their sockets. Absent: they are found by looking. */
  socketDirectory?: (() => Promise<string>) | undefined
}

/** Everything that looks at devices over time, with one reader for all of it, and one for all gateways. */
export class LiveDevices {
  readonly #context: LiveDevicesContext
  readonly #reader: SharedReader
  /** For gateways, which look at many peers often and need little of them. */
  readonly #activityReader: SharedReader<DeviceActivity>
  readonly #hub: WatchHub
  /** What has to be ended with the client. */
  readonly #listeners = new Set<Handshakes>()
  readonly #gateways = new Set<JustInTime>()
  readonly #keepers = new Set<LedgerKeeper>()
  #isClosed = false

  constructor(context: LiveDevicesContext) {
    this.#context = context
    this.#reader = new SharedReader((name, options) => context.device(name, options))
    this.#activityReader = new SharedReader<DeviceActivity>(
      (name, options) => context.activity?.(name, options) ?? context.device(name, options),
    )
    this.#hub = new WatchHub({
      list: async (options) => {
        this.#refuseClosed()
        return context.list(options)
      },
      reading: (name, options) => this.#reader.reading(name, options),
      openLinks: context.openLinks,
      socketDirectory: context.socketDirectory,
    })
  }

  /** A device as it was at most `maxAge` milliseconds ago. */
  async device(name: string, maxAge: number, call: ClientCallOptions): Promise<Device> {
    checkDuration(maxAge, 'options.maxAge', 0)
    using deadline = new Deadline(call)
    const rest = timeLeft(call)
    try {
      checkLinkName(name)
      const { signal } = deadline
      const device = ownCopy(await this.#reader.reading(name, { maxAge, signal }))
      // A reading asks all backends; one of another kind than the caller wants does not help him.
      if (call.backend === undefined || call.backend === device.kind) return device
      wipeOwnKeys(device)
    } catch (error) {
      throw inContext(error, { operation: 'device', device: name })
    }
    return this.#context.device(name, rest())
  }

  /** Something was written to a device: what was read before does not count any more. */
  invalidate(name: string, isOfPeers = false): void {
    this.#reader.invalidate(name, isOfPeers)
    this.#activityReader.invalidate(name, isOfPeers)
  }

  /** @throws {TypeError | RangeError | WireGuardError} `EINVAL` when name or interval is none */
  watch(name?: string, options: WatchOptions = {}): Watcher {
    return this.#hub.watch(name, options)
  }

  /** @param gateway who hears of them, where that is no user */
  handshakes(
    name: string,
    options: HandshakeOptions = {},
    gateway?: Pick<HandshakesContext, 'othersFirst' | 'knows'>,
  ): Handshakes {
    const { netns, openPackets } = this.#context
    const isLate = this.#isClosed
    const reader = gateway ? this.#activityReader : this.#reader
    const read = async (device: string, reading: ReadingOptions): Promise<DeviceActivity> => {
      if (isLate) this.#refuseClosed()
      const { device: found } = await reader.reading(device, reading)
      this.#context.requireLinks?.(found.kind)
      return found
    }
    const ended = (): void => void this.#listeners.delete(handshakes)
    const context = {
      read,
      netns,
      ended,
      ...(openPackets && { openPackets }),
      ...gateway,
    }
    const handshakes: Handshakes = new Handshakes(context, name, options)
    this.#listeners.add(handshakes)
    return handshakes
  }

  /** @throws {WireGuardError} as {@link JustInTime.start} */
  justInTime(name: string, options: JustInTimeOptions): Promise<JustInTime> {
    const context = {
      reading: (device: string, reading: ReadingOptions) =>
        this.#activityReader.reading(device, reading),
      configure: (device: string, config: DeviceConfig, call?: ConfigureOptions) =>
        this.#context.configure(device, config, call),
      inTurn: (device: string, change: (work: DeviceWork) => Promise<void>, call?: CallOptions) =>
        this.#context.inTurn?.(device, change, call) ?? change(this.#context),
      handshakes: (...args: Parameters<JustInTimeContext['handshakes']>) =>
        this.handshakes(...args),
      readText: this.#context.readText,
    }
    const gateway = new JustInTime(context, name, options)
    if (this.#isClosed) return Promise.reject(closed('client'))
    const ended = (): void => void this.#gateways.delete(gateway)
    this.#gateways.add(gateway)
    gateway.finished.then(ended, ended)
    return gateway.start()
  }

  waitForHandshake(
    name: string,
    key: PublicKey | Uint8Array,
    options: Parameters<typeof waitForHandshake>[3],
  ): Promise<Peer> {
    const read = (device: string, reading: ReadingOptions) => this.#reader.reading(device, reading)
    return waitForHandshake(read, name, key, options)
  }

  keepLedger(ledger: TrafficLedger, options: KeepLedgerOptions = {}): LedgerKeeper {
    this.#refuseClosed()
    const source = {
      list: (call: CallOptions) => this.#context.list(call),
      reading: (device: string, reading: ReadingOptions) => this.#reader.reading(device, reading),
    }
    const keeper = new LedgerKeeper(source, ledger, options)
    this.#keepers.add(keeper)
    return keeper
  }

  /**
   * Makes a change that sets counters back, when those who keep a ledger have counted what they say. A device that
   * does not answer any more is changed all the same.
   *
   * @param config absent: the device is removed
   */
  async counting<T>(
    name: string,
    config: DeviceConfig | undefined,
    read: () => Promise<Device>,
    change: () => Promise<T>,
  ): Promise<T> {
    const keepers = [...this.#keepers].filter((keeper) => keeper.keeps(name))
    if (keepers.length === 0 || !setsCountersBack(config)) return change()
    const device = await read().catch(() => undefined)
    if (device) {
      for (const keeper of keepers) keeper.counted(device)
      wipeDevice(device)
    }
    const changed = await change()
    for (const keeper of keepers) keeper.removed(name, config)
    return changed
  }

  /** Ends all of it; what is begun later is refused with `ECLOSED`. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all([...this.#keepers].map((keeper) => keeper.close()))
    const watches = this.#hub.close()
    // Gateways first: they end their listeners themselves, and nothing of theirs may be half done.
    await Promise.all([...this.#gateways].map((gateway) => gateway.close()))
    await Promise.all([...this.#listeners].map((listener) => listener.return()))
    await watches
    this.#reader.close()
    this.#activityReader.close()
  }

  #refuseClosed(): void {
    if (this.#isClosed) throw closed('client')
  }
}

const setsCountersBack = (config: DeviceConfig | undefined): boolean =>
  !config || config.replacePeers === true || (config.peers ?? []).some((peer) => peer.remove)
