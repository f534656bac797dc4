// Streams and counts the peers of a device: node --max-old-space-size=64 large-stream.mjs SOCKETDIR NAME.
import { open } from 'wgctrl'

const [socketDir, name] = process.argv.slice(2)
const wg = await open({ backends: ['userspace'], socketDir })
let peers = 0
let networks = 0
for await (const { allowedIPs } of wg.peers(name)) {
  peers++
  networks += allowedIPs.length
}
await wg.close()
console.log(JSON.stringify({ peers, networks }))
