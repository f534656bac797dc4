import fc from 'fast-check'
import { expect, it } from 'vitest'
import { countersOf, exactBytes, toCounter } from './counter.js'
import type { Peer } from './device.js'

const peer = (received: bigint, transmitted: bigint): Peer => {
  const [one, other] = [toCounter(received), toCounter(transmitted)]
  const exact = exactBytes(one, other)
  return {
    publicKey: 'k',
    persistentKeepalive: 0,
    receivedBytes: Number(one),
    transmittedBytes: Number(other),
    ...(exact && { exactBytes: exact }),
    allowedIPs: [],
    protocolVersion: 1,
  }
}

it.each([
  [0n, 0, undefined],
  [2n ** 53n - 1n, 2 ** 53 - 1, undefined],
  [2n ** 53n, 2 ** 53, '9007199254740992'],
  [2n ** 53n + 1n, 2 ** 53, '9007199254740993'],
  [2n ** 64n - 1n, 2 ** 64, '18446744073709551615'],
])('a peer with a counter of %s', (counter, number, exact) => {
  const it = peer(counter, 5n)
  expect(it).toMatchObject({ receivedBytes: number, transmittedBytes: 5 })
  expect(it.exactBytes).toEqual(exact && { received: exact, transmitted: '5' })
})

it('loses nothing of a counter by spread, assign, clone or JSON', () => {
  const counter = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
  fc.assert(
    fc.property(counter, counter, (received, transmitted) => {
      const it = peer(received, transmitted)
      const copies = [
        it,
        { ...it, name: 'alice' },
        Object.assign({}, it),
        structuredClone(it),
        JSON.parse(JSON.stringify({ ...structuredClone(it), name: 'alice' })) as Peer,
      ]
      for (const copy of copies) {
        const counters = countersOf(copy)
        expect(BigInt(counters.received)).toBe(received)
        expect(BigInt(counters.transmitted)).toBe(transmitted)
      }
    }),
  )
})
