import { parseCidr, runAtOnce } from '@wgctrl/types'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { removedTooEarly } from './overlap.js'

interface PlacedNetwork {
  readonly cidr: string
  readonly place: number
}

const PLACES = 5

const at = (place: number, ...cidrs: string[]): PlacedNetwork[] =>
  cidrs.map((cidr) => ({ cidr, place }))

/** For each place what happens there. */
const listsOf = (networks: readonly PlacedNetwork[]): string[][] =>
  Array.from({ length: PLACES }, (_, place) =>
    networks.filter((network) => network.place === place).map(({ cidr }) => cidr),
  )

const early = (removed: readonly PlacedNetwork[], added: readonly PlacedNetwork[]): Set<string> =>
  runAtOnce(removedTooEarly(listsOf(removed), listsOf(added)))

describe('removedTooEarly', () => {
  it.each<[string, PlacedNetwork[], PlacedNetwork[], string[]]>([
    ['a network around a later one', at(0, '10.0.0.0/24'), at(1, '10.0.0.128/25'), ['10.0.0.0/24']],
    ['a network in a later one', at(0, '10.0.0.0/25'), at(1, '10.0.0.0/24'), ['10.0.0.0/25']],
    ['not one around an earlier one', at(1, '10.0.0.0/24'), at(0, '10.0.0.128/25'), []],
    ['not one around one of the same place', at(1, '10.0.0.0/24'), at(1, '10.0.0.128/25'), []],
    ['not one apart', at(0, '10.0.0.0/25'), at(1, '10.0.0.128/25', '10.0.1.0/24'), []],
    ['not one of the other family', at(0, '::/0'), at(1, '0.0.0.0/0'), []],
    [
      'everything in the default route',
      at(0, '::1/128', 'fd00::/8'),
      at(1, '::/0'),
      ['::1/128', 'fd00::/8'],
    ],
  ])('finds %s', (_, removed, added, expected) => {
    expect([...early(removed, added)].sort()).toEqual(expected)
  })

  it('finds what comparing each with each finds', () => {
    const cidr = fc
      .tuple(fc.constantFrom('10.0.0.', '10.0.1.'), fc.nat(15), fc.integer({ min: 20, max: 32 }))
      .map(([start, host, length]) => `${start}${host}/${length}`)
    const placed = fc.array(fc.record({ cidr, place: fc.nat(PLACES - 1) }), { maxLength: 12 })
    fc.assert(
      fc.property(placed, placed, (removed, added) => {
        const found = removed.filter((gone) =>
          added.some((come) => come.place > gone.place && overlaps(gone.cidr, come.cidr)),
        )
        expect(early(removed, added)).toEqual(new Set(found.map((gone) => gone.cidr)))
      }),
    )
  })
})

function overlaps(one: string, other: string): boolean {
  const length = Math.min(parseCidr(one).prefixLength, parseCidr(other).prefixLength)
  const start = (cidr: string) => parseCidr(`${cidr.split('/')[0]}/${length}`).bytes.join()
  return start(one) === start(other)
}
