import { formatCidr } from '@wgctrl/types'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NetworkSet } from './network-set.js'

/** Few bits that differ: most come twice, and those of one family look like those of the other. */
const network = fc.record({
  bytes: fc
    .tuple(
      fc.constantFrom(4, 16),
      fc.array(fc.constantFrom(0, 0, 0, 1, 255), { minLength: 16, maxLength: 16 }),
    )
    .map(([length, bytes]) => Uint8Array.from(bytes.slice(0, length))),
  prefixLength: fc.constantFrom(0, 8, 32),
})

const textOf = ({ bytes, prefixLength }: { bytes: Uint8Array; prefixLength: number }): string =>
  formatCidr({ family: bytes.length === 4 ? 4 : 6, bytes, prefixLength })

describe('NetworkSet', () => {
  it('knows what is new as a set of texts does, whatever room it began with', () => {
    fc.assert(
      fc.property(fc.array(network, { maxLength: 300 }), fc.nat(400), (networks, expected) => {
        const texts = new Set<string>()
        const set = new NetworkSet(expected)
        for (const given of networks) {
          const { size } = texts
          const at = 3
          const memory = new Uint8Array([9, 9, 9, ...given.bytes, 9])
          const isNew = set.add(memory, at, at + given.bytes.length, given.prefixLength)
          expect(isNew).toBe(texts.add(textOf(given)).size > size)
        }
      }),
    )
  })

  it('holds many', () => {
    const set = new NetworkSet(0)
    const bytes = new Uint8Array(4)
    const addAll = (): number => {
      let added = 0
      for (let number = 0; number < 100_000; number++) {
        new DataView(bytes.buffer).setUint32(0, number)
        if (set.add(bytes, 0, 4, 32)) added++
      }
      return added
    }
    expect(addAll()).toBe(100_000)
    expect(addAll()).toBe(0)
  })
})
