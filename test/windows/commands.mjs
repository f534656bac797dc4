/**
 * The command `wgctrl` beside a device behind a named pipe, as a program for the project that has the packages. It
 * prints a line of JSON for each thing that it tries.
 */
export const commands = `
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { FakeDevice } from '@wgctrl/types/testing'
import { FakeUapiServer } from '@wgctrl/uapi/testing'

const pipe = String.raw\`\\\\.\\pipe\\ProtectedPrefix\\Administrators\\WireGuard\\wg0\`
const bin = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname.slice(1), 'node_modules/@wgctrl/cli/dist/bin.cjs')
const wgctrl = (...words) => promisify(execFile)(process.execPath, [bin, ...words])
const server = await FakeUapiServer.listen(pipe, new FakeDevice('wg0'))
const conf = join(tmpdir(), 'wg0.conf')
writeFileSync(conf, '[Interface]\\r\\nListenPort = 7\\r\\nFwMark = 9\\r\\n')

const tries = {
  'genkey and pubkey': async () => {
    assert.match((await wgctrl('genkey')).stdout, /^[A-Za-z0-9+/]{43}=\\r?\\n$/)
  },
  'setconf reads a file with line ends of Windows': async () => {
    await wgctrl('setconf', 'wg0', conf)
    assert.equal((await wgctrl('show', 'wg0', 'listen-port')).stdout.trim(), '7')
    assert.equal((await wgctrl('show', 'wg0', 'fwmark')).stdout.trim(), '0x9')
  },
  'set and show --json of a device that is named': async () => {
    await wgctrl('set', 'wg0', 'listen-port', '8')
    const device = JSON.parse((await wgctrl('show', 'wg0', '--json')).stdout)
    assert.equal(device.listenPort, 8)
  },
  'show of all says that pipes cannot be listed': async () => {
    const error = await wgctrl('show').catch((thrown) => thrown)
    assert.equal(error.code, 1)
    assert.match(error.stderr, /named pipes cannot be listed here/)
  },
  'strip takes the path of a file': async () => {
    const { stdout, stderr } = await wgctrl('strip', conf)
    assert.match(stdout, /ListenPort = 7/)
    assert.equal(stderr, '')
  },
  'up says that it cannot': async () => {
    const error = await wgctrl('up', conf).catch((thrown) => thrown)
    assert.notEqual(error.code ?? 0, 0)
    assert.match(error.stderr, /netlink needs Linux/)
  },
  'doctor says what is there': async () => {
    const { stdout } = await wgctrl('doctor').catch((thrown) => thrown)
    assert.match(stdout, /userspace devices are named pipes/)
    assert.match(stdout, /wgctrl can use: userspace/)
  },
}
for (const [title, attempt] of Object.entries(tries)) {
  const error = await attempt().catch((thrown) => thrown)
  console.log(JSON.stringify({ title, ...(error && { error: [error.message, error.stdout, error.stderr].join(' ') }) }))
}
await server[Symbol.asyncDispose]()
console.log(JSON.stringify({ title: 'the end' }))
`
