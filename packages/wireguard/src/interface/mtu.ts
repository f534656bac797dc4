import { setTimeout as sleep } from 'node:timers/promises'
import { type Route, RT_TABLE, RTN } from '@wgctrl/netlink'
import { type Device, type Endpoint, errnoName, parseCidr, WireGuardError } from '@wgctrl/types'
import { findOwnPairs } from './default-route.js'
import type { Rtnl } from './machine.js'
import { covers } from './route-plan.js'

/**
 * What a packet grows by in the tunnel: 40 bytes of IPv6, 8 of UDP, 32 of WireGuard (type, receiver,
 * counter, tag).
 */
const OVERHEAD = 80

/** Where no way leads to any endpoint. */
const ETHERNET_MTU = 1500

/** Milliseconds in which another tunnel that comes up has the second of its rules. */
const COMING_UP_TIME = 1000

/** Milliseconds between two looks. */
const POLL_INTERVAL = 10

/**
 * The MTU of a tunnel whose packets take these ways: the narrowest counts.
 *
 * @param ways the MTU of each way to an endpoint
 * @param fallback the MTU of the default route, which counts when there is none of the others
 *
 * @internal
 */
export function chooseMtu(ways: readonly number[], fallback: number | undefined): number {
  const narrowest = ways.reduce((least, way) => Math.min(least, way), Number.POSITIVE_INFINITY)
  return (ways.length > 0 ? narrowest : (fallback ?? ETHERNET_MTU)) - OVERHEAD
}

export interface MtuOptions {
  /** The interface's own link: what leads into it is no way of the tunnel's packets. */
  readonly link: number
  /**
   * Marks that the tunnel's own packets have or had; 0: none. The first one counts with which the way does
   * not lead into the tunnel.
   */
  readonly marks: readonly number[]
  readonly signal: AbortSignal | undefined
}

/** The MTU that fits the ways to some endpoints. */
export async function deriveMtu(
  rtnl: Rtnl,
  endpoints: readonly Endpoint[],
  options: MtuOptions,
): Promise<number> {
  const { link, signal } = options
  const ways: number[] = []
  const global = endpoints.filter(({ scopeId }) => scopeId === undefined)
  const addresses = new Set(global.map((endpoint) => endpoint.address))
  for (const route of await lastingWays(rtnl, addresses, options)) {
    const mtu = await mtuOf(rtnl, route, signal)
    if (mtu !== undefined && mtu > 0) ways.push(mtu)
  }
  if (ways.length > 0) return chooseMtu(ways, undefined)
  const routes = await rtnl.routes({ family: 4, table: RT_TABLE.main }, { signal })
  const standard = routes.find(
    (route) => route.destination === '0.0.0.0/0' && route.link !== link && isWay(route),
  )
  return chooseMtu([], standard && (await mtuOf(rtnl, standard, signal)))
}

/** The endpoints that a device has. */
export const endpointsOf = (device: Device): Endpoint[] =>
  device.peers.flatMap(({ endpoint }) => endpoint ?? [])

/**
 * The ways to some addresses. Between the rules of a tunnel that comes up, ours or that of wg-quick(8), all packets lead
 * into it, those for the local network too: where it is so, it is looked again.
 */
async function lastingWays(
  rtnl: Rtnl,
  addresses: Iterable<string>,
  options: MtuOptions,
): Promise<Route[]> {
  const { signal } = options
  const end = performance.now() + COMING_UP_TIME
  /** Links whose rules were whole before the last look. */
  const whole = new Set<number>()
  for (;;) {
    const ways: Route[] = []
    for (const address of addresses) {
      const route = await wayTo(rtnl, address, options)
      if (route) ways.push(route)
    }
    const links = new Set(ways.flatMap(({ link = 0 }) => (whole.has(link) ? [] : link)))
    let isLasting = true
    for (const link of links) {
      const pairs = await findOwnPairs(rtnl, link, [], signal)
      if (pairs.length > 0) isLasting = false
      if (pairs.every(({ localPriority }) => localPriority !== undefined)) whole.add(link)
    }
    if (isLasting || performance.now() > end) return ways
    signal?.throwIfAborted()
    await sleep(POLL_INTERVAL)
  }
}

/** `undefined` when nothing leads there but the tunnel itself. */
async function wayTo(
  rtnl: Rtnl,
  address: string,
  { link, marks, signal }: MtuOptions,
): Promise<Route | undefined> {
  for (const mark of new Set(marks)) {
    const route = await rtnl.routeTo(address, { mark, signal }).catch(ignoreNoWay)
    if (route?.link !== link) return route
  }
  return await wayAround(rtnl, address, link, signal)
}

/** The way that a packet would take if the tunnel were not there: what `up` was told when it was not. */
async function wayAround(
  rtnl: Rtnl,
  address: string,
  link: number,
  signal: AbortSignal | undefined,
): Promise<Route | undefined> {
  const target = parseCidr(address)
  const routes = await rtnl.routes({ family: target.family, table: RT_TABLE.main }, { signal })
  let best: { readonly route: Route; readonly prefixLength: number } | undefined
  for (const route of routes) {
    const network = parseCidr(route.destination)
    if (route.link === link || !covers(network, target)) continue
    const { prefixLength } = network
    const isBetter =
      best === undefined ||
      prefixLength > best.prefixLength ||
      (prefixLength === best.prefixLength && (route.priority ?? 0) < (best.route.priority ?? 0))
    if (isBetter) best = { route, prefixLength }
  }
  return best && isWay(best.route) ? best.route : undefined
}

const isWay = ({ type }: Route): boolean => type === RTN.unicast

/**
 * What the kernel says where no route leads, or one that refuses: unreachable, prohibit, blackhole, throw.
 *
 * @source kernel, net/ipv4/fib_semantics.c, fib_props; net/ipv6/route.c
 */
const NO_WAY = new Set(['ENETUNREACH', 'EHOSTUNREACH', 'EACCES', 'EAGAIN'])

function ignoreNoWay(error: unknown): undefined {
  if (!(error instanceof WireGuardError)) throw error
  // Without IPv6 the code is EAFNOSUPPORT, and the number what the kernel said.
  if (error.code === 'EAFNOSUPPORT') return
  const name = error.errno === undefined ? error.code : errnoName(error.errno)
  // A blackhole is EINVAL without a word; with one it is the request that is wrong.
  const isBlackhole = name === 'EINVAL' && error.extendedAck?.message === undefined
  if (!NO_WAY.has(name) && !isBlackhole) throw error
}

async function mtuOf(
  rtnl: Rtnl,
  route: Route,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  if (route.metrics?.mtu !== undefined) return route.metrics.mtu
  return route.link === undefined ? undefined : (await rtnl.link(route.link, { signal })).mtu
}
