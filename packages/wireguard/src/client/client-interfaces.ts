import {
  type CallOptions,
  type ConfigureOptions,
  checkInterfaceName,
  Deadline,
  type DeviceConfig,
  type ExpectedPeers,
} from '@wgctrl/types'
import { Turn, withHooks } from '../device-line.js'
import { type ConfigFault, configFaults } from '../interface/config-faults.js'
import type { InterfaceContext } from '../interface/context.js'
import { checkHooksAlone } from '../interface/down.js'
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
} from '../interface/index.js'
import { checkInterface, checkNamedInterface } from '../interface/interface-config.js'
import { checkDevice, resolveNames } from '../interface/names.js'
import { type EndpointResolver, hasNames } from '../resolve.js'
import { type Change, type SyncOptions, syncDevice } from '../sync/index.js'
import type { CallOrder, Place } from './call-order.js'
import type { ClientDevices } from './client-devices.js'
import { type InterfacePlace, lockIfLink, lockInterface } from './interface-lock.js'
import type { ClientCallOptions } from './options.js'
import type { UnderWay } from './under-way.js'

/** What calls on interfaces are made of. */
export interface ClientInterfacesContext {
  readonly place: InterfacePlace
  readonly order: CallOrder
  readonly underWay: UnderWay
  readonly devices: ClientDevices
  readonly resolver: EndpointResolver
}

/** The calls that read, compare and write in one turn, and keep other processes away meanwhile. */
export class ClientInterfaces {
  readonly #place: InterfacePlace
  readonly #order: CallOrder
  readonly #underWay: UnderWay
  readonly #devices: ClientDevices
  readonly #resolver: EndpointResolver

  constructor({ place, order, underWay, devices, resolver }: ClientInterfacesContext) {
    this.#place = place
    this.#order = order
    this.#underWay = underWay
    this.#devices = devices
    this.#resolver = resolver
  }

  sync(
    name: string,
    desired: DeviceConfig,
    options: SyncOptions & ClientCallOptions,
  ): Promise<readonly Change[]> {
    const { backend, dryRun } = options
    const place = { prepare: this.#devices.resolving(desired, options) }
    return this.#order.change(
      'sync',
      name,
      options,
      place,
      async (rest, turn, resolved = desired, wait) => {
        using _lock = dryRun ? undefined : await lockIfLink(this.#place, name, turn, wait.signal)
        const { device, configure } = this.#devices.in(turn)
        const calls = {
          device: (one: string, call?: CallOptions) => device(one, { ...call, backend }),
          compared: (one: string, expected: ExpectedPeers, call?: CallOptions) =>
            this.#devices.compared(one, expected, { ...call, backend }, turn),
          configure: (one: string, config: DeviceConfig, call?: ConfigureOptions) =>
            configure(one, config, { ...call, backend }),
        }
        const { backend: _, ...left } = rest()
        const { netns, backends } = this.#place
        return await syncDevice(calls, name, resolved, {
          ...left,
          netns,
          machine: backends.machine,
        })
      },
    )
  }

  async up(config: InterfaceConfig, options: UpOptions): Promise<UpResult | UpPlan> {
    if (options.dryRun) {
      return await this.#underWay.whole(foreseeUp(this.#unlocked(), config, options))
    }
    checkNamedInterface(config)
    return await this.#change('up', config.name, options, undefined, (interfaces) =>
      bringUp(interfaces, config, options),
    )
  }

  async down(target: string | InterfaceConfig, options: DownOptions): Promise<DownResult> {
    if (typeof target === 'string') checkInterfaceName(target)
    else checkHooksAlone(target)
    const name = typeof target === 'string' ? target : target.name
    return await this.#change('down', name, options, undefined, (interfaces) =>
      bringDown(interfaces, target, options),
    )
  }

  async reconcile(
    name: string,
    settings: InterfaceSettings,
    options: ReconcileOptions,
  ): Promise<InterfaceChange[]> {
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
    return await this.#change(
      'reconcile',
      name,
      options,
      hasNames(device) ? prepare : undefined,
      (interfaces, resolved = settings) => reconcile(interfaces, name, resolved, options),
    )
  }

  async ensure(config: InterfaceConfig, options: EnsureOptions): Promise<EnsureResult> {
    checkNamedInterface(config)
    return await this.#change('ensure', config.name, options, undefined, (interfaces) =>
      ensure(interfaces, config, options),
    )
  }

  check(config: InterfaceConfig): Promise<ConfigFault[]> {
    return configFaults(config, this.#place.machine)
  }

  async reresolve(
    name: string,
    config: Pick<InterfaceSettings, 'peers'>,
    options: ReresolveOptions,
  ): Promise<ReresolveResult> {
    const { signal, timeout } = options
    using deadline = new Deadline({ signal, timeout })
    checkInterfaceName(name)
    return await this.#order.slowly(name, deadline.signal, (turn) =>
      reresolve(this.#interfaces(turn), name, config, options),
    )
  }

  /** The timeout is for the wait, and then for each call of the device: hooks and other programs may take longer. */
  #change<T, P>(
    operation: string,
    name: string,
    { signal, timeout }: CallOptions,
    prepare: Place<P>['prepare'],
    change: (interfaces: InterfaceContext, prepared: P | undefined) => Promise<T>,
  ): Promise<T> {
    const options = { signal, timeout }
    const place = { prepare }
    return this.#order.change(operation, name, options, place, async (_, turn, prepared, wait) => {
      using _lock = await lockInterface(this.#place, name, turn, wait.signal)
      wait.end()
      return await withHooks(turn, () => change(this.#interfaces(turn), prepared))
    })
  }

  /** For what changes nothing, and takes what it reads as it is. */
  #unlocked(): InterfaceContext {
    return this.#interfaces(new Turn([], undefined))
  }

  #interfaces(turn: Turn): InterfaceContext {
    const { machine, netns } = this.#place
    return { wg: this.#devices.in(turn), resolver: this.#resolver, netns, machine }
  }
}
