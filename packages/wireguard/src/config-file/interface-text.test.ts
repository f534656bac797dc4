import { generatePresharedKey, generatePrivateKey, publicKey } from '@wgctrl/types'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { InterfaceConfig } from '../interface/interface-config.js'
import { toInterfaceConfig } from './interface-config.js'
import { formatInterfaceConfig, newConfig } from './interface-text.js'
import { formatConfig, parseConfig } from './parse.js'
import { key } from './testing/config-text.js'

const privateKey = generatePrivateKey()
const presharedKey = generatePresharedKey()
const alice = publicKey(generatePrivateKey())
const bob = publicKey(generatePrivateKey())

const whole: InterfaceConfig = {
  name: 'wg0',
  privateKey,
  listenPort: 51820,
  firewallMark: 0xca6c,
  addresses: ['10.8.0.1/24', 'fd00::1/64'],
  dns: { servers: ['10.8.0.53', 'fe80::1%wg0'], search: ['corp.example'] },
  mtu: 1380,
  table: 'vpn',
  hooks: { preUp: ['a'], postUp: ['b # c', 'd'], preDown: [], postDown: ['e %i'] },
  saveConfig: true,
  forward: true,
  nat: { to: ['eth0', 'wwan0'], networks: ['10.8.0.0/24'], source: '203.0.113.5' },
  betweenClients: false,
  peers: [
    {
      publicKey: alice,
      presharedKey,
      endpoint: 'vpn.example.net:51820',
      persistentKeepalive: 25,
      allowedIPs: ['10.8.0.2', { cidr: 'FD00::2/128' }, { cidr: '10.9.0.0/16', remove: true }],
    },
    { publicKey: bob, endpoint: { address: 'fe80::9', family: 6, port: 7, scopeId: 'eth0' } },
  ],
}

describe('formatInterfaceConfig', () => {
  it('writes everything a file can say', () => {
    const peerName = (peer: string) => (peer === alice ? 'alice' : undefined)
    expect(formatInterfaceConfig(whole, { header: 'By the panel.\n\nKeep.\n', peerName })).toBe(`\
# By the panel.
#
# Keep.

[Interface]
PrivateKey = ${privateKey.toBase64()}
Address = 10.8.0.1/24, fd00::1/64
ListenPort = 51820
FwMark = 0xca6c
DNS = 10.8.0.53, fe80::1%wg0, corp.example
MTU = 1380
Table = vpn
PreUp = a
PostUp = b # c
PostUp = d
PostDown = e %i
SaveConfig = true
# wgctrl: Forward = true
# wgctrl: NAT = eth0, wwan0
# wgctrl: NATNetworks = 10.8.0.0/24
# wgctrl: NATSource = 203.0.113.5
# wgctrl: BetweenClients = false

[Peer]
# Name = alice
PublicKey = ${alice}
PresharedKey = ${presharedKey.toBase64()}
Endpoint = vpn.example.net:51820
PersistentKeepalive = 25
AllowedIPs = 10.8.0.2/32, fd00::2/128

[Peer]
PublicKey = ${bob}
Endpoint = [fe80::9%eth0]:7
`)
  })

  it('is the inverse of toInterfaceConfig', () => {
    const text = fc.constantFrom('iptables -A INPUT -i %i', 'a=b; c "#" d', 'x')
    const networks = fc.subarray(['10.0.0.2/32', '10.1.0.0/16', 'fd00::/64', '0.0.0.0/0'])
    const peer = fc.record(
      {
        publicKey: fc.constantFrom(key(11), key(12), key(13)),
        presharedKey: fc.constant(key(3)),
        endpoint: fc.constantFrom('vpn.example.net:443', '192.0.2.1:1', '[2001:db8::1]:65535'),
        persistentKeepalive: fc.integer({ min: 1, max: 65535 }),
        allowedIPs: networks,
      },
      { requiredKeys: ['publicKey'] },
    )
    const config = fc.record(
      {
        name: fc.constant('wg0'),
        privateKey: fc.constantFrom(key(1), key(2)),
        listenPort: fc.integer({ min: 1, max: 65535 }),
        firewallMark: fc.integer({ min: 1, max: 0xffffffff }),
        addresses: fc.subarray(['10.0.0.1/24', 'fd00::1/64']),
        mtu: fc.integer({ min: 1, max: 9000 }),
        table: fc.constantFrom('off', 'auto', 51, 'vpn'),
        dns: fc.record({
          servers: fc.subarray(['10.0.0.53', 'fd00::53']),
          search: fc.subarray(['a.example', 'b.example']),
        }),
        hooks: fc.record({ postUp: fc.array(text), preDown: fc.array(text) }),
        saveConfig: fc.boolean(),
        forward: fc.boolean(),
        betweenClients: fc.boolean(),
        nat: fc.record(
          {
            to: fc.subarray(['eth0', 'wwan0']),
            networks: fc.constant(['10.0.0.0/24']),
            source: fc.subarray(['203.0.113.5', '2001:db8::5']),
          },
          { requiredKeys: ['networks'] },
        ),
        peers: fc.uniqueArray(peer, { selector: (one) => one.publicKey, maxLength: 1 }),
      },
      { requiredKeys: ['name'] },
    )
    fc.assert(
      fc.property(config, (given) => {
        const once = formatInterfaceConfig(given)
        const read = toInterfaceConfig(parseConfig(once), 'wg0')
        expect(formatInterfaceConfig(read)).toBe(once)
        expect(read.addresses).toEqual(given.addresses ?? [])
        expect(read.hooks?.postUp).toEqual(given.hooks?.postUp ?? [])
        expect(read.listenPort).toBe(given.listenPort)
        expect([read.forward, read.betweenClients]).toEqual([given.forward, given.betweenClients])
        const { to = [], source = [], networks } = given.nat ?? {}
        expect({ to: [], source: [], ...read.nat }).toEqual({
          to,
          source,
          ...(networks && { networks }),
        })
        expect(read.peers?.map((one) => one.publicKey)).toEqual(
          (given.peers ?? []).map((one) => one.publicKey),
        )
      }),
    )
  })

  it.each([
    ['hooks.postUp[1]', { hooks: { postUp: ['a', () => {}] } }],
    ['nat.networks', { nat: {} }],
    ['nat.to', { nat: { to: 'a/b' }, addresses: ['10.8.0.1/24'] }],
    ['peers[0].remove', { peers: [{ publicKey: alice, remove: true }] }],
    ['peers[0].updateOnly', { peers: [{ publicKey: alice, updateOnly: true }] }],
    ['peers[1].publicKey', { peers: [{ publicKey: alice }, { publicKey: alice }] }],
    ['peers[0].endpoint', { peers: [{ publicKey: alice, endpoint: 'nowhere' }] }],
    ['peers[0].allowedIPs[0]', { peers: [{ publicKey: alice, allowedIPs: ['10.0.0/8'] }] }],
    ['listenPort', { listenPort: 70_000 }],
    ['addresses[0]', { addresses: ['10.0.0.300'] }],
    ['PostUp', { hooks: { postUp: ['a\nPostDown = b'] } }],
    ['name', { name: 'a/b' }],
    ['adresses', { adresses: [] }],
    ['dns.servers[0]', { dns: { servers: ['one'] } }],
  ])('refuses %s', (path, wrong) => {
    const config = { name: 'wg0', ...wrong } as InterfaceConfig
    expect(() => formatInterfaceConfig(config)).toThrow(
      expect.objectContaining({ code: 'EINVAL', path }),
    )
  })

  it('cannot be told to write a line of its own', () => {
    expect(formatInterfaceConfig({ name: 'wg0' }, { header: 'a\r\n[Peer]\rb' })).toBe(
      '# a\n# [Peer]\n# b\n\n[Interface]\n',
    )
    const peerName = () => 'x\n[Interface]'
    expect(() => formatInterfaceConfig(whole, { peerName })).toThrow(
      expect.objectContaining({ code: 'EINVAL', path: 'name' }),
    )
  })
})

it('newConfig is a file to be filled', () => {
  const file = newConfig()
  file.interface.listenPort = 7
  expect(formatConfig(file)).toBe('[Interface]\nListenPort = 7\n')
})
