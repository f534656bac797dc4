// A server that three clients reach each other through. Hooks are functions: here one lets packets pass
// from client to client.
import { execFileSync } from 'node:child_process'
import { generatePrivateKey, type InterfaceConfig, open, publicKey } from 'wgctrl'

const ip = (...args: string[]) => execFileSync('ip', args, { encoding: 'utf8' })
const serverKey = generatePrivateKey()
const clients = [2, 3, 4].map((host) => ({
  netns: `client${host}`,
  name: `wg-client${host}`,
  key: generatePrivateKey(),
  address: `10.8.0.${host}`,
  cable: { server: `192.0.2.${4 * host + 1}`, client: `192.0.2.${4 * host + 2}` },
}))

// The stage: each machine is a network namespace, each client on a cable of its own.
ip('netns', 'add', 'hub')
for (const { netns, cable } of clients) {
  const peer = ['peer', 'name', 'eth0', 'netns', netns]
  ip('netns', 'add', netns)
  ip('link', 'add', netns, 'netns', 'hub', 'type', 'veth', ...peer)
  ip('-n', 'hub', 'address', 'add', `${cable.server}/30`, 'dev', netns)
  ip('-n', 'hub', 'link', 'set', netns, 'up')
  ip('-n', netns, 'address', 'add', `${cable.client}/30`, 'dev', 'eth0')
  ip('-n', netns, 'link', 'set', 'eth0', 'up')
}

// The server.
const server = await open({ netns: 'hub' })
const config: InterfaceConfig = {
  name: 'wg-server',
  privateKey: serverKey,
  listenPort: 51820,
  addresses: ['10.8.0.1/24'],
  hooks: {
    postUp: [
      () => void ip('netns', 'exec', 'hub', 'sysctl', '-qw', 'net.ipv4.ip_forward=1'),
      ({ name }) => console.log(name, 'is up'),
    ],
    postDown: [({ name }) => console.log(name, 'is down')],
  },
  peers: clients.map(({ key, address }) => ({
    publicKey: publicKey(key),
    allowedIPs: [`${address}/32`],
  })),
}
await server.up(config)

// The clients, each on its machine.
for (const { netns, name, key, address, cable } of clients) {
  const client = await open({ netns })
  await client.up({
    name,
    privateKey: key,
    addresses: [`${address}/32`],
    peers: [
      {
        publicKey: publicKey(serverKey),
        endpoint: `${cable.server}:51820`,
        allowedIPs: ['10.8.0.0/24'],
        persistentKeepalive: 25,
      },
    ],
  })
  await client.close()
}

for (const from of clients) {
  for (const to of clients) {
    if (from === to) continue
    ip('netns', 'exec', from.netns, 'ping', '-c', '1', '-W', '60', to.address)
    console.log(from.address, 'reaches', to.address)
  }
}
for await (const peer of server.peers('wg-server')) {
  console.log(peer.allowedIPs[0], 'last handshake', peer.lastHandshake, peer.receivedBytes, 'bytes')
}

for (const { netns, name } of clients) {
  const client = await open({ netns })
  await client.down(name)
  await client.close()
}
// With the config instead of its name: `down` runs its hooks.
await server.down(config)
await server.close()
for (const netns of ['hub', ...clients.map((client) => client.netns)]) ip('netns', 'delete', netns)
