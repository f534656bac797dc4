import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AddressPool, nextAddress } from './address-pool.js'
import { containsNetwork, hostCount, networksOverlap } from './network.js'

const invalidAt = (path: string) => expect.objectContaining({ code: 'EINVAL', path })

describe('nextAddress', () => {
  it.each([
    ['10.8.0.0/24', [], [], '10.8.0.1'],
    ['10.8.0.0/24', ['10.8.0.2/32', '10.8.0.3'], ['10.8.0.1'], '10.8.0.4'],
    ['10.8.0.77/24', ['10.8.0.1'], [], '10.8.0.2'],
    ['10.8.0.0/24', ['10.8.0.0/25'], ['10.8.0.128/26'], '10.8.0.192'],
    ['10.8.0.0/24', ['0.0.0.0/0'], [], undefined],
    ['10.8.0.0/24', ['::/0', '192.0.2.0/24'], [], '10.8.0.1'],
    ['10.8.0.0/30', ['10.8.0.1', '10.8.0.2'], [], undefined],
    ['10.8.0.0/31', ['10.8.0.0'], [], '10.8.0.1'],
    ['10.8.0.4/32', [], [], '10.8.0.4'],
    ['10.8.0.4/32', ['10.8.0.4'], [], undefined],
    ['255.255.255.252/30', ['255.255.255.253'], [], '255.255.255.254'],
    ['fd00::/64', ['fd00::1/128', 'FD00:0::2'], [], 'fd00::3'],
    ['fd00::/64', ['fd00::/65'], [], 'fd00::8000:0:0:0'],
    ['::/0', ['::/1'], [], '8000::'],
    ['fd00::/127', [], [], 'fd00::'],
    ['fd00::/126', ['fd00::1', 'fd00::2'], [], 'fd00::3'],
  ])('of %s with %j and %j reserved is %s', (network, used, reserve, expected) => {
    expect(nextAddress(network, used, { reserve })).toBe(expected)
  })

  it('takes the next network when the first is full', () => {
    expect(nextAddress(['10.0.0.0/30', '10.9.0.0/24'], ['10.0.0.0/30'])).toBe('10.9.0.1')
  })

  it('names what is wrong', () => {
    const full: unknown = '10.0.0.1'
    expect(() => nextAddress('10.0.0/8', [])).toThrow(invalidAt('networks'))
    expect(() => nextAddress(['10.0.0.0/8', 'x'], [])).toThrow(invalidAt('networks[1]'))
    expect(() => nextAddress('10.0.0.0/8', ['10.0.0.1', ''])).toThrow(invalidAt('options.used[1]'))
    expect(() => nextAddress('10.0.0.0/8', full as string[])).toThrow(invalidAt('options.used'))
    const misspelled = { reserved: [] } as object
    expect(() => nextAddress('10.0.0.0/8', [], misspelled)).toThrow(invalidAt('options.reserved'))
  })
})

describe('AddressPool', () => {
  it('gives what is given back, and never what is reserved', () => {
    const pool = new AddressPool('10.8.0.0/29', { reserve: ['10.8.0.1'] })
    expect(Array.from({ length: 6 }, () => pool.take())).toEqual([
      '10.8.0.2',
      '10.8.0.3',
      '10.8.0.4',
      '10.8.0.5',
      '10.8.0.6',
      undefined,
    ])
    pool.free('10.8.0.0/29')
    expect(pool.next()).toBe('10.8.0.2')
    pool.use('10.8.0.2/31')
    expect(pool.next()).toBe('10.8.0.4')
    expect(['10.8.0.1', '10.8.0.3', '10.8.0.5', '10.9.0.5'].map((one) => pool.isFree(one))).toEqual(
      [false, false, true, false],
    )
  })

  it('is what a list of all addresses would be', () => {
    const address = fc.integer({ min: 0, max: 63 }).map((host) => `10.8.0.${host}`)
    const network = fc
      .tuple(fc.integer({ min: 0, max: 63 }), fc.integer({ min: 28, max: 32 }))
      .map(([host, length]) => `10.8.0.${host}/${length}`)
    const action = fc.record({ use: fc.boolean(), network: fc.oneof(address, network) })
    fc.assert(
      fc.property(
        fc.array(network),
        fc.array(address),
        fc.array(action),
        (used, reserve, actions) => {
          const pool = new AddressPool('10.8.0.0/26', { used, reserve })
          const hosts = Array.from({ length: 62 }, (_, at) => `10.8.0.${at + 1}`)
          const possible = hosts.filter((host) => !reserve.includes(host))
          const taken = new Set(
            hosts.filter((host) => used.some((one) => containsNetwork(one, host))),
          )
          for (const { use, network: changed } of actions) {
            if (use) pool.use(changed)
            else pool.free(changed)
            for (const host of hosts.filter((one) => containsNetwork(changed, one))) {
              if (use) taken.add(host)
              else taken.delete(host)
            }
            const free = possible.filter((host) => !taken.has(host))
            expect(pool.next()).toBe(free[0])
            for (const host of hosts) expect(pool.isFree(host)).toBe(free.includes(host))
          }
        },
      ),
    )
  })

  it('gives 100,000 addresses among 100,000 that others have, each once', () => {
    const used = Array.from(
      { length: 100_000 },
      (_, at) => `10.${at >> 15}.${(at >> 7) & 255}.${2 * (at & 127)}`,
    )
    const pool = new AddressPool('10.0.0.0/8', { used })
    const given = new Set(Array.from({ length: 100_000 }, () => pool.take()))
    expect(given.size).toBe(100_000)
    const before = new Set(used)
    for (const address of given) expect(before.has(address as string)).toBe(false)
  })
})

describe('networks', () => {
  it('contain and overlap', () => {
    expect(containsNetwork('10.0.0.0/8', '10.8.0.2')).toBe(true)
    expect(containsNetwork('10.8.0.2', '10.0.0.0/8')).toBe(false)
    expect(containsNetwork('10.8.0.99/24', '10.8.0.0/24')).toBe(true)
    expect(containsNetwork('::/0', '10.8.0.0/24')).toBe(false)
    expect(networksOverlap('10.0.0.0/8', '10.8.0.0/24')).toBe(true)
    expect(networksOverlap('10.8.0.0/24', '10.0.0.0/8')).toBe(true)
    expect(networksOverlap('10.8.0.0/24', '10.8.1.0/24')).toBe(false)
    expect(networksOverlap('::/96', '0.0.0.0/0')).toBe(false)
    expect(() => containsNetwork('10.0.0.0/8', 'x')).toThrow(invalidAt('inner'))
    expect(() => networksOverlap('x', '10.0.0.0/8')).toThrow(invalidAt('one'))
  })

  it('have room for hosts', () => {
    const counts = [
      '10.8.0.0/24',
      '10.0.0.0/31',
      '10.0.0.1',
      '0.0.0.0/0',
      'fd00::/64',
      'fd00::/128',
    ]
    expect(counts.map(hostCount)).toEqual([254n, 2n, 1n, 2n ** 32n - 2n, 2n ** 64n - 1n, 1n])
  })
})
