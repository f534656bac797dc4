import type { InterfaceSettings } from '../../packages/wireguard/src/interface/index.js'

/** Keys that mean nothing: no test needs them to be secret. */
const privateKey = 'yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk='
const presharedKey = '/UwcSPg38hW/D9Y3tcS1FOV0K1wuURMbS0sesJEP5ak='
const alice = 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg='
const bob = 'TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0='
const carol = 'gN65BkIKy1eCE9pP1wdc8ROUtkHLF2PfAqYdyYBz6EA='

/** In the network of the uplink, where nobody is. */
const endpoint = '192.0.2.9:51820'
const endpoint6 = '[2001:db8::9]:51820'

const device = { privateKey, listenPort: 51821 }

/** What is brought up by wg-quick(8) and by us, by what is special about it. */
export const cases: Record<string, InterfaceSettings> = {
  'one address, one peer': {
    ...device,
    addresses: ['10.9.0.1/24'],
    peers: [{ publicKey: alice, allowedIPs: ['10.9.0.2/32'] }],
  },
  'an address for one host, and a network that needs a route': {
    ...device,
    addresses: ['10.9.0.1/32'],
    peers: [{ publicKey: alice, endpoint, allowedIPs: ['10.9.0.0/24', '172.16.0.0/12'] }],
  },
  'addresses of both families, and one without prefix length': {
    ...device,
    addresses: ['10.9.0.1/24', '10.9.1.1', 'fd00:9::1/64', 'fd00:a::1'],
    peers: [
      { publicKey: alice, endpoint: endpoint6, allowedIPs: ['fd00:9::2/128', 'fd00:b::/48'] },
    ],
  },
  'the default route of IPv4': {
    ...device,
    addresses: ['10.9.0.1/32'],
    peers: [{ publicKey: alice, endpoint, allowedIPs: ['0.0.0.0/0'] }],
  },
  'the default route of IPv6': {
    ...device,
    addresses: ['fd00:9::1/128'],
    peers: [{ publicKey: alice, endpoint: endpoint6, allowedIPs: ['::/0'] }],
  },
  'the default routes of both': {
    ...device,
    addresses: ['10.9.0.1/24', 'fd00:9::1/64'],
    peers: [{ publicKey: alice, endpoint, allowedIPs: ['0.0.0.0/0', '::/0'] }],
  },
  'a default route beside narrower ones': {
    ...device,
    addresses: ['10.9.0.1/24', '10.9.5.1/24'],
    peers: [
      { publicKey: alice, endpoint, allowedIPs: ['0.0.0.0/0'] },
      { publicKey: bob, allowedIPs: ['10.10.0.0/16', '10.9.5.7/32'] },
    ],
  },
  'the default route in halves': {
    ...device,
    addresses: ['10.9.0.1/24'],
    peers: [{ publicKey: alice, endpoint, allowedIPs: ['0.0.0.0/1', '128.0.0.0/1'] }],
  },
  'no routes (Table off)': {
    ...device,
    addresses: ['10.9.0.1/32'],
    table: 'off',
    peers: [{ publicKey: alice, endpoint, allowedIPs: ['0.0.0.0/0', '10.8.0.0/24'] }],
  },
  'a table by number': {
    ...device,
    addresses: ['10.9.0.1/32', 'fd00:9::1/128'],
    table: 1234,
    peers: [{ publicKey: alice, endpoint, allowedIPs: ['0.0.0.0/0', '10.8.0.0/24', '::/0'] }],
  },
  'a table by name': {
    ...device,
    addresses: ['10.9.0.1/32'],
    table: 'default',
    peers: [{ publicKey: alice, endpoint, allowedIPs: ['0.0.0.0/0', '10.8.0.0/24'] }],
  },
  'the automatic table, by its name': {
    ...device,
    addresses: ['10.9.0.1/32'],
    table: 'auto',
    peers: [{ publicKey: alice, endpoint, allowedIPs: ['0.0.0.0/0'] }],
  },
  'several peers whose networks overlap': {
    ...device,
    addresses: ['10.9.0.1/24'],
    peers: [
      { publicKey: alice, presharedKey, allowedIPs: ['10.9.0.2/32', '10.0.0.0/8'] },
      { publicKey: bob, allowedIPs: ['10.20.0.0/16', '10.9.0.128/25', '192.168.0.0/16'] },
      {
        publicKey: carol,
        allowedIPs: ['10.20.30.0/24', '192.168.1.1/32', 'fd00::/8', 'fd00:1::/32'],
      },
    ],
  },
  'an MTU that is given': {
    ...device,
    addresses: ['10.9.0.1/24', 'fd00:9::1/64'],
    mtu: 1380,
    peers: [{ publicKey: alice, endpoint, allowedIPs: ['10.8.0.0/24'] }],
  },
  'an endpoint on this machine, whose way is wide': {
    ...device,
    addresses: ['10.9.0.1/24'],
    peers: [{ publicKey: alice, endpoint: '127.0.0.1:51900', allowedIPs: ['10.9.0.2/32'] }],
  },
  'no endpoint: the default route tells the MTU': {
    ...device,
    addresses: ['fd00:9::1/64'],
    peers: [{ publicKey: alice, allowedIPs: ['fd00:9::/64'] }],
  },
  'name servers and search domains': {
    ...device,
    addresses: ['10.9.0.1/24'],
    dns: { servers: ['10.9.0.53', 'fd00:9::53'], search: ['corp.example', 'lab.example'] },
    peers: [{ publicKey: alice, endpoint, allowedIPs: ['10.9.0.0/24'] }],
  },
  'a firewall mark': {
    ...device,
    firewallMark: 0x1234,
    addresses: ['10.9.0.1/24'],
    peers: [{ publicKey: alice, endpoint, allowedIPs: ['10.9.0.2/32'] }],
  },
  'a firewall mark and a default route, whose table it names': {
    ...device,
    firewallMark: 777,
    addresses: ['10.9.0.1/24'],
    peers: [{ publicKey: alice, endpoint, persistentKeepalive: 25, allowedIPs: ['0.0.0.0/0'] }],
  },
  hooks: {
    ...device,
    addresses: ['10.9.0.1/24'],
    hooks: {
      postUp: [
        'ip route add 198.51.100.0/24 dev %i',
        'ip rule add from 198.51.100.1 lookup 77; echo "up %i" >> "$RESOLVCONF_LOG"',
      ],
      preDown: ['ip rule delete from 198.51.100.1 lookup 77'],
      postDown: ['echo "down %i" >> "$RESOLVCONF_LOG"'],
    },
    peers: [{ publicKey: alice, endpoint, allowedIPs: ['10.9.0.2/32'] }],
  },
  'a config that saves itself': {
    ...device,
    addresses: ['10.9.0.1/24', '10.9.1.1/32'],
    mtu: 1300,
    table: 'auto',
    saveConfig: true,
    peers: [
      { publicKey: alice, presharedKey, endpoint, allowedIPs: ['10.9.0.2/32'] },
      { publicKey: bob, persistentKeepalive: 25, allowedIPs: ['10.9.0.3/32', 'fd00:9::3/128'] },
    ],
  },
  'no address and no peer': { ...device },
}
