// Writes a device while others do: node writer.mjs NAME ID ROUNDS. Each round adds three peers of its own.
import { createHash } from 'node:crypto'
import { open } from 'wgctrl'

const [name, id, rounds, ...backends] = process.argv.slice(2)
const wg = await open({ backends: backends.length > 0 ? backends : ['userspace'] })
const first = id === 'a' ? 1 : 2

for (let round = 0; round < Number(rounds); round++) {
  const peers = [1, 2, 3].map((part) => ({
    publicKey: createHash('sha256').update(`${id} ${round} ${part}`).digest('base64'),
    persistentKeepalive: 25,
    allowedIPs: [`10.${first * 10 + part}.${round}.1/32`],
  }))
  await wg.configure(name, { peers })
  const { peers: there } = await wg.device(name)
  const missing = peers.filter(
    ({ publicKey }) => !there.some((peer) => peer.publicKey === publicKey),
  )
  if (missing.length > 0) throw new Error(`${missing.length} peers are missing behind the write`)
}
await wg.close()
