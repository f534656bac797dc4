// Adds, changes and removes peers one by one, as an admin panel does.
import { generatePresharedKey, generatePrivateKey, open, publicKey } from 'wgctrl'

const wg = await open()
await wg.create('wg-panel')
await wg.configure('wg-panel', { privateKey: generatePrivateKey(), listenPort: 0 })

// In a real panel each client keeps its private key to itself.
const alice = publicKey(generatePrivateKey())
const bob = publicKey(generatePrivateKey())

await wg.configure('wg-panel', {
  peers: [
    { publicKey: alice, presharedKey: generatePresharedKey(), allowedIPs: ['10.8.0.2/32'] },
    { publicKey: bob, allowedIPs: ['10.8.0.3/32', 'fd00:8::3/128'] },
  ],
})

// `undefined` leaves a field as it is, `null` clears it; other peers are not touched.
await wg.configure('wg-panel', {
  peers: [
    { publicKey: alice, presharedKey: null, updateOnly: true },
    { publicKey: bob, allowedIPs: [{ cidr: '10.8.0.3/32', remove: true }, '10.8.0.4/32'] },
  ],
})
for await (const peer of wg.peers('wg-panel')) console.log(peer.publicKey, peer.allowedIPs)

await wg.configure('wg-panel', { peers: [{ publicKey: alice, remove: true }] })
console.log((await wg.device('wg-panel')).peers.length, 'peer is left')

await wg.delete('wg-panel')
await wg.close()
