// Reads a hostile device: node --max-old-space-size=64 small-heap.mjs SOCKETDIR CALL, where CALL is `device`, `peers`, or `change`,
// which changes the device for each of its peers. Tells with which code it ended, and how many megabytes that took.
import { UserspaceBackend } from '@wgctrl/uapi'

const [socketDir, call] = process.argv.slice(2)
const wg = new UserspaceBackend({ socketDir })
const change = { peers: [{ publicKey: Buffer.alloc(32, 1).toString('base64') }] }

async function forEachPeer(action) {
  for await (const _ of wg.peers('wg0')) await action()
}

const calls = {
  device: () => wg.device('wg0'),
  peers: () => forEachPeer(() => {}),
  change: () => forEachPeer(() => wg.configure('wg0', change)),
}
const code = await calls[call]().then(
  () => 'passed',
  (error) => error.code ?? String(error),
)
console.log(JSON.stringify({ code, megabytes: process.resourceUsage().maxRSS / 1024 }))
