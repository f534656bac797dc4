import { addressAttributes, type Link, type Route } from '@wgctrl/netlink'
import {
  type DeviceConfig,
  type Endpoint,
  type Family,
  invalid,
  isNamed,
  parseEndpoint,
  runInTurns,
  wipeDevice,
} from '@wgctrl/types'
import { type DeviceDiff, diffSteps } from '../sync/diff.js'
import { scopeIndexes } from '../sync/scopes.js'
import { hostOf } from './address.js'
import type { InterfaceHandle } from './context.js'
import { findOwnPairs, isDefaultOf } from './default-route.js'
import { type FirewallChoice, type FoundFirewall, findFirewall, hasFirewall } from './firewall.js'
import { FIRST_TABLE, findDeadPairs, findFreeTable } from './firewall-mark.js'
import { diffForwarding, type ForwardingDiff } from './forwarding-diff.js'
import type { InterfaceChange } from './interface-change.js'
import type { CheckedInterface } from './interface-config.js'
import { deriveMtu } from './mtu.js'
import type { RulePair } from './policy-rule.js'
import { type InterfaceState, type NetworkPlan, planNetwork } from './reconcile-plan.js'
import { isStandby, listStandbys } from './standby-route.js'
import { listRoutes } from './system.js'

const { stablePrivacy: STABLE_PRIVACY, secondary: SECONDARY } = addressAttributes.fields.flags.masks

const FAMILIES: readonly Family[] = [4, 6]

/** A link with less loses all that it has of IPv6. @source kernel, linux/ipv6.h, IPV6_MIN_MTU */
const IPV6_MIN_MTU = 1280

/** What has to be done to an interface. */
export interface ReconcilePlan extends NetworkPlan {
  readonly changes: InterfaceChange[]
  readonly config: DeviceConfig
  readonly before: number
  readonly mark: number
  readonly mtu: number | undefined
  readonly switchOn: boolean
  readonly addDefaults: readonly Family[]
  readonly removeDefaults: readonly Family[]
  readonly own: OwnDefaults
  readonly firewall: readonly FoundFirewall[]
  readonly guards: readonly { readonly family: Family; readonly addresses: readonly string[] }[]
  readonly forwarding: ForwardingDiff
  /** Routes that stood in for others during a call that did not end. */
  readonly standbys: readonly Route[]
}

/** What is there of default routes through the tunnel. */
interface OwnDefaults {
  /** Default routes in tables of marks. */
  readonly routes: readonly Route[]
  readonly pairs: readonly RulePair[]
}

/** Compares an interface with what it should be. Reads, and changes nothing. */
export async function makePlan(
  handle: InterfaceHandle,
  desired: CheckedInterface,
  table: 'off' | 'auto' | number,
  choice: FirewallChoice,
  keepPeers: boolean,
): Promise<ReconcilePlan> {
  const { rtnl, index, name, machine, netns, signal } = handle
  const link = await rtnl.link(index, { signal })
  const state = await readState(handle)
  const { device } = state
  const before = device.firewallMark
  const network = await runInTurns(planNetwork(state, { ...desired, table }))
  const firewallMark = desired.device.firewallMark ?? 0
  const pairs = await findOwnPairs(rtnl, index, [before, firewallMark], signal)
  const mark =
    network.defaults.length === 0
      ? firewallMark
      : firewallMark || (await keptMark(handle, before, pairs))
  const interfaceIndex = await scopeIndexes([desired.device, device], { machine, netns })
  const wanted = { ...desired.device, firewallMark: mark }
  const diff = await runInTurns(
    diffSteps(device, wanted, { interfaceIndex, keep: keepPeers ? ['peers'] : [] }),
  )
  wipeDevice(device)
  const tables = new Set([before, ...pairs.map((pair) => pair.mark)])
  const own: OwnDefaults = {
    pairs,
    routes: state.routes.filter(
      (route) => tables.has(route.table) && isDefaultOf(route, route.table),
    ),
  }
  const firewall =
    network.defaults.length > 0 || before !== 0 || pairs.length > 0
      ? await findFirewall(name, { machine, netns, signal }, choice)
      : []
  const isWanted = (family: Family): boolean => network.defaults.includes(family)
  const addDefaults = network.defaults.filter((family) => !isInPlace(own, family, mark))
  const removeDefaults = FAMILIES.filter(
    (family) =>
      isStale(own, family, mark, isWanted(family)) ||
      (!isWanted(family) && firewall.some((found) => found.family === family)),
  )
  const all = await rtnl.addresses({ index }, { signal })
  const guards = (await hasFirewall(choice, { machine, netns }))
    ? network.defaults.flatMap((family) => changedGuard(family, mark, network, all, firewall))
    : []
  const endpoints = desiredEndpoints(desired.device)
  const mtu =
    desired.mtu ??
    (await deriveMtu(rtnl, endpoints, { link: index, marks: [firewallMark, before, mark], signal }))
  if (mtu < IPV6_MIN_MTU && needsIPv6(network, desired)) {
    throw invalid('mtu', `${mtu} bytes are too few for IPv6, which needs ${IPV6_MIN_MTU}`)
  }
  const plan = {
    ...network,
    config: diff.config,
    before,
    mark,
    mtu: mtu === link.mtu ? undefined : mtu,
    switchOn: !link.up,
    addDefaults,
    removeDefaults,
    own,
    firewall,
    guards,
    forwarding: await diffForwarding(handle, desired, choice),
    standbys: await listStandbys(rtnl, index, signal),
  }
  return { ...plan, changes: listChanges(plan, diff, link) }
}

async function readState({
  rtnl,
  index,
  wg,
  name,
  call,
  signal,
}: InterfaceHandle): Promise<InterfaceState> {
  const device = await wg.device(name, call)
  const addresses = await rtnl.addresses({ index }, { signal })
  const routes = await listRoutes(rtnl, { link: index }, signal)
  return {
    device,
    addresses: addresses
      .filter(({ flags }) => (flags & STABLE_PRIVACY) === 0)
      .map(({ family, address, prefixLength, flags }) => ({
        family,
        text: `${address}/${prefixLength}`,
        // The same bit says of an IPv6 address that it is a temporary one.
        isSecondary: family === 4 && (flags & SECONDARY) !== 0,
      })),
    routes: routes.filter((route) => !isStandby(route, index)),
  }
}

/** The mark that `up` has chosen, else a new one. It never chooses one that is lower. */
async function keptMark(
  handle: InterfaceHandle,
  current: number,
  pairs: readonly RulePair[],
): Promise<number> {
  const chosen = [current, ...pairs.map(({ mark }) => mark)].find((mark) => mark >= FIRST_TABLE)
  return chosen ?? (await findFreeTable(handle.rtnl, await findDeadPairs(handle)))
}

const needsIPv6 = ({ routes, defaults }: NetworkPlan, { addresses }: CheckedInterface): boolean =>
  [...routes, ...addresses, ...defaults.map((family) => ({ family }))].some(
    ({ family }) => family === 6,
  )

/** Whether all is there that sends a family into the tunnel. */
const isInPlace = ({ routes, pairs }: OwnDefaults, family: Family, mark: number): boolean =>
  pairs.some((pair) => pair.family === family && pair.mark === mark && pair.isOrdered) &&
  routes.some((route) => route.family === family && route.table === mark)

/** Whether there is anything of a default route that is not wanted, or wanted with another mark. */
const isStale = (
  { routes, pairs }: OwnDefaults,
  family: Family,
  mark: number,
  isWanted: boolean,
): boolean =>
  pairs.some((pair) => pair.family === family && !(isWanted && pair.mark === mark)) ||
  routes.some((route) => route.family === family && !(isWanted && route.table === mark))

function changedGuard(
  family: Family,
  mark: number,
  { addresses: { addAddresses, removeAddresses } }: NetworkPlan,
  present: readonly { address: string; prefixLength: number; family: Family }[],
  firewall: readonly FoundFirewall[],
): { family: Family; addresses: string[] }[] {
  const gone = new Set(removeAddresses)
  const staying = present
    .filter((one) => one.family === family)
    .map(({ address, prefixLength }) => `${address}/${prefixLength}`)
    .filter((address) => !gone.has(address))
  const coming = addAddresses.filter((address) => address.includes(':') === (family === 6))
  // As `up` and wg-quick(8) have it: an address with two prefix lengths is guarded twice.
  const addresses = [...new Set([...staying, ...coming])].map(hostOf).sort()
  const found = firewall.find((rules) => rules.family === family)
  const guarded = [...(found?.addresses ?? [])].sort()
  const isSame = found && guarded.join() === addresses.join() && found.mark === mark
  return isSame ? [] : [{ family, addresses }]
}

/** Those of the config: where a peer was heard from since does not count. */
export function desiredEndpoints({ peers = [] }: DeviceConfig): Endpoint[] {
  return peers.flatMap(({ endpoint }) => {
    if (endpoint === undefined) return []
    const parsed = parseEndpoint(endpoint)
    return isNamed(parsed) ? [] : [parsed]
  })
}

function listChanges(
  plan: Omit<ReconcilePlan, 'changes'>,
  diff: DeviceDiff,
  link: Link,
): InterfaceChange[] {
  const { mtu, before, mark } = plan
  return [
    ...diff.changes,
    ...plan.addresses.addAddresses.map((address) => ({ kind: 'address-added', address }) as const),
    ...plan.addresses.removeAddresses.map(
      (address) => ({ kind: 'address-removed', address }) as const,
    ),
    ...(mtu === undefined ? [] : [{ kind: 'mtu', from: link.mtu ?? 0, to: mtu } as const]),
    ...(plan.switchOn ? [{ kind: 'switched-on' } as const] : []),
    ...plan.addRoutes.map(
      ({ destination, table }) => ({ kind: 'route-added', destination, table }) as const,
    ),
    ...[...plan.removeRoutes, ...plan.standbys].map(
      ({ destination, table }) => ({ kind: 'route-removed', destination, table }) as const,
    ),
    ...plan.removeDefaults.map(
      (family) => ({ kind: 'default-route-removed', family, mark: before }) as const,
    ),
    ...plan.addDefaults.map((family) => ({ kind: 'default-route-added', family, mark }) as const),
    ...plan.guards
      .filter(({ family }) => !plan.addDefaults.includes(family))
      .map((guard) => ({ kind: 'firewall-changed', ...guard }) as const),
    ...plan.forwarding.changes,
  ]
}
