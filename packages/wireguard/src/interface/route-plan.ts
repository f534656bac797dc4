import { type Route, RT_TABLE } from '@wgctrl/netlink'
import { type Cidr, type Family, formatCidr, parseCidr } from '@wgctrl/types'

/** A route into the tunnel. */
export interface PlannedRoute {
  readonly family: Family
  /** Canonical CIDR. */
  readonly destination: string
  readonly table: number
}

export interface RoutePlan {
  /** In the order in which they are added: most specific first. */
  readonly routes: readonly PlannedRoute[]
  /** The families whose default route goes through the tunnel, by a table of its own. */
  readonly defaults: readonly Family[]
}

/**
 * The routes for a device's allowed IPs.
 *
 * @param table where they go; `auto`: the main table, default routes apart
 * @param existing what the link has already, such as the network of its own address: with `auto`, what
 *   is covered by it needs no route
 */
export function planRoutes(
  allowedIPs: readonly string[],
  table: 'off' | 'auto' | number,
  existing: readonly Pick<Route, 'destination' | 'table'>[] = [],
): RoutePlan {
  if (table === 'off') return { routes: [], defaults: [] }
  // IPv6 before IPv4, as wg-quick(8) has it: both in one order make the same rules in the same places.
  const networks = distinct(allowedIPs).sort(
    (a, b) => b.prefixLength - a.prefixLength || b.family - a.family,
  )
  const toRoute = (network: Cidr, number: number): PlannedRoute => ({
    family: network.family,
    destination: formatCidr(network),
    table: number,
  })
  if (table !== 'auto') {
    return { routes: networks.map((network) => toRoute(network, table)), defaults: [] }
  }
  const main = existing.filter((route) => route.table === RT_TABLE.main)
  const covering = main.map(({ destination }) => parseCidr(destination))
  const needed = networks.filter(
    (network) => network.prefixLength > 0 && !covering.some((outer) => covers(outer, network)),
  )
  const defaults = networks.filter(({ prefixLength }) => prefixLength === 0)
  return {
    routes: needed.map((network) => toRoute(network, RT_TABLE.main)),
    defaults: defaults.map(({ family }) => family),
  }
}

/** True when every address of `inner` is in `outer`. */
export function covers(outer: Cidr, inner: Cidr): boolean {
  if (outer.family !== inner.family || outer.prefixLength > inner.prefixLength) return false
  const masked = parseCidr(`${formatCidr(inner).split('/')[0]}/${outer.prefixLength}`)
  return masked.bytes.every((byte, index) => byte === outer.bytes[index])
}

function distinct(allowedIPs: readonly string[]): Cidr[] {
  const byText = new Map<string, Cidr>()
  for (const text of allowedIPs) {
    const network = parseCidr(text, 'allowedIPs')
    byText.set(formatCidr(network), network)
  }
  return [...byText.values()]
}
