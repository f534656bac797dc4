// Runs an application that has no way out but the tunnel. The device is made where the network is, so its
// UDP socket stays there; the interface moves into a namespace that has nothing else.
import { execFileSync } from 'node:child_process'
import { generatePrivateKey, open, publicKey } from 'wgctrl'

const ip = (...args: string[]) => execFileSync('ip', args, { encoding: 'utf8' })
const [appKey, serverKey] = [generatePrivateKey(), generatePrivateKey()]

// The stage: this machine's network, and a server on a cable. In real life `outside` is this process'
// own namespace, for which `/proc/self/ns/net` stands.
ip('netns', 'add', 'outside')
ip('netns', 'add', 'vpn')
ip(
  'link',
  'add',
  'eth0',
  'netns',
  'outside',
  'type',
  'veth',
  'peer',
  'name',
  'eth0',
  'netns',
  'vpn',
)
ip('-n', 'outside', 'address', 'add', '192.0.2.2/24', 'dev', 'eth0')
ip('-n', 'vpn', 'address', 'add', '192.0.2.1/24', 'dev', 'eth0')
for (const name of ['outside', 'vpn']) ip('-n', name, 'link', 'set', 'eth0', 'up')
const server = await open({ netns: 'vpn' })
await server.up({
  name: 'wg-vpn',
  privateKey: serverKey,
  listenPort: 51820,
  addresses: ['10.8.0.1/24'],
  peers: [{ publicKey: publicKey(appKey), allowedIPs: ['10.8.0.2/32'] }],
})

// The application's namespace: empty.
ip('netns', 'add', 'application')
const wg = await open({ netns: 'application' })
await wg.up(
  {
    name: 'wg-app',
    privateKey: appKey,
    addresses: ['10.8.0.2/32'],
    dns: { servers: ['10.8.0.1'] },
    // Nothing else is there: the default route may go into the main table as it is, without rules.
    table: 'main',
    peers: [
      {
        publicKey: publicKey(serverKey),
        endpoint: '192.0.2.1:51820',
        allowedIPs: ['0.0.0.0/0'],
      },
    ],
  },
  { socketNetns: 'outside' },
)

const inside = (...command: string[]) => ip('netns', 'exec', 'application', ...command)
console.log(inside('ip', '-brief', 'address'))
console.log(inside('ip', 'route'))
console.log(inside('ping', '-c', '1', '-W', '60', '10.8.0.1'))
console.log(inside('cat', '/etc/resolv.conf'))

await wg.down('wg-app')
try {
  inside('ping', '-c', '1', '-W', '1', '10.8.0.1')
} catch {
  console.log('without the tunnel there is no way out')
}

await server.down('wg-vpn')
await Promise.all([wg.close(), server.close()])
for (const name of ['application', 'outside', 'vpn']) ip('netns', 'delete', name)
