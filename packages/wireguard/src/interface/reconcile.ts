import { Rtnl } from '@wgctrl/netlink'
import {
  AbortError,
  checkInterfaceName,
  Deadline,
  type DeviceConfig,
  WireGuardError,
} from '@wgctrl/types'
import type { InterfaceContext } from './context.js'
import { Application } from './interface-application.js'
import type { InterfaceChange } from './interface-change.js'
import { checkInterface, type InterfaceSettings } from './interface-config.js'
import { makePlan, type OpenHandle } from './interface-diff.js'
import { kindOf } from './link.js'
import { Transaction } from './transaction.js'
import { type InterfaceOptions, routingTable } from './up.js'

export interface ReconcileOptions extends Omit<InterfaceOptions, 'hooks' | 'dns'> {
  /** Says what would be done, and does nothing. */
  readonly dryRun?: boolean | undefined
}

/**
 * Brings a running interface to what `up` would make of a config, by the least change: device, addresses,
 * MTU, routes. What the config lacks is reset or removed, but for the private key and the listen port, which
 * stay. Name servers and hooks are not touched. Peers that stay never lose a packet: what is added comes
 * before what is removed. After a failure a second call does the rest.
 *
 * @returns the changes, in the order of the fields; empty: nothing differed, and nothing was sent
 * @throws {StepError} `step` says what failed
 * @throws {TypeError | RangeError | WireGuardError} `EINVAL` with `path`; `ENODEV`, `ENOTWIREGUARD`
 */
export async function reconcile(
  context: InterfaceContext,
  name: string,
  settings: InterfaceSettings,
  options: ReconcileOptions = {},
): Promise<InterfaceChange[]> {
  checkInterfaceName(name)
  const checked = checkInterface(settings)
  const table = await routingTable(checked.table)
  const device = await resolveNames(context, checked.device, options)
  const rtnl = await Rtnl.open({ netns: context.netns })
  const transaction = new Transaction('reconcile', name, options)
  try {
    const handle = await openHandle(context, rtnl, name, options)
    const { firewall = 'auto', onWarning } = options
    const plan = await makePlan(handle, { ...checked, device }, table, firewall)
    if (options.dryRun !== true) {
      await new Application(handle, plan, transaction, { firewall, onWarning }).run()
    }
    return plan.changes
  } catch (error) {
    throw options.signal?.aborted
      ? new AbortError(options.signal.reason)
      : transaction.failed(error)
  } finally {
    await rtnl.close()
  }
}

async function resolveNames(
  { resolver }: InterfaceContext,
  device: DeviceConfig,
  { signal, timeout }: ReconcileOptions,
): Promise<DeviceConfig> {
  using deadline = new Deadline({ signal, timeout })
  return await resolver.resolve(device, deadline.signal)
}

async function openHandle(
  { wg, netns }: InterfaceContext,
  rtnl: Rtnl,
  name: string,
  { signal, timeout }: ReconcileOptions,
): Promise<OpenHandle> {
  const link = await rtnl.link(name, { signal })
  const kind = kindOf(link)
  if (kind === undefined) {
    throw new WireGuardError(`${name} is not a WireGuard interface`, { code: 'ENOTWIREGUARD' })
  }
  const call = { signal, timeout, backend: kind }
  return { name, index: link.index, link, kind, wg, netns, rtnl, signal, call }
}
