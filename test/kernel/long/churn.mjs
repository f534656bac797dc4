// Adds and removes peers of a device without pause until SIGTERM, in a process of its own:
//   node churn.mjs DEVICE
import { randomBytes } from 'node:crypto'
import { KernelBackend } from '@wgctrl/netlink'

const [device = ''] = process.argv.slice(2)
const keys = Array.from({ length: 5 }, () => randomBytes(32))
let isOver = false
process.once('SIGTERM', () => {
  isOver = true
})

const backend = new KernelBackend()
for (let round = 0; !isOver; round++) {
  await backend.configure(device, {
    peers: keys.map((publicKey, index) => ({ publicKey, allowedIPs: [`10.250.0.${index}/32`] })),
  })
  await backend.configure(device, { peers: keys.map((publicKey) => ({ publicKey, remove: true })) })
  // Short calls are over without a turn of the event loop, in which alone signals are heard.
  await new Promise(setImmediate)
  if (round === 0) process.send?.('changing')
}
await backend[Symbol.asyncDispose]()
process.exit(0)
