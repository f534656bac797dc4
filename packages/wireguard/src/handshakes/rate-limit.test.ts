import { describe, expect, it } from 'vitest'
import { RateLimit, sourceOf } from './rate-limit.js'

describe('RateLimit', () => {
  it('lets a burst through, then the rate', () => {
    const limit = new RateLimit({ perSecond: 20, burst: 5 }, 10)
    let taken = 0
    for (let ms = 0; ms <= 10_000; ms++) if (limit.take('a', ms)) taken++
    expect(taken).toBe(5 + 200)
  })

  it('does not let one source take from another', () => {
    const limit = new RateLimit({ perSecond: 1, burst: 1 }, 10)
    expect([limit.take('a', 0), limit.take('a', 0), limit.take('b', 0)]).toEqual([
      true,
      false,
      true,
    ])
  })

  it('saves no more than a burst', () => {
    const limit = new RateLimit({ perSecond: 100, burst: 2 }, 10)
    limit.take('a', 0)
    expect([1, 2, 3].map(() => limit.take('a', 1e6))).toEqual([true, true, false])
  })

  it('forgets the source that was not seen for longest', () => {
    const limit = new RateLimit({ perSecond: 1, burst: 1 }, 2)
    for (const source of ['a', 'b', 'a', 'c']) limit.take(source, 0)
    expect(limit.take('a', 0)).toBe(false)
    expect(limit.take('b', 0)).toBe(true)
  })
})

describe('sourceOf', () => {
  it.each([
    ['192.0.2.1', 4, '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', 6, '2001:db8:1:2'],
    ['2001:db8:1:2::6', 6, '2001:db8:1:2'],
    ['2001:db8::6', 6, '2001:db8:0:0'],
    ['2001:db8::5:6:7:8', 6, '2001:db8:0:0'],
    ['2001:db8::4:5:6:7:8', 6, '2001:db8:0:4'],
    ['::1', 6, '0:0:0:0'],
    ['::', 6, '0:0:0:0'],
    ['1::', 6, '1:0:0:0'],
    ['::ffff:192.0.2.1', 6, '0:0:0:0'],
  ] as const)('%s', (address, family, source) => {
    expect(sourceOf({ address, family, port: 1 })).toBe(source)
  })
})
