// Reads a hostile device, and changes it meanwhile: node --max-old-space-size=64 small-heap.mjs SOCKETDIR. Tells with which
// codes the calls ended, and how many megabytes that took.
import { UserspaceBackend } from '@wgctrl/uapi'

const wg = new UserspaceBackend({ socketDir: process.argv[2] })
const change = { peers: [{ publicKey: Buffer.alloc(32, 1).toString('base64') }] }
const code = (promise) =>
  promise.then(
    () => 'passed',
    (error) => error.code ?? String(error),
  )

async function changeWhileReading() {
  for await (const _ of wg.peers('wg0')) await wg.configure('wg0', change)
}

const codes = [await code(wg.device('wg0')), await code(changeWhileReading())]
console.log(JSON.stringify({ codes, megabytes: process.resourceUsage().maxRSS / 1024 }))
