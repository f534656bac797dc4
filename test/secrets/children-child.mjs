// Makes devices with planted keys, as a program would, while children.test.ts looks at all there is:
// node children-child.mjs careful|careless LOOKED, a file that is made when it has seen what it waits for.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { open, parseConfig, toInterfaceConfig, writeConfigFile } from 'wgctrl'

/** As planted.ts has it. */
function planted(n) {
  const bytes = Buffer.alloc(32)
  for (let at = 0; at < 32; at++) bytes[at] = (at * 37 + n * 101 + 0x5a) & 255
  bytes[0] &= 248
  bytes[31] = (bytes[31] & 127) | 64
  return bytes
}

const [one, two, three] = [1, 2, 3].map((n) => planted(n).toString('base64'))
const publicKey = Buffer.alloc(32, 9).toString('base64')
const [mode, looked] = process.argv.slice(2)
const wait = `until [ -e '${looked}' ]; do sleep 0.1; done`

if (mode === 'careless') {
  writeFileSync(join(tmpdir(), 'careless.key'), planted(3).toString('hex'))
  execFileSync('sh', ['-c', wait, one], { env: { ...process.env, KEY: two } })
  console.log(one)
} else {
  const wg = await open({ backends: ['userspace'] })
  const text = `[Interface]\nPrivateKey = ${one}\nAddress = 10.7.0.1/24\nPostUp = ${wait}\nPostDown = ${wait}\n[Peer]\nPublicKey = ${publicKey}\nPresharedKey = ${two}\nAllowedIPs = 10.7.0.2/32\n`
  await wg.up({ ...toInterfaceConfig(parseConfig(text), 'wgsecret0') }, { hooks: 'shell' })
  await wg.configure('wgsecret0', { privateKey: three })
  await wg.sync('wgsecret0', { privateKey: one, peers: [{ publicKey, presharedKey: three }] })
  await wg.configure('wgsecret0', { peers: [{ publicKey: 'x' }] }).catch(console.log)
  console.log(await wg.device('wgsecret0'), JSON.stringify(await wg.devices(), bigints))
  await wg.down('wgsecret0', { hooks: 'shell' })
  await wg.create('wgsecret1')
  await wg.configure('wgsecret1', { privateKey: two })
  await wg.delete('wgsecret1')
  await writeConfigFile(join(tmpdir(), 'x', 'no', 'such'), parseConfig(text)).catch(console.log)
  await wg.close()
}
console.log('done')

function bigints(_, value) {
  return typeof value === 'bigint' ? String(value) : value
}
