// Has keys, drops them, and waits to be searched. What it is given on its command line is no key.
import { createHash } from 'node:crypto'
import { writeHeapSnapshot } from 'node:v8'
import { open, SecretKey, UserspaceBackend } from 'wgctrl'

const [kind, socketDir, snapshot, leak] = process.argv.slice(2)

/** As planted.ts has it. The text is never made: keys go in as bytes. */
function planted(n) {
  // Memory that the collector does not move: copies of it would be found.
  const bytes = new Uint8Array(new ArrayBuffer(32))
  for (let at = 0; at < 32; at++) bytes[at] = (at * 37 + n * 101 + 0x5a) & 255
  bytes[0] &= 248
  bytes[31] = (bytes[31] & 127) | 64
  return bytes
}

const publicKey = createHash('sha256').update('a peer').digest('base64')
const backends = kind === 'userspace' ? [new UserspaceBackend({ socketDir })] : [kind]
const wg = await open({ backends })
if (kind !== 'userspace') await wg.create('wg0')

for (let round = 0; round < 3; round++) {
  const [privateKey, presharedKey] = [1, 2].map((n) => {
    const bytes = planted(n)
    const key = SecretKey.from(bytes)
    bytes.fill(0)
    return key
  })
  await wg.configure('wg0', { privateKey, peers: [{ publicKey, presharedKey }] })
  // What is refused leaves no copies behind.
  const wrong = { privateKey, peers: [{ publicKey: 'x', presharedKey }] }
  await wg.configure('wg0', wrong).then(
    () => process.exit(2),
    () => {},
  )
  const device = await wg.device('wg0')
  const same =
    device.privateKey.equals(privateKey) && device.peers[0].presharedKey.equals(presharedKey)
  if (!same) throw new Error('the device has other keys')
  for await (const peer of wg.peers('wg0')) peer.presharedKey.wipe()
  for (const change of await wg.sync('wg0', { privateKey, peers: [] }, { dryRun: true }))
    void change
  device.privateKey.wipe()
  device.peers[0].presharedKey.wipe()
  privateKey.wipe()
  presharedKey.wipe()
}
const kept = leak === 'leak' ? planted(1) : undefined
const text = leak === 'leak' ? Buffer.from(planted(2)).toString('base64') : undefined
await wg.close()
// The pieces of memory that the last calls used are taken by others.
globalThis.gc()
globalThis.gc()
writeHeapSnapshot(snapshot)
process.send('ready')
process.once('message', () => {
  if (kept && text) console.log(kept.length + text.length)
  process.disconnect()
})
