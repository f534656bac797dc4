// Tries what the library can do, and says of each whether it worked: node probe.mjs DIRECTORY BACKEND.
// DIRECTORY is writable. Prints JSON: `ok`, or the code of the error.
import { join } from 'node:path'
import {
  generatePrivateKey,
  KernelBackend,
  open,
  parseConfig,
  publicKey,
  readConfigFile,
  UserspaceBackend,
  writeConfigFile,
} from 'wgctrl'

const [directory = '.', kind] = process.argv.slice(2)
const path = join(directory, 'probe.conf')
const privateKey = generatePrivateKey()
const userspace = new UserspaceBackend()
const backend = kind === 'userspace' ? userspace : new KernelBackend()

const tries = {
  keys: async () => publicKey(privateKey),
  'config text': async () => parseConfig('[Interface]\nListenPort = 1\n'),
  'config file': async () => {
    await writeConfigFile(path, parseConfig(`[Interface]\nPrivateKey = ${privateKey.toBase64()}\n`))
    await readConfigFile(path)
  },
  'list kernel devices': async () => {
    const kernel = new KernelBackend()
    await kernel.list().finally(() => kernel[Symbol.asyncDispose]())
  },
  'list userspace devices': async () => userspace.list(),
  "read root's device": async () => backend.device('wgroot0'),
  'make a device': async () => backend.create('wgprobe0'),
  'configure it': async () => backend.configure('wgprobe0', { privateKey, listenPort: 0 }),
  'read it': async () => backend.device('wgprobe0'),
  'bring an interface up and down': async () => {
    const wg = await open({ backends: [kind] })
    await wg.up({ name: 'wgprobe1', privateKey, addresses: ['10.9.0.1/24'] })
    await wg.down('wgprobe1')
    await wg.close()
  },
  'remove it': async () => backend.delete('wgprobe0'),
}

const results = {}
for (const [name, attempt] of Object.entries(tries)) {
  results[name] = await attempt().then(
    () => 'ok',
    (error) => error.code ?? String(error),
  )
}
await backend[Symbol.asyncDispose]?.()
console.log(JSON.stringify(results))
