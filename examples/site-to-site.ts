// Joins two networks by their gateways, then adds a third network while the tunnel runs.
import { execFileSync } from 'node:child_process'
import {
  describeInterfaceChange,
  generatePrivateKey,
  type InterfaceConfig,
  open,
  publicKey,
} from 'wgctrl'

const ip = (...args: string[]) => execFileSync('ip', args, { encoding: 'utf8' })
const [northKey, southKey] = [generatePrivateKey(), generatePrivateKey()]

// The stage: the gateways are network namespaces on a cable; one host of each network is on loopback.
ip('netns', 'add', 'north')
ip('netns', 'add', 'south')
ip(
  'link',
  'add',
  'eth0',
  'netns',
  'north',
  'type',
  'veth',
  'peer',
  'name',
  'eth0',
  'netns',
  'south',
)
for (const [site, wan, ...hosts] of [
  ['north', '192.0.2.1/24', '10.1.0.1/32'],
  ['south', '192.0.2.2/24', '10.2.0.1/32', '10.3.0.1/32'],
] as const) {
  ip('-n', site, 'address', 'add', wan, 'dev', 'eth0')
  for (const host of hosts) ip('-n', site, 'address', 'add', host, 'dev', 'lo')
  ip('-n', site, 'link', 'set', 'lo', 'up')
  ip('-n', site, 'link', 'set', 'eth0', 'up')
}

const north: InterfaceConfig = {
  name: 'wg-north',
  privateKey: northKey,
  listenPort: 51820,
  addresses: ['10.255.0.1/30'],
  peers: [
    {
      publicKey: publicKey(southKey),
      endpoint: '192.0.2.2:51820',
      allowedIPs: ['10.255.0.2/32', '10.2.0.0/16'],
    },
  ],
}
const south: InterfaceConfig = {
  name: 'wg-south',
  privateKey: southKey,
  listenPort: 51820,
  addresses: ['10.255.0.2/30'],
  peers: [
    {
      publicKey: publicKey(northKey),
      endpoint: '192.0.2.1:51820',
      allowedIPs: ['10.255.0.1/32', '10.1.0.0/16'],
    },
  ],
}
const [wgNorth, wgSouth] = [await open({ netns: 'north' }), await open({ netns: 'south' })]
await wgNorth.up(north)
await wgSouth.up(south)

const ping = (to: string) =>
  ip('netns', 'exec', 'north', 'ping', '-c', '1', '-W', '60', '-I', '10.1.0.1', to)
console.log(ping('10.2.0.1'))

// South gets another network. Nothing but the difference is sent; what runs goes on.
const grown: InterfaceConfig = {
  ...north,
  peers: north.peers?.map((peer) => ({
    ...peer,
    allowedIPs: [...(peer.allowedIPs ?? []), '10.3.0.0/16'],
  })),
}
const changes = await wgNorth.reconcile('wg-north', grown)
for (const change of changes) console.log('-', describeInterfaceChange(change))
console.log(ping('10.3.0.1'))
console.log('again:', (await wgNorth.reconcile('wg-north', grown)).length, 'changes')

await wgNorth.down('wg-north')
await wgSouth.down('wg-south')
await Promise.all([wgNorth.close(), wgSouth.close()])
ip('netns', 'delete', 'north')
ip('netns', 'delete', 'south')
