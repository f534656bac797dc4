import { parseCidr, runAtOnce } from '@wgctrl/types'
import { describe, expect, it } from 'vitest'
import { covers, planRoutes } from './route-plan.js'

const plan = (...args: Parameters<typeof planRoutes>) => runAtOnce(planRoutes(...args))

const route = (destination: string, table = 254) => ({
  family: destination.includes(':') ? 6 : 4,
  destination,
  table,
})

describe('planRoutes', () => {
  it('puts the most specific first, IPv6 before IPv4', () => {
    const { routes } = plan(['10.0.0.0/8', 'fd00::/8', '10.1.0.0/16', '10.1.2.3/32'], 'auto')
    expect(routes.map(({ destination }) => destination)).toEqual([
      '10.1.2.3/32',
      '10.1.0.0/16',
      'fd00::/8',
      '10.0.0.0/8',
    ])
  })

  it('makes none with `off`', () => {
    expect(plan(['0.0.0.0/0', '10.0.0.0/8'], 'off')).toEqual({ routes: [], defaults: [] })
  })

  it('puts all into a table that is named, the default route too', () => {
    expect(plan(['0.0.0.0/0', '10.0.0.0/8'], 77)).toEqual({
      routes: [route('10.0.0.0/8', 77), route('0.0.0.0/0', 77)],
      defaults: [],
    })
  })

  it('keeps default routes apart', () => {
    expect(plan(['0.0.0.0/0', '10.0.0.0/8', '::/0'], 'auto')).toEqual({
      routes: [route('10.0.0.0/8')],
      defaults: [6, 4],
    })
  })

  it('needs none for what a route of the link in the main table covers', () => {
    const existing = [route('10.9.0.0/24'), route('fd00:9::/64'), route('10.8.0.0/16', 255)]
    const allowed = ['10.9.0.2/32', '10.9.0.0/24', '10.9.0.0/16', '10.8.0.1/32', 'fd00:9::2/128']
    const { routes } = plan(allowed, 'auto', existing)
    expect(routes).toEqual([route('10.8.0.1/32'), route('10.9.0.0/16')])
  })

  it('takes what is there for nothing in a table that is named', () => {
    const { routes } = plan(['10.9.0.2/32'], 77, [route('10.9.0.0/24')])
    expect(routes).toEqual([route('10.9.0.2/32', 77)])
  })

  it('makes one route of a network in two spellings', () => {
    const { routes } = plan(['10.0.0.0/8', '10.1.2.3/8'], 'auto')
    expect(routes).toEqual([route('10.0.0.0/8')])
  })
})

it('planRoutes takes a step for each so many networks and routes, however many there are of both', () => {
  const count = 20_000
  const networks = Array.from({ length: count }, (_, n) => `10.${n >> 8}.${n & 255}.1/32`)
  const existing = networks.map((_, n) => route(`10.${n >> 8}.${n & 255}.128/25`))
  const steps = planRoutes(networks, 'auto', existing)
  let turns = 0
  let next = steps.next()
  for (; !next.done; next = steps.next()) turns++
  expect(next.value.routes).toHaveLength(count)
  expect(turns).toBeGreaterThanOrEqual(100)
})

describe('covers', () => {
  const cases: [string, string, boolean][] = [
    ['10.0.0.0/8', '10.1.0.0/16', true],
    ['10.0.0.0/8', '10.0.0.0/8', true],
    ['10.0.0.0/16', '10.0.0.0/8', false],
    ['10.0.0.0/9', '10.128.0.0/16', false],
    ['0.0.0.0/0', '192.0.2.1/32', true],
    ['0.0.0.0/0', '::/0', false],
    ['fd00::/8', 'fdff::1/128', true],
  ]
  for (const [outer, inner, expected] of cases) {
    it(`${outer} ${expected ? 'covers' : 'does not cover'} ${inner}`, () => {
      expect(covers(parseCidr(outer), parseCidr(inner))).toBe(expected)
    })
  }
})
