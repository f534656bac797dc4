import type { Route, RouteFilter, Rule } from '@wgctrl/netlink'
import type { Family } from '@wgctrl/types'
import type { Rtnl } from './machine.js'

const FAMILIES: readonly Family[] = [4, 6]

/**
 * The rules of both families. Asked one by one: for all families the kernel adds those of multicast
 * routing, and for one that it does not have, those of all.
 */
export async function listRules(rtnl: Rtnl, signal?: AbortSignal): Promise<Rule[]> {
  const lists = []
  for (const family of FAMILIES) {
    const rules = await rtnl.rules({ family }, { signal })
    lists.push(rules.filter((rule) => rule.family === family))
  }
  return lists.flat()
}

/** The routes of both families. */
export async function listRoutes(
  rtnl: Rtnl,
  filter: Omit<RouteFilter, 'family'> = {},
  signal?: AbortSignal,
): Promise<Route[]> {
  const lists = []
  for (const family of FAMILIES) {
    const routes = await rtnl.routes({ ...filter, family }, { signal })
    lists.push(routes.filter((route) => route.family === family))
  }
  return lists.flat()
}
