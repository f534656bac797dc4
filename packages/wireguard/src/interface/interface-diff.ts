import { addressAttributes, type Link, type Route, type Rtnl, type Rule } from '@wgctrl/netlink'
import {
  type DeviceConfig,
  type Endpoint,
  type Family,
  isNamed,
  parseEndpoint,
} from '@wgctrl/types'
import { type DeviceDiff, diffDevice } from '../sync/diff.js'
import { hostOf } from './address.js'
import { type InterfaceHandle, wipeSecrets } from './context.js'
import { findFreeTable, isMarkRule } from './default-route.js'
import { type FirewallChoice, type FoundFirewall, findFirewall, hasFirewall } from './firewall.js'
import type { InterfaceChange } from './interface-change.js'
import type { CheckedInterface } from './interface-config.js'
import { deriveMtu } from './mtu.js'
import {
  type InterfaceState,
  isDefaultOf,
  type NetworkPlan,
  planNetwork,
} from './reconcile-plan.js'
import { listRoutes, listRules } from './system.js'

const STABLE_PRIVACY = addressAttributes.fields.flags.masks.stablePrivacy

const FAMILIES: readonly Family[] = [4, 6]

/** An interface that is there. */
export interface OpenHandle extends InterfaceHandle {
  readonly link: Link
}

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
  readonly defaultRoutes: readonly Route[]
  readonly firewall: readonly FoundFirewall[]
  readonly guards: readonly { readonly family: Family; readonly addresses: readonly string[] }[]
}

/** Compares an interface with what it should be. Reads, and changes nothing. */
export async function makePlan(
  handle: OpenHandle,
  desired: CheckedInterface,
  table: 'off' | 'auto' | number,
  choice: FirewallChoice,
): Promise<ReconcilePlan> {
  const { rtnl, index, link, name, netns, signal } = handle
  const state = await readState(handle)
  const { device } = state
  const network = planNetwork(state, { ...desired, table })
  const mark = await chooseMark(rtnl, desired.device, network.defaults, device.firewallMark)
  const diff = diffDevice(
    device,
    { ...desired.device, firewallMark: mark },
    { keep: ['privateKey'] },
  )
  wipeSecrets(device)
  const rules = await listRules(rtnl, signal)
  const defaultRoutes = state.routes.filter((route) => isDefaultOf(route, device.firewallMark))
  const current = FAMILIES.filter((family) =>
    isInPlace(family, rules, defaultRoutes, device.firewallMark),
  )
  const needsFirewall = network.defaults.length > 0 || device.firewallMark !== 0
  const firewall = needsFirewall ? await findFirewall(name, { netns, signal }) : []
  const traces = FAMILIES.filter(
    (family) =>
      leavesTraces(family, rules, defaultRoutes, device.firewallMark) ||
      firewall.some((found) => found.family === family),
  )
  const stays = (family: Family): boolean =>
    mark === device.firewallMark && current.includes(family) && network.defaults.includes(family)
  const kept = network.defaults.filter(stays)
  const all = await rtnl.addresses({ index }, { signal })
  const guards = (await hasFirewall(choice))
    ? kept.flatMap((family) => changedGuard(family, network, all, firewall))
    : []
  const endpoints = desiredEndpoints(desired.device)
  const mtu = desired.mtu ?? (await deriveMtu(rtnl, endpoints, mark, signal))
  const plan = {
    ...network,
    config: diff.config,
    before: device.firewallMark,
    mark,
    mtu: mtu === link.mtu ? undefined : mtu,
    switchOn: !link.up,
    addDefaults: network.defaults.filter((family) => !stays(family)),
    removeDefaults: traces.filter((family) => !stays(family)),
    defaultRoutes,
    firewall,
    guards,
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
}: OpenHandle): Promise<InterfaceState> {
  const device = await wg.device(name, call)
  const addresses = await rtnl.addresses({ index }, { signal })
  return {
    device,
    addresses: addresses
      .filter(({ flags }) => (flags & STABLE_PRIVACY) === 0)
      .map(({ address, prefixLength }) => `${address}/${prefixLength}`),
    routes: await listRoutes(rtnl, { link: index }, signal),
  }
}

/** The config's, else with a default route the one that the device has, else a new one. */
async function chooseMark(
  rtnl: Rtnl,
  { firewallMark }: DeviceConfig,
  defaults: readonly Family[],
  current: number,
): Promise<number> {
  if (defaults.length === 0) return firewallMark ?? 0
  return firewallMark || current || (await findFreeTable(rtnl))
}

const isInPlace = (
  family: Family,
  rules: readonly Rule[],
  routes: readonly Route[],
  mark: number,
): boolean =>
  rules.some((rule) => rule.family === family && isMarkRule(rule, mark)) &&
  routes.some((route) => route.family === family)

const leavesTraces = (
  family: Family,
  rules: readonly Rule[],
  routes: readonly Route[],
  mark: number,
): boolean =>
  mark !== 0 &&
  (rules.some((rule) => rule.family === family && isMarkRule(rule, mark)) ||
    routes.some((route) => route.family === family))

function changedGuard(
  family: Family,
  { addAddresses, removeAddresses }: NetworkPlan,
  present: readonly { address: string; prefixLength: number; family: Family }[],
  firewall: readonly FoundFirewall[],
): { family: Family; addresses: string[] }[] {
  const gone = new Set(removeAddresses)
  const staying = present
    .filter((one) => one.family === family && !gone.has(`${one.address}/${one.prefixLength}`))
    .map(({ address }) => address)
  const coming = addAddresses
    .map(hostOf)
    .filter((address) => address.includes(':') === (family === 6))
  const addresses = [...new Set([...staying, ...coming])].sort()
  const found = firewall.find((rules) => rules.family === family)
  const guarded = [...(found?.addresses ?? [])].sort()
  const isSame = found && guarded.join() === addresses.join()
  return isSame ? [] : [{ family, addresses }]
}

/** Those of the config: where a peer was heard from since does not count. */
function desiredEndpoints({ peers = [] }: DeviceConfig): Endpoint[] {
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
    ...plan.addAddresses.map((address) => ({ kind: 'address-added', address }) as const),
    ...plan.removeAddresses.map((address) => ({ kind: 'address-removed', address }) as const),
    ...(mtu === undefined ? [] : [{ kind: 'mtu', from: link.mtu ?? 0, to: mtu } as const]),
    ...(plan.switchOn ? [{ kind: 'switched-on' } as const] : []),
    ...plan.addRoutes.map(
      ({ destination, table }) => ({ kind: 'route-added', destination, table }) as const,
    ),
    ...plan.removeRoutes.map(
      ({ destination, table }) => ({ kind: 'route-removed', destination, table }) as const,
    ),
    ...plan.removeDefaults.map(
      (family) => ({ kind: 'default-route-removed', family, mark: before }) as const,
    ),
    ...plan.addDefaults.map((family) => ({ kind: 'default-route-added', family, mark }) as const),
    ...plan.guards.map((guard) => ({ kind: 'firewall-changed', ...guard }) as const),
  ]
}
