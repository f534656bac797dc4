import { Rtnl } from '@wgctrl/netlink'
import {
  AbortError,
  type CreateOptions,
  checkFields,
  type Device,
  type DeviceKind,
  type Family,
  runInTurns,
} from '@wgctrl/types'
import { UP_OPTIONS } from '../option-fields.js'
import type { LookupRetry } from '../resolve.js'
import { type InterfaceContext, type InterfaceHandle, wipeSecrets } from './context.js'
import { addDefaultRoute, addGuards } from './default-route.js'
import { type DnsChoice, setDns } from './dns.js'
import type { FirewallChoice } from './firewall.js'
import { claimMark, TablesClaim } from './firewall-mark.js'
import { addForwarding, checkForwarding } from './forwarding.js'
import { isEmpty, planForwarding } from './forwarding-rules.js'
import { hookStep, runHook } from './hooks.js'
import {
  type CheckedInterface,
  checkNamedInterface,
  type Hook,
  type InterfaceConfig,
} from './interface-config.js'
import { createDevice, kindOf, moveLink, type NewDevice, refuseTaken } from './link.js'
import { deriveMtu, endpointsOf } from './mtu.js'
import { checkDevice, resolveNames } from './names.js'
import type { Namespace } from './namespace.js'
import { planRoutes } from './route-plan.js'
import { listRoutes } from './system.js'
import { tableNumber } from './table.js'
import { type StepEvent, Transaction } from './transaction.js'
import type { InterfaceWarning } from './warning.js'

/** What `up`, `down` and `reconcile` have in common. */
export interface InterfaceOptions {
  /** Looked at between steps and handed to each. */
  readonly signal?: AbortSignal | undefined
  /** Milliseconds for each call of the device; see `CallOptions`. Hooks and other programs may take longer. */
  readonly timeout?: number | undefined
  /** Absent: lines of a config file are not run, only functions are. */
  readonly hooks?: 'shell' | undefined
  /** The path of the file that the config is from: hooks have it, lines of a file as `CONFIG_FILE`. */
  readonly configFile?: string | undefined
  /** Absent: `auto`. */
  readonly dns?: DnsChoice | undefined
  /** Absent: `auto`. */
  readonly firewall?: FirewallChoice | undefined
  /** Called before each step, and waited for. What it throws or rejects with makes the step fail. */
  readonly onStep?: ((event: StepEvent) => unknown) | undefined
  /**
   * Called at once with what could be done without; the result has all of them. What it throws or rejects with
   * makes the step fail.
   */
  readonly onWarning?: ((warning: InterfaceWarning) => unknown) | undefined
  /**
   * Called when no name server answers and a name in an endpoint will be looked up again: how often, says
   * `open({ resolve })` or `WG_ENDPOINT_RESOLUTION_RETRIES`. Without a `timeout` there is no other limit.
   */
  readonly onRetry?: ((retry: LookupRetry) => unknown) | undefined
}

export interface UpOptions extends InterfaceOptions {
  /** Absent: the kernel, else a userspace daemon. */
  readonly backend?: DeviceKind | undefined
  /** Userspace only; see `CreateOptions`. */
  readonly daemon?: CreateOptions['daemon']
  /**
   * Where the device is made, and so where its UDP socket stays, before the interface moves to its own
   * namespace. Absent: in its own.
   */
  readonly socketNetns?: Namespace | undefined
}

/** What came of `up`. */
export interface UpResult {
  readonly name: string
  readonly kind: DeviceKind
  /** Bytes. */
  readonly mtu: number
  /** The mark on the tunnel's own packets, which with a default route is also its table; 0: none. */
  readonly firewallMark: number
  readonly warnings: readonly InterfaceWarning[]
}

/**
 * Makes an interface from nothing, all of it or nothing: when a step fails, those before it are taken
 * back in reverse order.
 *
 * @throws {StepError} `step` says what failed, `code` why
 * @throws {TypeError | RangeError | WireGuardError} `EINVAL` with `path`, before anything was done
 * @throws {AbortError} after everything was taken back
 */
export async function bringUp(
  context: InterfaceContext,
  config: InterfaceConfig,
  options: UpOptions = {},
): Promise<UpResult> {
  checkFields(options, 'options', UP_OPTIONS)
  const checked = checkNamedInterface(config)
  await checkDevice(checked.device, options)
  await checkForwarding(checked.forwarding, options.firewall ?? 'auto')
  const table = await routingTable(checked.table)
  const { netns } = context
  const rtnl = await Rtnl.open({ netns })
  const transaction = new Transaction('up', config.name, options)
  try {
    const up = new Up(context, config.name, checked, table, options, transaction, rtnl)
    return await up.run()
  } catch (error) {
    const reason = options.signal?.aborted ? new AbortError(options.signal.reason) : error
    throw await transaction.rollBack(reason)
  } finally {
    await rtnl.close()
  }
}

/** @throws {WireGuardError} `EINVAL` for a name that no file knows */
export async function routingTable(
  table: CheckedInterface['table'],
): Promise<'off' | 'auto' | number> {
  return table === 'off' || table === 'auto' ? table : await tableNumber(table)
}

class Up {
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
    await this.#setDns()
    const firewallMark = await this.#addRoutes(handle, device)
    await this.#runHooks('PostUp', this.#config.hooks.postUp)
    await this.#transaction.settle()
    return { name: this.#name, kind: handle.kind, mtu, firewallMark, warnings: this.#warnings }
  }

  async #create(): Promise<InterfaceHandle> {
    const { wg, netns } = this.#context
    const { socketNetns, backend, daemon, signal, timeout } = this.#options
    const name = this.#name
    const rtnl = this.#rtnl
    const options = { signal, timeout, backend, daemon }
    const device: NewDevice = { name, wg, rtnl, netns, socketNetns, options }
    await this.#transaction.step('make the interface', async () => {
      await refuseTaken(rtnl, name)
      return await createDevice(device)
    })
    if (socketNetns !== undefined) {
      await this.#transaction.step('move it into its network namespace', () => moveLink(device))
    }
    const link = await rtnl.link(name, { signal })
    const kind = kindOf(link) ?? 'linux-kernel'
    const call = { signal, timeout, backend: kind }
    return { name, index: link.index, kind, wg, netns, rtnl, signal, call }
  }

  async #configure({ wg, name, call }: InterfaceHandle): Promise<Device> {
    await this.#transaction.step('configure the device', async () => {
      const config = await resolveNames(this.#context, this.#config.device, this.#options)
      await wg.configure(name, config, call)
    })
    const device = await wg.device(name, call)
    wipeSecrets(device)
    return device
  }

  async #addAddresses({ rtnl, index, signal }: InterfaceHandle): Promise<void> {
    for (const { text } of this.#config.addresses) {
      await this.#transaction.step(`add the address ${text}`, () =>
        rtnl.addAddress({ index, address: text }, { signal }),
      )
    }
  }

  /** Before the interface is on: nothing passes that should not, or with an address that it should not have. */
  async #setForwarding(): Promise<void> {
    const rules = planForwarding(this.#name, this.#config, this.#config.device)
    if (isEmpty(rules)) return
    const { signal, timeout } = this.#options
    const place = { netns: this.#context.netns, signal, timeout }
    const warn = (warning: InterfaceWarning): void => this.#warn(warning)
    await addForwarding(this.#transaction, rules, place, warn)
  }

  async #setMtuAndUp(handle: InterfaceHandle, device: Device): Promise<number> {
    const { rtnl, index, signal } = handle
    const mtu = this.#config.mtu ?? (await this.#deriveMtu(handle, device))
    await this.#transaction.step(`set the MTU to ${mtu} and switch the interface on`, () =>
      rtnl.changeLink(index, { mtu, up: true }, { signal }),
    )
    return mtu
  }

  async #deriveMtu({ rtnl, index: link, signal }: InterfaceHandle, device: Device) {
    let mtu = 0
    const options = { link, marks: [device.firewallMark], signal }
    await this.#transaction.step('look for the ways to the endpoints', async () => {
      mtu = await deriveMtu(rtnl, endpointsOf(device), options)
    })
    return mtu
  }

  async #setDns(): Promise<void> {
    const { dns } = this.#config
    if (dns.servers.length === 0) return
    const { signal, dns: choice = 'auto' } = this.#options
    const options = { netns: this.#context.netns, signal }
    await this.#transaction.step('set the name servers', async () => {
      const done = await setDns(dns, { name: this.#name, choice, options })
      if (typeof done === 'function') return done
      this.#warn({ code: 'ENODNS', message: `name servers are not set: ${done}` })
    })
  }

  async #addRoutes(handle: InterfaceHandle, device: Device): Promise<number> {
    const { rtnl, index, signal } = handle
    const allowedIPs = device.peers.flatMap((peer) => peer.allowedIPs)
    const existing = await listRoutes(rtnl, { link: index }, signal)
    const plan = await runInTurns(planRoutes(allowedIPs, this.#table, existing))
    for (const { destination, table } of plan.routes) {
      await this.#transaction.step(`add the route ${destination}`, () =>
        rtnl.addRoute({ destination, table, link: index }, { signal }),
      )
    }
    if (plan.defaults.length === 0) return device.firewallMark
    const mark = await this.#addDefaults(handle, plan.defaults, device.firewallMark)
    const { firewall = 'auto' } = this.#options
    const warn = (warning: InterfaceWarning): void => this.#warn(warning)
    for (const family of plan.defaults) {
      await addGuards(this.#transaction, handle, { family, mark }, firewall, warn)
    }
    return mark
  }

  /** From the choice of a table until there are rules for it nobody else may choose. */
  async #addDefaults(
    handle: InterfaceHandle,
    families: readonly Family[],
    current: number,
  ): Promise<number> {
    const transaction = this.#transaction
    using claim = new TablesClaim()
    await transaction.step('wait for others who choose a routing table', () => claim.make(handle))
    const mark = await claimMark(transaction, handle, current)
    for (const family of families) await addDefaultRoute(transaction, handle, { family, mark })
    return mark
  }

  #runHooks(kind: string, hooks: readonly Hook[]): Promise<void> {
    const { netns } = this.#context
    const { signal, configFile } = this.#options
    const target = { name: this.#name, netns, configFile, signal }
    const warn = (warning: InterfaceWarning): void => this.#warn(warning)
    return runHooks(this.#transaction, kind, hooks, target, this.#options.hooks, warn)
  }

  #warn(warning: InterfaceWarning): void {
    this.#warnings.push(warning)
    this.#transaction.heed(this.#options.onWarning?.(warning))
  }
}

/** Runs hooks as steps; lines of a file only when the caller said so. */
export async function runHooks(
  transaction: Transaction,
  kind: string,
  hooks: readonly Hook[],
  context: Parameters<typeof runHook>[1],
  mode: InterfaceOptions['hooks'],
  warn: (warning: InterfaceWarning) => void,
): Promise<void> {
  for (const hook of hooks) {
    if (typeof hook === 'string' && mode !== 'shell') {
      const message = `${kind} is not run, as nobody asked for hooks: ${hook}`
      warn({ code: 'EHOOKS', message })
      continue
    }
    await transaction.step(hookStep(kind, hook), () => runHook(hook, context))
  }
}
