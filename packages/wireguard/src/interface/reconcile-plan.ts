import { type Route, RT_TABLE, RTN, RTPROT } from '@wgctrl/netlink'
import {
  canonicalCidr,
  type Device,
  type DeviceConfig,
  type Family,
  type PeerConfig,
  parsePublicKey,
  StepBudget,
  type Steps,
} from '@wgctrl/types'
import { GLANCE, setOf } from '../long-lists.js'
import type { InterfaceAddress } from './address.js'
import { type AddressPlan, hasRoute, type PresentAddress, planAddresses } from './address-plan.js'
import { isDefaultOf } from './default-route.js'
import { type PlannedRoute, planRoutes } from './route-plan.js'

/** An interface as it is. */
export interface InterfaceState {
  readonly device: Device
  /** In the kernel's order; those that it made up are not among them. */
  readonly addresses: readonly PresentAddress[]
  /** Of the link, in all tables, but for those that stand in. */
  readonly routes: readonly Route[]
}

export interface DesiredState {
  readonly device: DeviceConfig
  readonly addresses: readonly InterfaceAddress[]
  readonly table: 'off' | 'auto' | number
}

export interface NetworkPlan {
  readonly addresses: AddressPlan
  /** All routes that there should be, but for default routes in a table of their own. */
  readonly routes: readonly PlannedRoute[]
  readonly addRoutes: readonly PlannedRoute[]
  readonly removeRoutes: readonly Route[]
  /** The families whose default route should go through the tunnel. */
  readonly defaults: readonly Family[]
}

/**
 * What has to change around a device. A route counts as ours, and goes when it is not wanted, if it is as
 * `up` makes it and leads to what is, or will be, an allowed IP; all others of the link are left alone.
 */
export function* planNetwork(state: InterfaceState, desired: DesiredState): Steps<NetworkPlan> {
  const addresses = planAddresses(state.addresses, desired.addresses)
  const allowedIPs = yield* desiredAllowedIPs(state.device, desired.device)
  const known = yield* allowedIPsOfBoth(state.device, allowedIPs)
  const ours = ownRoutes(state, known)
  const coming = connectedRoutes(desired.addresses)
  const stays = new Set(coming.map(({ destination }) => destination))
  const going = new Set(addresses.removeAddresses.map((address) => canonicalCidr(address)))
  const staying = state.routes.filter(
    (route) =>
      !ours.has(route) &&
      !(isKernels(route) && going.has(route.destination) && !stays.has(route.destination)),
  )
  const around = [...staying, ...coming]
  const { routes, defaults } = yield* planRoutes(allowedIPs, desired.table, around)

  const keyOf = (route: { destination: string; table: number }): string =>
    `${route.table} ${route.destination}`
  const planned = new Set(routes.map(keyOf))
  const present = [...ours, ...staying].filter((route) => route.type === RTN.unicast)
  const existing = new Set(present.map(keyOf))
  return {
    addresses,
    routes,
    addRoutes: routes.filter((route) => !existing.has(keyOf(route))),
    removeRoutes: [...ours].filter((route) => !planned.has(keyOf(route))),
    defaults,
  }
}

function* allowedIPsOfBoth(device: Device, coming: readonly string[]): Steps<Set<string>> {
  const budget = new StepBudget()
  const all = yield* setOf(coming, budget)
  for (const { allowedIPs } of device.peers) {
    for (const network of allowedIPs) {
      all.add(network)
      if (budget.spend(GLANCE)) yield
    }
  }
  return all
}

/** The allowed IPs that a device will have. */
export function* desiredAllowedIPs(
  device: Pick<Device, 'peers'>,
  desired: DeviceConfig,
): Steps<string[]> {
  const current = new Map(device.peers.map((peer) => [peer.publicKey, peer.allowedIPs]))
  const all = new Set<string>()
  const budget = new StepBudget()
  for (const peer of desired.peers ?? []) {
    if (budget.spend(1)) yield
    if (peer.remove) continue
    const before = current.get(parsePublicKey(peer.publicKey))
    if (peer.updateOnly && before === undefined) continue
    for (const network of yield* allowedIPsOf(peer, before ?? [], budget)) {
      all.add(network)
      if (budget.spend(GLANCE)) yield
    }
  }
  return [...all]
}

function* allowedIPsOf(
  peer: PeerConfig,
  before: readonly string[],
  budget: StepBudget,
): Steps<Set<string>> {
  const { allowedIPs = [], replaceAllowedIPs } = peer
  const removes = allowedIPs.some((entry) => typeof entry === 'object' && entry.remove === true)
  const isChange = removes || replaceAllowedIPs === false
  const result = yield* setOf(isChange ? before : [], budget)
  for (const entry of allowedIPs) {
    const { cidr, remove = false } = typeof entry === 'string' ? { cidr: entry } : entry
    const network = canonicalCidr(cidr)
    if (remove) result.delete(network)
    else result.add(network)
    if (budget.spend(1)) yield
  }
  return result
}

/** The default route in the table of the mark is not among them: it has rules that belong to it. */
function ownRoutes({ device, routes }: InterfaceState, allowedIPs: Set<string>): Set<Route> {
  return new Set(
    routes.filter(
      (route) =>
        route.protocol === RTPROT.boot &&
        route.type === RTN.unicast &&
        route.gateway === undefined &&
        allowedIPs.has(route.destination) &&
        !isDefaultOf(route, device.firewallMark),
    ),
  )
}

const isKernels = (route: Route): boolean => route.protocol === RTPROT.kernel

/** The routes that the kernel makes for addresses. */
export const connectedRoutes = (
  addresses: readonly InterfaceAddress[],
): { destination: string; table: number }[] =>
  addresses
    .map(({ text }) => canonicalCidr(text))
    .filter(hasRoute)
    .map((destination) => ({ destination, table: RT_TABLE.main }))
