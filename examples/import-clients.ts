// Takes over what a database holds, though some of it is wrong, and makes a second device of the first.
import { generatePrivateKey, lastWins, open, publicKey, toConfig } from 'wgctrl'

const wg = await open({
  resolve: {
    retries: 0,
    onUnresolved: ({ message }) => console.log('without its endpoint:', message),
  },
})

// Two clients were given one network, and a site has moved to a name that nobody knows.
const [old, young, site] = [0, 1, 2].map(() => publicKey(generatePrivateKey()))
const config = {
  privateKey: generatePrivateKey(),
  listenPort: 0,
  peers: [
    { publicKey: `${old}`, allowedIPs: ['10.8.0.2/32', '10.8.0.3/32'] },
    { publicKey: `${young}`, allowedIPs: ['10.8.0.3/32'] },
    { publicKey: `${site}`, allowedIPs: ['10.9.0.0/24'], endpoint: 'site.invalid:51820' },
  ],
}

await wg.create('wg-first')
await wg.configure('wg-first', config).catch(({ message }) => console.log('refused:', message))
await wg.configure('wg-first', lastWins(config))

// A reading is no config: it has counters, which nothing can set.
await wg.create('wg-second')
await wg.configure('wg-second', { ...toConfig(await wg.device('wg-first')), listenPort: 0 })
for await (const { allowedIPs } of wg.peers('wg-second')) console.log(allowedIPs.join(', '))

await wg.delete('wg-first')
await wg.delete('wg-second')
await wg.close()
