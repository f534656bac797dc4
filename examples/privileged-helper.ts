// A program without privileges, and a helper with them that lets it change the peers of one device and nothing else.
// Here the program starts the helper and stays root; a service manager would start each as a user of its own.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connect, generatePrivateKey, open, publicKey, serve, WireGuardError } from 'wgctrl'

const [path] = process.argv.slice(2)
if (path) await help(path)
else await useHelper()

async function help(socket: string): Promise<void> {
  await using wg = await open()
  await wg.create('wg-helped')
  await wg.configure('wg-helped', { privateKey: generatePrivateKey(), listenPort: 0 })
  await using server = await serve(wg, socket, {
    allow: { devices: ['wg-helped'], calls: ['read', 'peers'], uids: [process.getuid?.() ?? 0] },
    log: ({ type, peer, call }) =>
      console.error(`helper: ${type} ${call ?? ''} (user ${peer.uid})`),
  })
  console.log('ready')
  await once(process.stdin.resume(), 'end')
  await server.close()
  await wg.delete('wg-helped')
}

async function useHelper(): Promise<void> {
  const socket = join(await mkdtemp(join(tmpdir(), 'helper-')), 'wg.sock')
  const helper = spawn(process.execPath, [fileURLToPath(import.meta.url), socket], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  await once(helper.stdout, 'data')

  const wg = await connect(socket)
  const alice = publicKey(generatePrivateKey())
  await wg.configure('wg-helped', { peers: [{ publicKey: alice, allowedIPs: ['10.8.0.2/32'] }] })
  for await (const peer of wg.peers('wg-helped')) console.log(peer.publicKey, peer.allowedIPs)
  console.log('a private key?', (await wg.device('wg-helped')).privateKey) // none leaves the helper
  try {
    await wg.configure('wg-helped', { listenPort: 51820 })
  } catch (error) {
    if (!(error instanceof WireGuardError) || error.code !== 'EPERM') throw error
    console.log(error.message)
  }
  await wg.close()

  helper.stdin.end()
  await once(helper, 'exit')
  await rm(dirname(socket), { recursive: true })
}
