import { parseCidr } from '@wgctrl/types'

/** A network, and the place in the order of changes at which something happens to it. */
export interface PlacedNetwork {
  readonly cidr: string
  readonly place: number
}

interface Sorted extends PlacedNetwork {
  readonly bits: string
  readonly isRemoved: boolean
}

/**
 * The removed networks that overlap with one that is added at a later place: between the two, packets
 * for what they share would belong to nobody.
 *
 * Networks are nested or apart. Sorted by their bits, those inside a network follow it directly.
 */
export function removedTooEarly(
  removed: readonly PlacedNetwork[],
  added: readonly PlacedNetwork[],
): Set<string> {
  const sorted = [...removed.map(toSorted(true)), ...added.map(toSorted(false))]
  sorted.sort((a, b) => (a.bits < b.bits ? -1 : a.bits > b.bits ? 1 : 0))
  const early = new Set<string>()
  const around: Sorted[] = []
  for (const network of sorted) {
    while (around.length > 0 && !network.bits.startsWith(around.at(-1)?.bits ?? '')) around.pop()
    for (const outer of around) {
      const [gone, come] = network.isRemoved ? [network, outer] : [outer, network]
      if (gone.isRemoved && !come.isRemoved && gone.place < come.place) early.add(gone.cidr)
    }
    around.push(network)
  }
  return early
}

function toSorted(isRemoved: boolean): (network: PlacedNetwork) => Sorted {
  return ({ cidr, place }) => {
    const { family, bytes, prefixLength } = parseCidr(cidr)
    const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('')
    return { cidr, place, bits: `${family}${bits.slice(0, prefixLength)}`, isRemoved }
  }
}
