import { parseCidr, StepBudget, type Steps } from '@wgctrl/types'
import { GLANCE, sorted } from '../long-lists.js'

/** Networks, by the place in the order of changes at which something happens to them. */
type Placed = readonly (readonly string[])[]

interface Network {
  readonly cidr: string
  readonly place: number
  readonly bits: string
  readonly isRemoved: boolean
}

/**
 * The removed networks that overlap with one that is added at a later place: between the two, packets
 * for what they share would belong to nobody.
 *
 * Networks are nested or apart. Sorted by their bits, those inside a network follow it directly.
 */
export function* removedTooEarly(removed: Placed, added: Placed): Steps<Set<string>> {
  const early = new Set<string>()
  // Where one thing happens alone, nothing is late.
  if (Math.max(removed.length, added.length) < 2) return early
  const budget = new StepBudget()
  const networks: Network[] = []
  for (const [lists, isRemoved] of [
    [removed, true],
    [added, false],
  ] as const) {
    for (const [place, list] of lists.entries()) {
      for (const cidr of list) {
        networks.push({ cidr, place, bits: bitsOf(cidr), isRemoved })
        if (budget.spend(1)) yield
      }
    }
  }
  const around: Network[] = []
  for (const network of yield* sorted(networks, byBits)) {
    while (around.length > 0 && !network.bits.startsWith(around.at(-1)?.bits ?? '')) around.pop()
    for (const outer of around) {
      const [gone, come] = network.isRemoved ? [network, outer] : [outer, network]
      if (gone.isRemoved && !come.isRemoved && gone.place < come.place) early.add(gone.cidr)
    }
    around.push(network)
    if (budget.spend(GLANCE * around.length)) yield
  }
  return early
}

const byBits = (one: Network, other: Network): number =>
  one.bits < other.bits ? -1 : one.bits > other.bits ? 1 : 0

function bitsOf(cidr: string): string {
  const { family, bytes, prefixLength } = parseCidr(cidr)
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('')
  return `${family}${bits.slice(0, prefixLength)}`
}
