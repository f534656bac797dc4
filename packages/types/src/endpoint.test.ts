import { isIP } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Endpoint,
  formatEndpoint,
  isNamed,
  parseEndpoint,
  parseIPv4Endpoint,
  writeIPv4Endpoint,
} from './endpoint.js'
import { WireGuardError } from './errors.js'

const v4 = { address: '192.0.2.1', port: 51820, family: 4 } as const
const local = { address: 'fe80::1', port: 51820, family: 6 } as const

describe('parseEndpoint', () => {
  it.each<[string, Endpoint]>([
    ['192.0.2.1:51820', v4],
    ['192.0.2.1:1', { ...v4, port: 1 }],
    ['192.0.2.1:65535', { ...v4, port: 65535 }],
    ['192.0.2.1:00080', { ...v4, port: 80 }],
    ['[2001:DB8:0::1]:51820', { address: '2001:db8::1', port: 51820, family: 6 }],
    ['[::ffff:192.0.2.1]:51820', v4],
    ['[::FFFF:c000:0201]:51820', v4],
    ['[0:0:0:0:0:ffff:192.0.2.1]:51820', v4],
    ['[::ffff:192.0.2.1%0]:51820', v4],
    ['[::ffff:0:192.0.2.1]:1', { address: '::ffff:0:c000:201', port: 1, family: 6 }],
    ['[::192.0.2.1]:1', { address: '::c000:201', port: 1, family: 6 }],
    ['[fe80::1%büro]:51820', { ...local, scopeId: 'büro' }],
    ['[fe80::1%eth0]:51820', { ...local, scopeId: 'eth0' }],
    ['[fe80::1%eth0.100]:51820', { ...local, scopeId: 'eth0.100' }],
    ['[fe80::1%2]:51820', { ...local, scopeId: 2 }],
    ['[fe80::1%4294967295]:51820', { ...local, scopeId: 4294967295 }],
    ['[fe80::1%0]:51820', local],
    ['[fe80::1]:51820', local],
  ])('reads %s', (text, expected) => {
    expect(parseEndpoint(text)).toStrictEqual(expected)
  })

  it.each<[string, string, number]>([
    ['example.org:51820', 'example.org', 51820],
    ['localhost:1', 'localhost', 1],
    ['a:65535', 'a', 65535],
    ['VPN.example.ORG.:80', 'VPN.example.ORG.', 80],
    ['under_score.local:80', 'under_score.local', 80],
    ['1.example:80', '1.example', 80],
    ['xn--bcher-kva.example:80', 'xn--bcher-kva.example', 80],
    [`${'a'.repeat(63)}.b:80`, `${'a'.repeat(63)}.b`, 80],
  ])('leaves the name in %s', (text, host, port) => {
    expect(parseEndpoint(text)).toStrictEqual({ host, port })
  })

  it.each([
    [{ ...v4 }, v4],
    [{ address: '192.0.2.1', port: 51820 }, v4],
    [{ address: 'FE80:0::1', port: 51820 }, local],
    [{ ...local, scopeId: 0 }, local],
    [{ address: '::ffff:192.0.2.1', port: 51820 }, v4],
    [{ address: '::ffff:c000:201', port: 51820, family: 6 }, v4],
    [{ address: '::ffff:192.0.2.1', port: 51820, family: 4 }, v4],
    [{ ...local, scopeId: undefined }, local],
    [
      { ...local, scopeId: 3 },
      { ...local, scopeId: 3 },
    ],
    [
      { ...local, scopeId: 'lo' },
      { ...local, scopeId: 'lo' },
    ],
  ])('reads %o', (input, expected) => {
    expect(parseEndpoint(input as Endpoint)).toStrictEqual(expected)
  })

  it.each(
    [
      ['', ':', ':80', '192.0.2.1', '192.0.2.1:', '192.0.2.1:x', '192.0.2.1:-1', '192.0.2.1:1.0'],
      ['192.0.2.1 :80', ' 192.0.2.1:80', '192.0.2.1:80 ', '192.0.2.1:80\n', '192.0.2.1:8:0'],
      ['192.0.2:80', '192.0.2.256:80', '300.1.1.1:80', '192.0.2.01:80', '1:80', '192.0.2.1%lo:80'],
      ['::1:80', '[::1]', '[::1]:', '::1]:80', '[::1:80', '[]:80', '[::1]80', '[[::1]]:80'],
      ['[192.0.2.1]:80', '[example.org]:80', '[::g]:80', '[::1%]:80', '[%lo]:80', '[::1%a b]:80'],
      ['[fe80::1%sixteen_letters_]:80', '[fe80::1%4294967296]:80', '[fe80::1%a/b]:80'],
      [
        '[::ffff:192.0.2.1%lo]:80',
        '[fe80::1%äöüäöüäö]:80',
        '[fe80::1%a\u202eb]:80',
        '[fe80::1%a\u200b]:80',
      ],
      ['[fe80::1%a\0b]:80', '[fe80::1%a\x7f]:80', '[fe80::1%a:b]:80', '[fe80::1%\x85]:80'],
      ['-a.example:80', 'a-.example:80', 'a..example:80', '.example:80', 'exa mple:80', 'ü.de:80'],
      ['a/b:80', 'http://a:80', `${'a'.repeat(64)}:80`, `${'abcdefg.'.repeat(32)}:80`, 'a%lo:80'],
    ].flat(),
  )('refuses %j', (text) => {
    const refusal = expect.objectContaining({ code: 'EINVAL', path: expect.stringMatching(/^at/) })
    expect(() => parseEndpoint(text, 'at')).toThrow(refusal)
  })

  it.each(['192.0.2.1:0', '192.0.2.1:65536', '[::1]:99999', 'example.org:0'])(
    'throws RangeError for the port of %s',
    (text) => {
      expect(() => parseEndpoint(text, 'at')).toThrow(RangeError)
      expect(() => parseEndpoint(text, 'at')).toThrow(expect.objectContaining({ path: 'at' }))
    },
  )

  it.each<[unknown, string, typeof TypeError | typeof RangeError | typeof WireGuardError]>([
    [undefined, 'at', TypeError],
    [null, 'at', TypeError],
    [1, 'at', TypeError],
    [[], 'at', TypeError],
    [{}, 'at', TypeError],
    [{ host: 'example.org', port: 80 }, 'at', TypeError],
    [{ ...v4, address: 1 }, 'at', TypeError],
    [{ ...v4, address: 'example.org' }, 'at.address', WireGuardError],
    [{ ...v4, address: '[::1]' }, 'at.address', WireGuardError],
    [{ ...v4, family: 6 }, 'at.family', WireGuardError],
    [{ ...local, family: 4 }, 'at.family', WireGuardError],
    [{ ...local, family: 'IPv6' }, 'at.family', WireGuardError],
    [{ ...v4, port: '80' }, 'at.port', TypeError],
    [{ ...v4, port: undefined }, 'at.port', TypeError],
    [{ ...v4, port: 0 }, 'at.port', RangeError],
    [{ ...v4, port: 65536 }, 'at.port', RangeError],
    [{ ...v4, port: 1.5 }, 'at.port', RangeError],
    [{ ...v4, port: Number.NaN }, 'at.port', RangeError],
    [{ ...v4, scopeId: 1 }, 'at.scopeId', WireGuardError],
    [{ ...local, scopeId: -1 }, 'at.scopeId', WireGuardError],
    [{ ...local, scopeId: 1.5 }, 'at.scopeId', WireGuardError],
    [{ ...local, scopeId: 2 ** 32 }, 'at.scopeId', WireGuardError],
    [{ ...local, scopeId: '' }, 'at.scopeId', WireGuardError],
    [{ ...local, scopeId: 'a]:1\nfwmark=1' }, 'at.scopeId', WireGuardError],
    [{ ...local, scopeId: null }, 'at.scopeId', TypeError],
    [{ ...local, scopeId: true }, 'at.scopeId', TypeError],
    [{ ...local, scopeId: ['lo'] }, 'at.scopeId', TypeError],
  ])('refuses %o', (input, path, kind) => {
    expect(() => parseEndpoint(input as Endpoint, 'at')).toThrow(kind)
    expect(() => parseEndpoint(input as Endpoint, 'at')).toThrow(WireGuardError)
    expect(() => parseEndpoint(input as Endpoint, 'at')).toThrow(expect.objectContaining({ path }))
  })

  it('takes any text to a value or to EINVAL', () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^[\][a-f0-9:.%]{0,30}:\d{1,5}$/))
    fc.assert(
      fc.property(text, (random) => {
        try {
          const endpoint = parseEndpoint(random)
          if (isNamed(endpoint)) expect(isIP(endpoint.host)).toBe(0)
          else expect(isIP(endpoint.address)).toBe(endpoint.family)
        } catch (error) {
          expect(error).toBeInstanceOf(WireGuardError)
        }
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('formatEndpoint', () => {
  const scope = fc.option(fc.oneof(fc.integer({ min: 1, max: 2 ** 32 - 1 }), fc.constant('lo')))
  it('writes what parseEndpoint reads', () => {
    const ip = fc.oneof(fc.ipV4(), fc.ipV6())
    fc.assert(
      fc.property(ip, fc.integer({ min: 1, max: 65535 }), scope, (address, port, scopeId) => {
        const family = isIP(address) as 4 | 6
        const scoped = family === 6 && scopeId !== null ? { scopeId } : {}
        fc.pre(!/^[0:]*:f{4}:/i.test(address))
        const endpoint = parseEndpoint({ address, port, family, ...scoped }) as Endpoint
        expect(parseEndpoint(formatEndpoint(endpoint))).toStrictEqual(endpoint)
      }),
    )
  })

  it.each<[Endpoint, string]>([
    [v4, '192.0.2.1:51820'],
    [local, '[fe80::1]:51820'],
    [{ ...local, scopeId: 2 }, '[fe80::1%2]:51820'],
    [{ ...local, scopeId: 'eth0' }, '[fe80::1%eth0]:51820'],
  ])('%o is %s', (endpoint, text) => {
    expect(formatEndpoint(endpoint)).toBe(text)
  })
})

describe('writeIPv4Endpoint', () => {
  it('writes what parseIPv4Endpoint reads, and nothing of anything else', () => {
    const port = fc.oneof(fc.nat(70_000), fc.constantFrom('0', '080', '', '1x', '000001'))
    const near = fc.tuple(fc.ipV4(), port).map(([address, number]) => `${address}:${number}`)
    const other = fc.oneof(near, fc.string(), fc.stringMatching(/^[0-9.:]{0,22}$/))
    fc.assert(
      fc.property(other, (text) => {
        const bytes = new Uint8Array(8)
        const read = parseIPv4Endpoint(text)
        const isUsual = read !== undefined && read.port > 0
        expect(writeIPv4Endpoint(text, bytes, 1)).toBe(isUsual)
        const octets = isUsual ? read.address.split('.').map(Number) : [0, 0, 0, 0]
        const number = isUsual ? read.port : 0
        expect([...bytes]).toEqual([0, number >> 8, number & 255, ...octets, 0])
      }),
      { numRuns: 2000 },
    )
  })
})
