// What a panel does for a new client: an address, keys, the client's config file, and then what it sent.
// Here the client comes at once, in a network namespace of its own.
import { execFileSync } from 'node:child_process'
import {
  AddressPool,
  connectionState,
  formatInterfaceConfig,
  generatePrivateKey,
  type InterfaceConfig,
  open,
  parseConfig,
  peerConfigs,
  TrafficLedger,
  toInterfaceConfig,
} from 'wgctrl'

const ip = (...args: string[]) => execFileSync('ip', args, { encoding: 'utf8' })

// The stage: the client's machine is a network namespace on a cable.
ip('netns', 'add', 'phone')
ip('link', 'add', 'cable', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', 'phone')
ip('address', 'add', '192.0.2.1/30', 'dev', 'cable')
ip('link', 'set', 'cable', 'up')
ip('-n', 'phone', 'address', 'add', '192.0.2.2/30', 'dev', 'eth0')
ip('-n', 'phone', 'link', 'set', 'eth0', 'up')

const wg = await open()
const server: InterfaceConfig = {
  name: await wg.freeName(),
  privateKey: generatePrivateKey(),
  listenPort: await wg.freePort(),
  addresses: ['10.8.0.1/24'],
}
await wg.up(server)
const ledger = new TrafficLedger()
const keeper = wg.keepLedger(ledger)

// The new client.
const pool = new AddressPool('10.8.0.0/24', { reserve: ['10.8.0.1'] })
const ends = peerConfigs(server, {
  addresses: [`${pool.take()}/24`],
  endpoint: '192.0.2.1',
  allowedIPs: ['10.8.0.0/24'],
  persistentKeepalive: 25,
})
await wg.configure(server.name, { peers: [ends.peer] })
const file = formatInterfaceConfig(ends.client, { header: 'alice' })
console.log(file.replace(/(PrivateKey|PresharedKey) = .*/g, '$1 = (hidden)'))
ends.wipe()

// The phone takes the file.
const phone = await open({ netns: 'phone' })
await phone.up(toInterfaceConfig(parseConfig(file), 'wg-phone'))
const { publicKey } = ends.peer
const peer = await wg.waitForHandshake(server.name, publicKey, { timeout: 60_000 })
console.log('alice is', connectionState(peer), 'from', peer.endpoint?.address)
ip('netns', 'exec', 'phone', 'ping', '-c', '3', '-i', '0.2', '-W', '60', '10.8.0.1')

// Removed, and what she sent is not forgotten.
await wg.configure(server.name, { peers: [{ publicKey, remove: true }] })
console.log('alice sent', ledger.total(publicKey).receivedBytes, 'bytes')

await phone.down('wg-phone')
await phone.close()
await keeper.close()
await wg.down(server.name)
await wg.close()
ip('netns', 'delete', 'phone')
