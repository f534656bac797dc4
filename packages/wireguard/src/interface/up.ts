import {
  AbortError,
  type CreateOptions,
  checkFields,
  type DeviceKind,
  isInterfaceName,
  WireGuardError,
} from '@wgctrl/types'
import { UP_OPTIONS } from '../option-fields.js'
import type { LookupRetry } from '../resolve.js'
import { type ConfigFault, configFaults } from './config-faults.js'
import { checkContext, type InterfaceContext } from './context.js'
import type { DnsChoice } from './dns.js'
import type { FirewallChoice } from './firewall.js'
import { checkForwarding } from './forwarding.js'
import { checkNamedInterface, type InterfaceConfig } from './interface-config.js'
import { Making } from './interface-making.js'
import { refuseTaken } from './link.js'
import type { Machine, Rtnl } from './machine.js'
import { checkDevice } from './names.js'
import type { Namespace } from './namespace.js'
import { routingTable } from './table.js'
import { thisMachine } from './this-machine.js'
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
  /** Says what would be done, and does nothing: the result is an {@link UpPlan}. */
  readonly dryRun?: boolean | undefined
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

/** What `up` would do. */
export interface UpPlan {
  readonly name: string
  /** Everything that it would refuse, as `check` tells it, and what else is in its way; then there are no steps. */
  readonly faults: readonly ConfigFault[]
  /** In their order, as `onStep` would be told of them. */
  readonly steps: readonly StepEvent[]
  /** Bytes; 0 when there are faults. */
  readonly mtu: number
  /** See {@link UpResult}; of a default route the one that would be chosen now. */
  readonly firewallMark: number
  /** Those that could be foreseen. */
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
  checkContext(context)
  const checked = checkNamedInterface(config)
  await checkDevice(checked.device, options)
  const { netns, machine = thisMachine } = context
  const { firewall = 'auto' } = options
  await checkForwarding(checked.forwarding, { machine, netns, firewall })
  const table = await routingTable(checked.table, machine)
  const rtnl = await machine.openRtnl(netns)
  const transaction = new Transaction('up', config.name, options)
  try {
    const up = new Making(context, config.name, checked, table, options, transaction, rtnl)
    return await up.run()
  } catch (error) {
    const reason = options.signal?.aborted ? new AbortError(options.signal.reason) : error
    throw await transaction.rollBack(reason)
  } finally {
    await rtnl.close()
  }
}

/** What {@link bringUp} would do: reads the machine, and changes nothing. */
export async function foreseeUp(
  context: InterfaceContext,
  config: InterfaceConfig,
  options: UpOptions = {},
): Promise<UpPlan> {
  checkFields(options, 'options', UP_OPTIONS)
  checkContext(context)
  const { netns, machine = thisMachine } = context
  await using rtnl = await machine.openRtnl(netns)
  const faults = await faultsHere(config, options, machine, netns, rtnl)
  if (faults.length > 0) return refused(config, faults)
  const checked = checkNamedInterface(config)
  const transaction = new Transaction('up', config.name, { ...options, dryRun: true })
  try {
    const table = await routingTable(checked.table, machine)
    const up = new Making(context, config.name, checked, table, options, transaction, rtnl)
    const { mtu, firewallMark, warnings } = await up.run()
    return { name: config.name, faults, steps: transaction.foreseen, mtu, firewallMark, warnings }
  } catch (error) {
    if (options.signal?.aborted) throw new AbortError(options.signal.reason)
    const reason = transaction.failed(error)
    if (reason instanceof WireGuardError) return refused(config, [reason])
    throw reason
  }
}

/** What is wrong with a config, and what is in its way on this machine. */
async function faultsHere(
  config: InterfaceConfig,
  { firewall = 'auto' }: UpOptions,
  machine: Machine,
  netns: Namespace | undefined,
  rtnl: Rtnl,
): Promise<ConfigFault[]> {
  const faults = await configFaults(config, machine)
  const look = async (refuse: () => Promise<void>): Promise<void> => {
    await refuse().catch((error: unknown) => {
      if (!(error instanceof WireGuardError)) throw error
      faults.push(error)
    })
  }
  const isRight = faults.length === 0
  const name: unknown = config?.name
  if (typeof name === 'string' && isInterfaceName(name)) await look(() => refuseTaken(rtnl, name))
  if (isRight) {
    const { forwarding } = checkNamedInterface(config)
    await look(() => checkForwarding(forwarding, { machine, netns, firewall }))
  }
  return faults
}

function refused(config: InterfaceConfig, faults: readonly ConfigFault[]): UpPlan {
  const name = typeof config?.name === 'string' ? config.name : ''
  return { name, faults, steps: [], mtu: 0, firewallMark: 0, warnings: [] }
}
