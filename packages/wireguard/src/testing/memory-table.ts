import {
  type NewRoute,
  type Route,
  type RouteFilter,
  RT_SCOPE,
  RT_TABLE,
  RTN,
  RTPROT,
} from '@wgctrl/netlink'
import { type Cidr, canonicalCidr, type Family, parseCidr, WireGuardError } from '@wgctrl/types'

/** What the kernel gives a route of IPv6 that comes without a metric. @source net/ipv6/route.c, IP6_RT_PRIO_USER */
const IPV6_PRIORITY = 1024

/** The routes of a machine in memory. */
export class MemoryTable {
  #routes: Route[] = []

  list({ family, table, link, type }: RouteFilter = {}): Route[] {
    const found = this.#routes.filter(
      (route) =>
        (family === undefined || route.family === family) &&
        (table === undefined || route.table === table) &&
        (link === undefined || route.link === link) &&
        (type === undefined || route.type === type),
    )
    return found.sort(inKernelOrder)
  }

  /** @throws {WireGuardError} `EEXIST` unless `replace` */
  add(route: NewRoute, { replace = false }: { replace?: boolean } = {}): void {
    const made = toRoute(route)
    const at = this.#routes.findIndex((other) => isSame(other, made))
    if (at < 0) this.#routes.push(made)
    else if (replace) this.#routes[at] = made
    else throw failed('EEXIST', `there is a route to ${made.destination}`)
  }

  /** As the kernel adds those to the networks of addresses: beside what is there. */
  append(route: NewRoute): void {
    this.#routes.push(toRoute(route))
  }

  /** @throws {WireGuardError} `ESRCH` */
  remove(route: NewRoute): void {
    const wanted = { ...route, destination: canonicalCidr(route.destination) }
    const at = this.#routes.findIndex((other) => isMeant(other, wanted))
    if (at < 0) throw failed('ESRCH', `there is no route to ${wanted.destination}`)
    this.#routes.splice(at, 1)
  }

  drop(isGone: (route: Route) => boolean): void {
    this.#routes = this.#routes.filter((route) => !isGone(route))
  }

  /** The most specific route of a table to an address. */
  best(address: string, table: number): Route | undefined {
    const target = parseCidr(address)
    let best: { readonly route: Route; readonly length: number } | undefined
    for (const route of this.list({ family: target.family, table })) {
      const network = parseCidr(route.destination)
      const length = network.prefixLength
      if (canonicalCidr(`${address}/${length}`) !== route.destination) continue
      const isBetter =
        best === undefined ||
        length > best.length ||
        (length === best.length && (route.priority ?? 0) < (best.route.priority ?? 0))
      if (isBetter) best = { route, length }
    }
    return best?.route
  }
}

function toRoute(route: NewRoute): Route {
  const destination = canonicalCidr(route.destination)
  const family: Family = destination.includes(':') ? 6 : 4
  const { table = RT_TABLE.main, type = RTN.unicast, protocol = RTPROT.boot, gateway } = route
  const isNarrow = family === 4 && gateway === undefined && type === RTN.unicast
  const { scope = isNarrow ? RT_SCOPE.link : RT_SCOPE.universe } = route
  const priority = route.priority ?? (family === 6 ? IPV6_PRIORITY : undefined)
  const { link, source, metrics } = route
  return {
    ...{ family, destination, table, type, protocol, scope },
    ...(link !== undefined && { link }),
    ...(gateway !== undefined && { gateway }),
    ...(source !== undefined && { source }),
    ...(priority !== undefined && { priority }),
    ...(metrics && { metrics }),
  }
}

/**
 * By family and table; of IPv4 by the first address of the network, of IPv6 by the last one; then the narrower first.
 *
 * @source kernel, net/ipv4/fib_trie.c, fn_trie_dump_leaf; net/ipv6/ip6_fib.c, fib6_walk_continue: what is below a
 *   node comes before it
 */
function inKernelOrder(one: Route, other: Route): number {
  const [first, second] = [parseCidr(one.destination), parseCidr(other.destination)]
  return (
    one.family - other.family ||
    (one.table & 0xff) - (other.table & 0xff) ||
    Buffer.compare(placeOf(first), placeOf(second)) ||
    second.prefixLength - first.prefixLength ||
    (one.priority ?? 0) - (other.priority ?? 0)
  )
}

function placeOf({ family, bytes, prefixLength }: Cidr): Uint8Array {
  if (family === 4) return bytes
  return bytes.map((byte, at) => byte | (0xff >> Math.min(8, Math.max(0, prefixLength - at * 8))))
}

const isSame = (one: Route, other: Route): boolean =>
  one.destination === other.destination &&
  one.table === other.table &&
  (one.priority ?? 0) === (other.priority ?? 0)

/** What a request for a removal leaves out may be anything. */
const isMeant = (route: Route, wanted: NewRoute): boolean =>
  route.destination === wanted.destination &&
  route.table === (wanted.table ?? RT_TABLE.main) &&
  (wanted.link === undefined || route.link === wanted.link) &&
  (wanted.type === undefined || route.type === wanted.type) &&
  (wanted.protocol === undefined || route.protocol === wanted.protocol) &&
  (wanted.priority === undefined || route.priority === wanted.priority)

/** As the kernel says it. */
export const failed = (code: string, problem: string): WireGuardError =>
  new WireGuardError(problem, { code })
