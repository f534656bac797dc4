import { type Route, RT_TABLE } from '@wgctrl/netlink'
import {
  type Cidr,
  type Family,
  formatCidr,
  parseCidr,
  StepBudget,
  type Steps,
} from '@wgctrl/types'

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
 * The routes for a device's allowed IPs, in steps.
 *
 * @param table where they go; `auto`: the main table, default routes apart
 * @param existing what the link has already, such as the network of its own address: with `auto`, what
 *   is covered by it needs no route
 */
export function* planRoutes(
  allowedIPs: readonly string[],
  table: 'off' | 'auto' | number,
  existing: readonly Pick<Route, 'destination' | 'table'>[] = [],
): Steps<RoutePlan> {
  if (table === 'off') return { routes: [], defaults: [] }
  const isAuto = table === 'auto'
  const main = isAuto ? existing.filter((route) => route.table === RT_TABLE.main) : []
  const covering = yield* Coverage.of(main)
  const routes: PlannedRoute[] = []
  const defaults: Family[] = []
  const budget = new StepBudget()
  for (const { cidr, text } of yield* inOrder(allowedIPs)) {
    const { family, prefixLength } = cidr
    if (isAuto && prefixLength === 0) defaults.push(family)
    else if (!covering.has(cidr)) {
      routes.push({ family, destination: text, table: isAuto ? RT_TABLE.main : table })
    }
    if (budget.spend(1)) yield
  }
  return { routes, defaults }
}

interface Network {
  readonly cidr: Cidr
  /** Canonical. */
  readonly text: string
}

/** Each once. IPv6 before IPv4, as wg-quick(8) has it: both in one order make the same rules in the same places. */
function* inOrder(allowedIPs: readonly string[]): Steps<Network[]> {
  const seen = new Set<string>()
  const ranks: Network[][] = Array.from({ length: 2 * (LONGEST_PREFIX + 1) }, () => [])
  const budget = new StepBudget()
  for (const given of allowedIPs) {
    const cidr = parseCidr(given, 'allowedIPs')
    const text = formatCidr(cidr)
    if (!seen.has(text)) ranks[rankOf(cidr)]?.push({ cidr, text })
    seen.add(text)
    if (budget.spend(1)) yield
  }
  return ranks.flat()
}

/** Bits of an IPv6 address. */
const LONGEST_PREFIX = 128

const rankOf = ({ family, prefixLength }: Cidr): number =>
  2 * (LONGEST_PREFIX - prefixLength) + (family === 6 ? 0 : 1)

/** Networks, to tell whether one of them has another in it: by as many looks as they have lengths. */
class Coverage {
  /** For each family and length, longest first, the networks as texts. */
  readonly #networks = new Map<number, { readonly cidr: Cidr; readonly texts: Set<string> }>()

  static *of(routes: readonly Pick<Route, 'destination'>[]): Steps<Coverage> {
    const coverage = new Coverage()
    const budget = new StepBudget()
    for (const { destination } of routes) {
      coverage.#add(parseCidr(destination))
      if (budget.spend(1)) yield
    }
    return coverage
  }

  /** True when every address of the network is in one of these. */
  has(network: Cidr): boolean {
    for (const { cidr, texts } of this.#networks.values()) {
      if (cidr.family !== network.family || cidr.prefixLength > network.prefixLength) continue
      if (texts.has(cut(network, cidr.prefixLength))) return true
    }
    return false
  }

  #add(cidr: Cidr): void {
    const same = this.#networks.get(rankOf(cidr)) ?? { cidr, texts: new Set() }
    same.texts.add(cut(cidr, cidr.prefixLength))
    this.#networks.set(rankOf(cidr), same)
  }
}

/** True when every address of `inner` is in `outer`. */
export function covers(outer: Cidr, inner: Cidr): boolean {
  const { family, prefixLength } = outer
  if (family !== inner.family || prefixLength > inner.prefixLength) return false
  return cut(inner, prefixLength) === cut(outer, prefixLength)
}

/** The first bits of a network as a text of their own. */
function cut({ bytes }: Cidr, length: number): string {
  const whole = length >> 3
  const rest = (bytes[whole] ?? 0) & (0xff00 >> (length & 7))
  return String.fromCharCode(...bytes.subarray(0, whole), rest)
}
