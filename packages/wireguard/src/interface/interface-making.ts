import type { Link } from '@wgctrl/netlink'
import {
  type DeviceConfig,
  type Endpoint,
  type Family,
  runInTurns,
  wipeDevice,
} from '@wgctrl/types'
import type { InterfaceContext, InterfaceHandle } from './context.js'
import { addDefaultRoute, addGuards } from './default-route.js'
import { setDns, whyNoDns } from './dns.js'
import { claimMark, TablesClaim } from './firewall-mark.js'
import { addForwarding } from './forwarding.js'
import { isEmpty, planForwarding } from './forwarding-rules.js'
import { runHooks } from './hooks.js'
import type { CheckedInterface, Hook } from './interface-config.js'
import { desiredEndpoints } from './interface-diff.js'
import { createDevice, kindOf, moveLink, type NewDevice, refuseTaken } from './link.js'
import type { Machine, Place, Rtnl } from './machine.js'
import { deriveMtu, endpointsOf } from './mtu.js'
import { resolveNames } from './names.js'
import { connectedRoutes, desiredAllowedIPs } from './reconcile-plan.js'
import { planRoutes } from './route-plan.js'
import type { HookRun } from './step-change.js'
import { listRoutes } from './system.js'
import { thisMachine } from './this-machine.js'
import type { Step, Transaction } from './transaction.js'
import type { UpOptions, UpResult } from './up.js'
import type { InterfaceWarning } from './warning.js'

/** What is known of a device that was made, or will be. */
interface MadeDevice {
  readonly firewallMark: number
  readonly allowedIPs: readonly string[]
  readonly endpoints: readonly Endpoint[]
}

/** Makes an interface from nothing, or says how. */
export class Making {
  readonly #context: InterfaceContext
  readonly #name: string
  readonly #config: CheckedInterface
  readonly #table: 'off' | 'auto' | number
  readonly #options: UpOptions
  readonly #transaction: Transaction
  readonly #rtnl: Rtnl
  readonly #warnings: InterfaceWarning[] = []

  constructor(
    context: InterfaceContext,
    name: string,
    config: CheckedInterface,
    table: 'off' | 'auto' | number,
    options: UpOptions,
    transaction: Transaction,
    rtnl: Rtnl,
  ) {
    this.#context = context
    this.#name = name
    this.#config = config
    this.#table = table
    this.#options = options
    this.#transaction = transaction
    this.#rtnl = rtnl
  }

  async run(): Promise<UpResult> {
    const handle = await this.#create()
    await this.#runHooks('PreUp', this.#config.hooks.preUp)
    const device = await this.#configure(handle)
    await this.#addAddresses(handle)
    await this.#setForwarding()
    const mtu = await this.#setMtuAndUp(handle, device)
    await this.#setDns(handle)
    const firewallMark = await this.#addRoutes(handle, device)
    await this.#runHooks('PostUp', this.#config.hooks.postUp)
    await this.#transaction.settle()
    return { name: this.#name, kind: handle.kind, mtu, firewallMark, warnings: this.#warnings }
  }

  async #create(): Promise<InterfaceHandle> {
    const { wg, netns } = this.#context
    const machine = this.#machine
    const { socketNetns, backend, daemon, signal, timeout } = this.#options
    const name = this.#name
    const rtnl = this.#rtnl
    const options = { signal, timeout, backend, daemon }
    const device: NewDevice = { name, wg, machine, rtnl, netns, socketNetns, options }
    const made: Step = {
      step: 'make the interface',
      change: { kind: 'interface-made', name },
    }
    await this.#transaction.step(made, async () => {
      await refuseTaken(rtnl, name)
      return await createDevice(device)
    })
    if (socketNetns !== undefined) {
      const moved: Step = {
        step: 'move it into its network namespace',
        change: { kind: 'interface-moved', name },
      }
      await this.#transaction.step(moved, () => moveLink(device))
    }
    const link = this.#transaction.isDry ? NOT_MADE : await rtnl.link(name, { signal })
    const kind = kindOf(link) ?? 'linux-kernel'
    const call = { signal, timeout, backend: kind }
    return { name, index: link.index, kind, wg, machine, netns, rtnl, signal, call }
  }

  async #configure({ wg, name, call }: InterfaceHandle): Promise<MadeDevice> {
    let config = this.#config.device
    const resolve = async (): Promise<void> => {
      config = await resolveNames(this.#context, config, this.#options)
    }
    const peers = config.peers?.length ?? 0
    await this.#transaction.step(
      { step: 'configure the device', change: { kind: 'device-configured', peers } },
      async () => {
        await resolve()
        await wg.configure(name, config, call)
      },
      resolve,
    )
    if (this.#transaction.isDry) return await foreseenDevice(config)
    const device = await wg.device(name, call)
    wipeDevice(device)
    const allowedIPs = device.peers.flatMap((peer) => peer.allowedIPs)
    return { firewallMark: device.firewallMark, allowedIPs, endpoints: endpointsOf(device) }
  }

  async #addAddresses({ rtnl, index, signal }: InterfaceHandle): Promise<void> {
    for (const { text: address } of this.#config.addresses) {
      await this.#transaction.step(
        { step: `add the address ${address}`, change: { kind: 'address-added', address } },
        () => rtnl.addAddress({ index, address }, { signal }),
      )
    }
  }

  /** Before the interface is on: nothing passes that should not, or with an address that it should not have. */
  async #setForwarding(): Promise<void> {
    const rules = planForwarding(this.#name, this.#config, this.#config.device)
    if (isEmpty(rules)) return
    const { firewall = 'auto', timeout } = this.#options
    const place = { ...this.#place, firewall, timeout }
    const warn = (warning: InterfaceWarning): void => this.#warn(warning)
    await addForwarding(this.#transaction, rules, place, warn)
  }

  async #setMtuAndUp(handle: InterfaceHandle, device: MadeDevice): Promise<number> {
    const { rtnl, index, signal } = handle
    const mtu = this.#config.mtu ?? (await this.#deriveMtu(handle, device))
    const step = `set the MTU to ${mtu} and switch the interface on`
    await this.#transaction.step({ step, change: { kind: 'link-set', mtu } }, () =>
      rtnl.changeLink(index, { mtu, up: true }, { signal }),
    )
    return mtu
  }

  async #deriveMtu({ rtnl, index: link, signal }: InterfaceHandle, device: MadeDevice) {
    let mtu = 0
    const options = { link, marks: [device.firewallMark], signal }
    const look = async () => {
      mtu = await deriveMtu(rtnl, device.endpoints, options)
    }
    await this.#transaction.step('look for the ways to the endpoints', look, look)
    return mtu
  }

  async #setDns({ index }: InterfaceHandle): Promise<void> {
    const { dns } = this.#config
    if (dns.servers.length === 0) return
    const { dns: choice = 'auto' } = this.#options
    const target = { name: this.#name, index, choice, options: this.#place }
    const warn = (why: string): void =>
      this.#warn({ code: 'ENODNS', message: `name servers are not set: ${why}` })
    await this.#transaction.step(
      { step: 'set the name servers', change: { kind: 'name-servers-set', ...dns } },
      async () => {
        const done = await setDns(dns, target)
        if (typeof done === 'function') return done
        warn(done)
      },
      async () => {
        const why = await whyNoDns(target)
        if (why !== undefined) warn(why)
      },
    )
  }

  async #addRoutes(handle: InterfaceHandle, device: MadeDevice): Promise<number> {
    const { rtnl, index, signal } = handle
    const existing = this.#transaction.isDry
      ? connectedRoutes(this.#config.addresses)
      : await listRoutes(rtnl, { link: index }, signal)
    const plan = await runInTurns(planRoutes(device.allowedIPs, this.#table, existing))
    for (const { destination, table } of plan.routes) {
      await this.#transaction.step(
        {
          step: `add the route ${destination}`,
          change: { kind: 'route-added', destination, table },
        },
        () => rtnl.addRoute({ destination, table, link: index }, { signal }),
      )
    }
    if (plan.defaults.length === 0) return device.firewallMark
    return await this.#addDefaults(handle, plan.defaults, device.firewallMark)
  }

  /**
   * From the choice of a table until there are rules for it nobody else may choose. What guards the tunnel is there before
   * anything leads into it.
   */
  async #addDefaults(
    handle: InterfaceHandle,
    families: readonly Family[],
    current: number,
  ): Promise<number> {
    const transaction = this.#transaction
    using claim = new TablesClaim()
    await transaction.step('wait for others who choose a routing table', () => claim.make(handle))
    const mark = await claimMark(transaction, handle, current)
    const { firewall = 'auto' } = this.#options
    const warn = (warning: InterfaceWarning): void => this.#warn(warning)
    for (const family of families) {
      await addGuards(transaction, handle, { family, mark }, firewall, warn)
    }
    for (const family of families) await addDefaultRoute(transaction, handle, { family, mark })
    return mark
  }

  #runHooks(kind: HookRun['when'], hooks: readonly Hook[]): Promise<void> {
    const { netns } = this.#context
    const { signal, configFile } = this.#options
    const target = { name: this.#name, netns, configFile, signal }
    const warn = (warning: InterfaceWarning): void => this.#warn(warning)
    return runHooks(
      this.#transaction,
      kind,
      hooks,
      target,
      this.#machine,
      this.#options.hooks,
      warn,
    )
  }

  get #machine(): Machine {
    return this.#context.machine ?? thisMachine
  }

  get #place(): Place {
    return { machine: this.#machine, netns: this.#context.netns, signal: this.#options.signal }
  }

  #warn(warning: InterfaceWarning): void {
    this.#warnings.push(warning)
    this.#transaction.heed(this.#options.onWarning?.(warning))
  }
}

/** What no link is like, before one is made. */
const NOT_MADE = { index: 0 } as Link

async function foreseenDevice(config: DeviceConfig): Promise<MadeDevice> {
  const allowedIPs = await runInTurns(desiredAllowedIPs({ peers: [] }, config))
  return {
    firewallMark: config.firewallMark ?? 0,
    allowedIPs,
    endpoints: desiredEndpoints(config),
  }
}
