import { describe, expect, it } from 'vitest'
import { AMNEZIA_FIELDS, type AmneziaConfig, checkAmnezia, parseRange } from './amnezia.js'
import { checkConfig, wipeConfig } from './checked-config.js'
import { refuseExtra, refuseForeign } from './dialect.js'

const KEY = Buffer.alloc(32, 7)

it('calls each parameter as daemons and files do', () => {
  const named = AMNEZIA_FIELDS.map(({ name, key, fileKey }) => [name, key, fileKey])
  expect(named).toContainEqual(['jc', 'jc', 'Jc'])
  expect(named).toContainEqual(['h4', 'h4', 'H4'])
  expect(named).toContainEqual([
    'headerProtectionKey',
    'header_protection_key',
    'HeaderProtectionKey',
  ])
  expect(named).toContainEqual([
    'maxHandshakeAttempts',
    'max_handshake_attempts',
    'MaxHandshakeAttempts',
  ])
})

describe('checkAmnezia', () => {
  it('brings values into one form', () => {
    const config = { jc: 4, h1: '7-7', h2: '10-4294967295', i1: '<r 5>', randomTrailers: true }
    expect(checkAmnezia(config)).toEqual({ ...config, h1: 7 })
  })

  it('leaves what is absent, and clears by null to what a new device has', () => {
    expect(checkAmnezia({ jc: undefined })).toEqual({})
    const cleared = {
      jc: null,
      h3: null,
      i2: null,
      headerProtectionKey: null,
      disableCookies: null,
    }
    expect(checkAmnezia(cleared)).toEqual({
      jc: 0,
      h3: 3,
      i2: '',
      headerProtectionKey: new Uint8Array(32),
      disableCookies: false,
    })
  })

  it('copies the key, which is wiped with the config', () => {
    const checked = checkConfig({ amnezia: { headerProtectionKey: KEY } })
    expect(checked.amnezia?.headerProtectionKey).toEqual(new Uint8Array(32).fill(7))
    wipeConfig(checked)
    expect(checked.amnezia?.headerProtectionKey).toEqual(new Uint8Array(32))
    expect(KEY[0]).toBe(7)
  })

  it.each<[string, unknown]>([
    ['amnezia', null],
    ['amnezia', []],
    ['amnezia.Jc', { Jc: 4 }],
    ['amnezia.jc', { jc: '4' }],
    ['amnezia.jc', { jc: 65536 }],
    ['amnezia.s4', { s4: -1 }],
    ['amnezia.s1', { s1: 1.5 }],
    ['amnezia.h1', { h1: 2 ** 32 }],
    ['amnezia.h1', { h1: '5-4' }],
    ['amnezia.h1', { h1: '5-' }],
    ['amnezia.h1', { h1: 'off' }],
    ['amnezia.h1', { h1: true }],
    ['amnezia.rekeyTimeout', { rekeyTimeout: '1-65536' }],
    ['amnezia.i1', { i1: '<b 0x00>\nprivate_key=' }],
    ['amnezia.i1', { i1: '<ü>' }],
    ['amnezia.i1', { i1: 'x'.repeat(32_769) }],
    ['amnezia.i1', { i1: 5 }],
    ['amnezia.randomTrailers', { randomTrailers: 1 }],
    ['amnezia.headerProtectionKey', { headerProtectionKey: 'x' }],
    ['amnezia.jmin', { jmin: 71, jmax: 70 }],
    ['amnezia.h3', { h1: 1, h2: '5-9', h3: '9-12' }],
    ['amnezia.s2', { headerProtectionKey: KEY, s1: 12, s2: 11 }],
  ])('names %s in %j', (path, amnezia) => {
    const attempt = () => checkConfig({ amnezia: amnezia as AmneziaConfig })
    expect(attempt).toThrow(expect.objectContaining({ code: 'EINVAL', path }))
  })
})

it.each([
  ['5', { from: 5, to: 5 }],
  ['5-10', { from: 5, to: 10 }],
  ['0-4294967295', { from: 0, to: 2 ** 32 - 1 }],
  ['', undefined],
  ['-', undefined],
  ['5-4', undefined],
  ['1-2-3', undefined],
  [' 5', undefined],
  ['4294967296', undefined],
])('reads the range %j', (text, ends) => {
  expect(parseRange(text, 2 ** 32 - 1)).toEqual(ends)
})

describe('a range of keepalives', () => {
  const peer = (fields: object) => checkConfig({ peers: [{ publicKey: KEY, ...fields }] }).peers[0]

  it('stands beside its lower end', () => {
    const range = { persistentKeepalive: 15, persistentKeepaliveRange: '15-30' }
    expect(peer(range)).toMatchObject(range)
    expect(peer({ persistentKeepaliveRange: '15-30' })).toMatchObject(range)
    expect(peer({ persistentKeepaliveRange: '15-15' })).not.toHaveProperty(
      'persistentKeepaliveRange',
    )
  })

  it.each([[5], ['30-15'], ['15-65536'], ['off']])('is not %j', (persistentKeepaliveRange) => {
    const path = 'peers[0].persistentKeepaliveRange'
    expect(() => peer({ persistentKeepaliveRange })).toThrow(
      expect.objectContaining({ code: 'EINVAL', path }),
    )
  })

  it('does not contradict the number beside it', () => {
    const path = 'peers[0].persistentKeepaliveRange'
    expect(() => peer({ persistentKeepalive: 25, persistentKeepaliveRange: '15-30' })).toThrow(
      expect.objectContaining({ code: 'EINVAL', path }),
    )
  })
})

it.each([{ amnezia: { jc: 4 } }, { peers: [{ publicKey: KEY, persistentKeepaliveRange: '1-2' }] }])(
  'is no config of plain WireGuard: %j',
  (config) => {
    const checked = checkConfig(config)
    expect(() => refuseForeign(checked, 'wireguard')).toThrow(
      expect.objectContaining({ code: 'EUNSUPPORTED', feature: 'amneziawg' }),
    )
    expect(() => refuseForeign(checked, 'amneziawg')).not.toThrow()
  },
)

it.each([{ extra: { later: '1' } }, { peers: [{ publicKey: KEY, extra: { later: '1' } }] }])(
  'is no config for a kernel: %j',
  (config) => {
    expect(() => refuseExtra(checkConfig(config))).toThrow(
      expect.objectContaining({ code: 'EUNSUPPORTED', feature: 'extra' }),
    )
    expect(() => refuseExtra(checkConfig({ amnezia: { jc: 4 } }))).not.toThrow()
  },
)
