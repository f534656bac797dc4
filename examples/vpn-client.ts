// Sends all traffic through a VPN, name servers included, and takes it all back.
import { execFileSync } from 'node:child_process'
import { generatePrivateKey, open, publicKey } from 'wgctrl'

const [clientKey, serverKey] = [generatePrivateKey(), generatePrivateKey()]
const ip = (...args: string[]) => execFileSync('ip', args, { encoding: 'utf8' })

// The stage: two network namespaces on a cable. In real life the server is another machine, and the
// client is this one: leave `netns` out.
ip('netns', 'add', 'laptop')
ip('netns', 'add', 'provider')
ip(
  'link',
  'add',
  'eth0',
  'netns',
  'laptop',
  'type',
  'veth',
  'peer',
  'name',
  'eth0',
  'netns',
  'provider',
)
ip('-n', 'laptop', 'address', 'add', '192.0.2.2/24', 'dev', 'eth0')
ip('-n', 'provider', 'address', 'add', '192.0.2.1/24', 'dev', 'eth0')
// A host on the internet, as the server sees it.
ip('-n', 'provider', 'address', 'add', '203.0.113.7/32', 'dev', 'lo')
for (const name of ['laptop', 'provider']) {
  ip('-n', name, 'link', 'set', 'lo', 'up')
  ip('-n', name, 'link', 'set', 'eth0', 'up')
}
const server = await open({ netns: 'provider' })
await server.up({
  name: 'wg-server',
  privateKey: serverKey,
  listenPort: 51820,
  addresses: ['10.8.0.1/24'],
  peers: [{ publicKey: publicKey(clientKey), allowedIPs: ['10.8.0.2/32'] }],
})

// The client.
const client = await open({ netns: 'laptop' })
const { mtu, firewallMark, warnings } = await client.up({
  name: 'wg-client',
  privateKey: clientKey,
  addresses: ['10.8.0.2/32'],
  dns: { servers: ['10.8.0.1'], search: ['corp.example'] },
  peers: [
    {
      publicKey: publicKey(serverKey),
      endpoint: '192.0.2.1:51820',
      allowedIPs: ['0.0.0.0/0', '::/0'],
      persistentKeepalive: 25,
    },
  ],
})
console.log('up with an MTU of', mtu, 'and a table of its own:', firewallMark)
for (const { code, message } of warnings) console.warn(code, message)

// Both the internet and the name servers are behind the tunnel now.
console.log(ip('netns', 'exec', 'laptop', 'ping', '-c', '1', '-W', '60', '203.0.113.7'))
console.log(ip('netns', 'exec', 'laptop', 'cat', '/etc/resolv.conf'))

await client.down('wg-client')
console.log('rules that are left:\n', ip('-n', 'laptop', 'rule'))

await server.down('wg-server')
await Promise.all([client.close(), server.close()])
ip('netns', 'delete', 'laptop')
ip('netns', 'delete', 'provider')
