import { type NewRoute, type Route, RTN } from '@wgctrl/netlink'
import { WireGuardError } from '@wgctrl/types'
import type { Rtnl } from './machine.js'
import { listRoutes } from './system.js'

/**
 * The metric of a route that counts only while there is no other to the same network, plus the index of
 * the link that it stands in for: packets for the tunnel do not leave by another way while its own route is
 * being replaced. Nobody else is likely to have such a metric.
 */
const STANDBY = 0xfe000000

/** Into the tunnel. It goes with the last IPv4 address of the link. */
export const standbyInto = (link: number, destination: string, table: number): NewRoute => ({
  destination,
  table,
  link,
  priority: STANDBY + link,
})

/** Nowhere: whoever sends gets an error. It stays, whatever happens to the link. */
export const standbyNowhere = (link: number, destination: string, table: number): NewRoute => ({
  destination,
  table,
  type: RTN.unreachable,
  priority: STANDBY + link,
})

export const isStandby = ({ priority }: Route, link: number): boolean => priority === STANDBY + link

/** Those that stand in for a link, also of a call that was killed. */
export async function listStandbys(
  rtnl: Rtnl,
  link: number,
  signal: AbortSignal | undefined,
): Promise<Route[]> {
  const nowhere = await listRoutes(rtnl, { type: RTN.unreachable }, signal)
  const into = await listRoutes(rtnl, { link }, signal)
  return [...nowhere, ...into].filter((route) => isStandby(route, link))
}

/** No link has a higher index, and the kernel's own routes to nowhere have a higher metric. */
const HIGHEST_LINK = 0xffffff

/** Those to nowhere that stood in for links that are gone, in a call that was killed: nobody knows whose. */
export async function listDeadStandbys(
  rtnl: Rtnl,
  signal: AbortSignal | undefined,
): Promise<Route[]> {
  const linkOf = ({ priority = 0 }: Route): number => priority - STANDBY
  const nowhere = await listRoutes(rtnl, { type: RTN.unreachable }, signal)
  const all = nowhere.filter((route) => linkOf(route) > 0 && linkOf(route) <= HIGHEST_LINK)
  if (all.length === 0) return []
  const links = new Set((await rtnl.links({ brief: true }, { signal })).map(({ index }) => index))
  return all.filter((route) => !links.has(linkOf(route)))
}

export async function removeStandbys(
  rtnl: Rtnl,
  standbys: readonly Route[],
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const route of standbys) await rtnl.deleteRoute(route, { signal }).catch(ignoreGone)
}

/** A route goes by itself with the address that it prefers, a secondary address with its first one. */
export function ignoreGone(error: unknown): void {
  const code = error instanceof WireGuardError ? error.code : ''
  if (code !== 'ESRCH' && code !== 'EADDRNOTAVAIL') throw error
}
