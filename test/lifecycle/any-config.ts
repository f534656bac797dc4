import fc from 'fast-check'
import type { InterfaceSettings } from '../../packages/wireguard/src/interface/index.js'

const privateKey = 'yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk='
const keys = [
  'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=',
  'TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=',
]

/** Few networks, so that two configs have much in common. */
const addresses4 = [
  '10.20.0.2/24',
  '10.20.0.3/24',
  '10.20.0.9/24',
  '10.20.0.3/32',
  '10.20.0.3/16',
  '10.21.0.1/31',
  '127.0.0.7/32',
]
const addresses6 = ['fd00:9::1/64', 'fd00:9::2/64', 'fd00:9::1/48', 'fd00:a::1/128', 'fd01::1/32']
const networks4 = [
  '0.0.0.0/0',
  '0.0.0.0/1',
  '128.0.0.0/1',
  '10.20.0.0/24',
  '10.20.0.2/32',
  '10.20.0.77/32',
  '10.30.0.0/16',
  '10.21.0.0/31',
]
const networks6 = ['::/0', 'fd00:9::/64', 'fd00:9::2/128', 'fd00:a::1/128', 'fd01:0:1::/128']
const endpoints = ['192.0.2.9:51820', '[2001:db8::9]:51820', '198.51.100.7:51820', undefined]

const some = (of: readonly string[], maxLength: number): fc.Arbitrary<string[]> =>
  fc.uniqueArray(fc.constantFrom(...of), { maxLength })

const hostOf = (address: string): string => address.split('/')[0] as string

/** IPv6 has an address once, whatever its prefix length. */
const some6 = fc.uniqueArray(fc.constantFrom(...addresses6), { maxLength: 3, selector: hostOf })

/** A config that `up` can bring up beside an uplink in 192.0.2.0/24 and 2001:db8::/64. */
export const anyConfig: fc.Arbitrary<InterfaceSettings> = fc
  .record({
    own4: some(addresses4, 3),
    own6: some6,
    allowed4: some(networks4, 4),
    allowed6: some(networks6, 3),
    endpoint: fc.constantFrom(...endpoints),
    other: fc.constantFrom(...endpoints),
    split: fc.nat({ max: 4 }),
    table: fc.oneof(
      { weight: 4, arbitrary: fc.constant('auto' as const) },
      fc.constantFrom('off' as const, 1234),
    ),
    firewallMark: fc.oneof(
      { weight: 3, arbitrary: fc.constant(undefined) },
      fc.constantFrom(777, 0x1234),
    ),
    mtu: fc.option(fc.constantFrom(1300, 1380), { nil: undefined, freq: 4 }),
  })
  .map(({ own4, own6, allowed4, allowed6, endpoint, other, split, table, firewallMark, mtu }) => {
    const allowedIPs = [...allowed4, ...allowed6]
    const peers = [
      { publicKey: keys[0] as string, endpoint, allowedIPs: allowedIPs.slice(split) },
      { publicKey: keys[1] as string, endpoint: other, allowedIPs: allowedIPs.slice(0, split) },
    ]
    return {
      privateKey,
      listenPort: 51821,
      addresses: [...own4, ...own6],
      peers: peers.map(({ endpoint, ...peer }) => (endpoint ? { ...peer, endpoint } : peer)),
      table,
      ...(firewallMark !== undefined && { firewallMark }),
      ...(mtu !== undefined && { mtu }),
    }
  })
