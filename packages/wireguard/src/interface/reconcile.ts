import {
  AbortError,
  checkFields,
  checkInterfaceName,
  Deadline,
  WireGuardError,
} from '@wgctrl/types'
import { RECONCILE_OPTIONS } from '../option-fields.js'
import { isOfEndpoint } from '../sync/change.js'
import { checkContext, type InterfaceContext, type InterfaceHandle } from './context.js'
import { TablesClaim } from './firewall-mark.js'
import { checkForwarding } from './forwarding.js'
import { Application } from './interface-application.js'
import type { InterfaceChange } from './interface-change.js'
import { checkInterface, type InterfaceSettings } from './interface-config.js'
import { makePlan, type ReconcilePlan } from './interface-diff.js'
import { kindOf } from './link.js'
import type { Rtnl } from './machine.js'
import { resolveNames } from './names.js'
import { removeStandbys } from './standby-route.js'
import { routingTable } from './table.js'
import { thisMachine } from './this-machine.js'
import { Transaction } from './transaction.js'
import type { InterfaceOptions } from './up.js'
import type { InterfaceWarning } from './warning.js'

export interface ReconcileOptions extends Omit<InterfaceOptions, 'hooks' | 'configFile' | 'dns'> {
  /** Says what would be done, and does nothing. */
  readonly dryRun?: boolean | undefined
  /** Leaves peers alone that the config does not name, such as those of a just-in-time gateway. Absent: false. */
  readonly keepPeers?: boolean | undefined
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
  checkFields(options, 'options', RECONCILE_OPTIONS)
  checkContext(context)
  checkInterfaceName(name)
  const checked = checkInterface(settings, name)
  const { machine = thisMachine } = context
  const { firewall = 'auto' } = options
  await checkForwarding(checked.forwarding, { machine, netns: context.netns, firewall })
  new Deadline(options).end()
  const table = await routingTable(checked.table, machine)
  const device = await resolveNames(context, checked.device, options)
  const rtnl = await machine.openRtnl(context.netns)
  const transaction = new Transaction('reconcile', name, options)
  try {
    const handle = await openHandle(context, rtnl, name, options)
    const { firewall = 'auto', keepPeers = false } = options
    const onWarning = (warning: InterfaceWarning): void =>
      transaction.heed(options.onWarning?.(warning))
    const compare = () => makePlan(handle, { ...checked, device }, table, firewall, keepPeers)
    const apply = (plan: ReconcilePlan) =>
      new Application(handle, plan, transaction, { firewall, onWarning }).run()
    const first = await compare()
    if (options.dryRun !== true) await bringThere(handle, first, transaction, compare, apply)
    await transaction.settle()
    return first.changes
  } catch (error) {
    throw options.signal?.aborted
      ? new AbortError(options.signal.reason)
      : transaction.failed(error)
  } finally {
    await rtnl.close()
  }
}

/** How often to mend what a change took along, before somebody else has to be at work. */
const ATTEMPTS = 4

/**
 * Makes the changes, and looks whether all is there then: with an address the kernel takes away more than
 * was asked for.
 */
async function bringThere(
  handle: InterfaceHandle,
  first: ReconcilePlan,
  transaction: Transaction,
  compare: () => Promise<ReconcilePlan>,
  apply: (plan: ReconcilePlan) => Promise<void>,
): Promise<void> {
  using claim = new TablesClaim()
  let plan = first
  if (first.addDefaults.length > 0) {
    await transaction.step('wait for others who choose a routing table', () => claim.make(handle))
    plan = await compare()
  }
  const made = new Set<string>()
  const hasMore = (): boolean =>
    made.size === 0 ? plan.changes.length > 0 : isMending(plan) || isOfOthers(plan, made)
  for (let attempt = 0; hasMore(); attempt++) {
    if (attempt === ATTEMPTS) {
      throw new WireGuardError('it changed during every attempt to bring it there', {
        code: 'EINTR',
      })
    }
    await apply(plan)
    for (const change of plan.changes) made.add(JSON.stringify(change))
    plan = await compare()
  }
  if (plan.standbys.length === 0) return
  await transaction.step('remove the routes that stood in', () =>
    removeStandbys(handle.rtnl, plan.standbys, handle.signal),
  )
}

/** Whether another program changed the device meanwhile: what was made already may be what cannot be read. */
const isOfOthers = ({ changes }: ReconcilePlan, made: ReadonlySet<string>): boolean =>
  changes.some(
    (change) =>
      change.kind === 'peer-removed' ||
      !(
        made.has(JSON.stringify(change)) ||
        (change.kind === 'peer-changed' && isOfEndpoint(change))
      ),
  )

/** Of a device not everything can be read as it was written: that is no reason to write it again. */
const isMending = ({
  addresses,
  addRoutes,
  removeRoutes,
  addDefaults,
  removeDefaults,
  guards,
  forwarding,
  mtu,
  switchOn,
}: ReconcilePlan): boolean =>
  [
    ...[addresses.steps, addRoutes, removeRoutes, addDefaults, removeDefaults, guards],
    forwarding.changes,
  ].some((list) => list.length > 0) ||
  mtu !== undefined ||
  switchOn

async function openHandle(
  { wg, netns, machine = thisMachine }: InterfaceContext,
  rtnl: Rtnl,
  name: string,
  { signal, timeout }: ReconcileOptions,
): Promise<InterfaceHandle> {
  const link = await rtnl.link(name, { signal })
  const kind = kindOf(link)
  if (kind === undefined) {
    throw new WireGuardError(`${name} is not a WireGuard interface`, { code: 'ENOTWIREGUARD' })
  }
  const call = { signal, timeout, backend: kind }
  return { name, index: link.index, kind, wg, machine, netns, rtnl, signal, call }
}
