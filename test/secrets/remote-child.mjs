// Serves a device, or has it through a connection, as its first word says; drops all keys, and waits to be searched.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { inspect } from 'node:util'
import { writeHeapSnapshot } from 'node:v8'
import { connect, open, SecretKey, serve, UserspaceBackend } from 'wgctrl'

const [role, directory, snapshot, leak, secrets] = process.argv.slice(2)
const path = `${directory}/served.sock`

/** As planted.ts has it. The text is never made: keys go in as bytes. */
function planted(n) {
  // Memory that the collector does not move: copies of it would be found.
  const bytes = new Uint8Array(new ArrayBuffer(32))
  for (let at = 0; at < 32; at++) bytes[at] = (at * 37 + n * 101 + 0x5a) & 255
  bytes[0] &= 248
  bytes[31] = (bytes[31] & 127) | 64
  return bytes
}

function plantedKey(n) {
  const bytes = planted(n)
  const key = SecretKey.from(bytes)
  bytes.fill(0)
  return key
}

async function serveIt() {
  const wg = await open({ backends: [new UserspaceBackend({ socketDir: directory })] })
  const allow = { calls: ['read', 'configure'], secrets: secrets === 'true' }
  const log = (event) => console.log(inspect(event, { depth: 9, showHidden: true }))
  const server = await serve(wg, path, { allow, log })
  process.send('serving')
  await once(process, 'message')
  await server.close()
  await wg.close()
}

/** A change, one that is refused, and all ways to read. */
async function useIt() {
  const wg = await connect(path)
  const publicKey = createHash('sha256').update('a peer').digest('base64')
  for (let round = 0; round < 3; round++) {
    const [privateKey, presharedKey] = [plantedKey(1), plantedKey(2)]
    await wg.configure('wg0', { privateKey, peers: [{ publicKey, presharedKey }] })
    const refused = wg.configure('wg0', { privateKey, peers: [{ publicKey: 'x', presharedKey }] })
    await refused.then(
      () => process.exit(2),
      (error) => console.log(inspect(error, { depth: 9, showHidden: true })),
    )
    const denied = wg.up({ name: 'wg1', privateKey, peers: [{ publicKey, presharedKey }] })
    await denied.catch((error) => console.log(inspect(error, { depth: 9, showHidden: true })))
    const device = await wg.device('wg0')
    const keys = [device.privateKey, device.peers[0].presharedKey]
    const seen = keys.map((key, at) => key?.equals([privateKey, presharedKey][at]) === true)
    if (String(seen) !== `${secrets},${secrets}`) throw new Error(`the keys were seen: ${seen}`)
    for await (const peer of wg.peers('wg0')) peer.presharedKey?.wipe()
    for (const each of await wg.devices()) {
      each.privateKey?.wipe()
      for (const peer of each.peers) peer.presharedKey?.wipe()
    }
    await wg.sync('wg0', { privateKey, peers: [] }, { dryRun: true })
    for (const key of [...keys, privateKey, presharedKey]) key?.wipe()
  }
  await wg.close()
}

await (role === 'server' ? serveIt() : useIt())
const kept = leak === 'leak' ? planted(1) : undefined
const text = leak === 'leak' ? Buffer.from(planted(2)).toString('base64') : undefined
globalThis.gc()
globalThis.gc()
process.send('ready')
process.once('message', () => {
  // Not before its memory was searched: what it takes for a snapshot covers what others have let go of.
  writeHeapSnapshot(snapshot)
  if (kept && text) console.log(kept.length + text.length)
  process.disconnect()
})
