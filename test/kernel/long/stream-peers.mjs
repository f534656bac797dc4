// Streams the peers of a device and prints, as JSON, how many there are and by how many MB the process
// grew meanwhile, at its peak:
//   node stream-peers.mjs DEVICE
import { readFileSync, writeFileSync } from 'node:fs'
import { open } from 'wgctrl'

const [device = ''] = process.argv.slice(2)
const wg = await open({ backends: ['linux-kernel'] })
// Code, connection and decoder are there before the count begins: a first peer is read.
for await (const _ of wg.peers(device)) break
// Resets VmHWM, the most that was resident: proc(5).
writeFileSync('/proc/self/clear_refs', '5')
const before = peak()
let peers = 0
for await (const _ of wg.peers(device)) peers++
console.log(JSON.stringify({ peers, grown: peak() - before }))
await wg.close()

function peak() {
  const [, kilobytes] = /VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  return Number(kilobytes) / 1024
}
