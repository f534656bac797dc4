import { describe, expect, it } from 'vitest'
import { type InterfaceSettings, reconcile } from '../../packages/wireguard/src/interface/index.js'
import { cases } from './cases.js'
import { TestNamespace } from './namespace.js'
import { chosenBackend, Ours } from './sides.js'

const kind = await chosenBackend()

const base = cases['one address, one peer'] as InterfaceSettings
const [peer] = base.peers ?? []
if (!peer) throw new Error('no peer')

const to = (endpoints: string[], allowedIPs: string[] = ['10.9.0.2/32']): InterfaceSettings => ({
  ...base,
  peers: endpoints.map((endpoint, at) => ({
    ...peer,
    publicKey: Buffer.alloc(32, at + 1).toString('base64'),
    endpoint,
    allowedIPs: at === 0 ? allowedIPs : [],
  })),
})

/** The uplink carries 1400 bytes. Commands of ip(8) before, endpoints, and the MTU that fits. */
const ways: [string, string[], string[], number][] = [
  ['IPv4', [], ['203.0.113.1:1'], 1320],
  ['IPv6', [], ['[2001:db8:ffff::1]:1'], 1320],
  [
    'IPv6 where the IPv4 default route is wider',
    ['route replace default dev lo'],
    ['[2001:db8:ffff::1]:1'],
    1320,
  ],
  [
    'both, of which the narrower counts',
    ['-6 route add 2001:db8:f::/48 via 2001:db8::1 mtu 1300'],
    ['203.0.113.1:1', '[2001:db8:f::1]:1'],
    1220,
  ],
  [
    'a route with an MTU',
    ['route add 203.0.113.0/24 via 192.0.2.1 mtu 1360'],
    ['203.0.113.1:1'],
    1280,
  ],
  ['an unreachable network', ['route add unreachable 203.0.113.0/24'], ['203.0.113.1:1'], 1320],
  ['a blackhole', ['route add blackhole 203.0.113.0/24'], ['203.0.113.1:1'], 1320],
  [
    'a network that is prohibited',
    ['-6 route add prohibit 2001:db8:f::/48'],
    ['[2001:db8:f::1]:1'],
    1320,
  ],
  [
    'several gateways',
    ['route add 203.0.113.0/24 nexthop via 192.0.2.1 nexthop via 192.0.2.3'],
    ['203.0.113.1:1'],
    1320,
  ],
  [
    'a rule for the destination',
    ['route add default dev lo table 7', 'rule add to 203.0.113.1 table 7'],
    ['203.0.113.1:1'],
    65456,
  ],
]

describe(`the MTU, on devices of kind ${kind}`, () => {
  it.each(ways)('fits the way to %s', async (_, commands, endpoints, mtu) => {
    await using namespace = await TestNamespace.create('wgctrl-mtu', { uplinkMtu: 1400 })
    for (const command of commands) await namespace.ip(...command.split(' '))
    await using ours = await Ours.in(namespace, kind)
    const settings = to(endpoints)
    expect(await ours.bringUp({ name: 'wg0', ...settings })).toMatchObject({ mtu })
    expect(await reconcile(ours.context, 'wg0', settings)).toEqual([])
    await ours.bringDown('wg0')
  })

  it('does not follow a way through the tunnel itself', async () => {
    await using namespace = await TestNamespace.create('wgctrl-mtu', { uplinkMtu: 1400 })
    await using ours = await Ours.in(namespace, kind)
    const all = [
      ['0.0.0.0/0', '::/0'],
      ['10.20.0.0/16'],
      ['0.0.0.0/1', '128.0.0.0/1', '2000::/3'],
      ['203.0.113.0/24'],
    ]
    const endpoints = ['203.0.113.1:1', '[2001:db8:ffff::1]:1']
    await ours.bringUp({ name: 'wg0', ...to(endpoints, all[0]) })
    for (const allowedIPs of [...all, ...all].slice(1)) {
      for (const firewallMark of [0, 777]) {
        const settings = { ...to(endpoints, allowedIPs), firewallMark }
        const changes = await reconcile(ours.context, 'wg0', settings)
        expect(changes.filter((change) => change.kind === 'mtu')).toEqual([])
        expect(await reconcile(ours.context, 'wg0', settings)).toEqual([])
      }
    }
    await ours.bringDown('wg0')
  })
})
