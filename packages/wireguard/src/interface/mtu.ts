import { type Route, RT_TABLE, type Rtnl } from '@wgctrl/netlink'
import { type Device, type Endpoint, WireGuardError } from '@wgctrl/types'

/**
 * What a packet grows by in the tunnel: 40 bytes of IPv6, 8 of UDP, 32 of WireGuard (type, receiver,
 * counter, tag).
 */
const OVERHEAD = 80

/** Where no way leads to any endpoint. */
const ETHERNET_MTU = 1500

/**
 * The MTU of a tunnel whose packets take these ways: the narrowest counts.
 *
 * @param ways the MTU of each way to an endpoint
 * @param fallback the MTU of the default route, which counts when there is none of the others
 *
 * @internal
 */
export function chooseMtu(ways: readonly number[], fallback: number | undefined): number {
  return (ways.length > 0 ? Math.min(...ways) : (fallback ?? ETHERNET_MTU)) - OVERHEAD
}

/**
 * The MTU that fits the ways to some endpoints.
 *
 * @param mark the mark on the tunnel's own packets: once a default route leads into the tunnel, the way of a
 *   packet without it does, too
 */
export async function deriveMtu(
  rtnl: Rtnl,
  endpoints: readonly Endpoint[],
  mark: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  const ways: number[] = []
  const global = endpoints.filter(({ scopeId }) => scopeId === undefined)
  for (const address of new Set(global.map((endpoint) => endpoint.address))) {
    const route = await wayTo(rtnl, address, mark, signal)
    const mtu = route && (await mtuOf(rtnl, route, signal))
    if (mtu !== undefined && mtu > 0) ways.push(mtu)
  }
  if (ways.length > 0) return chooseMtu(ways, undefined)
  const routes = await rtnl.routes({ family: 4, table: RT_TABLE.main }, { signal })
  const standard = routes.find(({ destination }) => destination === '0.0.0.0/0')
  return chooseMtu([], standard && (await mtuOf(rtnl, standard, signal)))
}

/** The endpoints that a device has. */
export const endpointsOf = (device: Device): Endpoint[] =>
  device.peers.flatMap(({ endpoint }) => endpoint ?? [])

/** `undefined` when nothing leads there. */
async function wayTo(
  rtnl: Rtnl,
  address: string,
  mark: number,
  signal: AbortSignal | undefined,
): Promise<Route | undefined> {
  try {
    return await rtnl.routeTo(address, { mark, signal })
  } catch (error) {
    if (error instanceof WireGuardError) return undefined
    throw error
  }
}

async function mtuOf(
  rtnl: Rtnl,
  route: Route,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  if (route.metrics?.mtu !== undefined) return route.metrics.mtu
  return route.link === undefined ? undefined : (await rtnl.link(route.link, { signal })).mtu
}
