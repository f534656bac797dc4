// Captures handshake initiations of real devices and prints them as JSON, with keys made for it and
// never used again: test/vectors/initiations.json. Run it as root in a network namespace of its own:
//   unshare --net --mount node test/events/capture-initiations.mjs wireguard-go
//   node test/kernel/kernel.mjs -- node test/events/capture-initiations.mjs kernel
import { execFileSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const maker = process.argv[2] ?? 'kernel'
const run = (command, args, input) =>
  execFileSync(command, args, { input, encoding: 'utf8' }).trim()

const pairOfKeys = () => {
  const privateKey = run('wg', ['genkey'])
  return { privateKey, publicKey: run('wg', ['pubkey'], privateKey) }
}

async function capture(address, presharedKey) {
  const name = `cap${process.pid}`
  const initiator = pairOfKeys()
  const responder = pairOfKeys()
  const socket = createSocket(address === '::1' ? 'udp6' : 'udp4').bind(0, address)
  await once(socket, 'listening')
  if (maker === 'kernel') run('ip', ['link', 'add', name, 'type', 'wireguard'])
  else run('wireguard-go', [name])
  const { port } = socket.address()
  const endpoint = `${address === '::1' ? '[::1]' : address}:${port}`
  const psk = presharedKey ? [`PresharedKey = ${run('wg', ['genpsk'])}`] : []
  run('ip', ['link', 'set', name, 'up'])
  const config = [
    '[Interface]',
    `PrivateKey = ${initiator.privateKey}`,
    '[Peer]',
    `PublicKey = ${responder.publicKey}`,
    `Endpoint = ${endpoint}`,
    'PersistentKeepalive = 1',
    ...psk,
  ]
  const folder = mkdtempSync(join(tmpdir(), 'capture-'))
  writeFileSync(join(folder, 'conf'), `${config.join('\n')}\n`)
  const before = Date.now()
  run('wg', ['setconf', name, join(folder, 'conf')])
  const [message] = await once(socket, 'message')
  const after = Date.now()
  socket.close()
  run('ip', ['link', 'delete', name])
  rmSync(folder, { recursive: true })
  const times = { sentAfter: before, sentBefore: after }
  const release =
    maker === 'kernel' ? `Linux ${run('uname', ['-r'])}` : run(maker, ['--version']).split('\n')[0]
  return {
    by: release,
    ...(presharedKey && { presharedKey: true }),
    initiator,
    responder,
    ...times,
    message: message.toString('hex'),
  }
}

run('ip', ['link', 'set', 'lo', 'up'])
const captured = [await capture('127.0.0.1', false), await capture('::1', true)]
console.log(JSON.stringify(captured, null, 2))
