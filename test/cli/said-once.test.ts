import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { generatePrivateKey } from '@wgctrl/types'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { peerKey } from '../contract/samples.js'
import { makePair, type Pair } from './pair.js'
import { temporaryFolder } from './program.js'
import { runOurs } from './wg.js'

let pair: Pair
let folder: string

/** By what is wrong with them. */
const files: Readonly<Record<string, string>> = {
  syntax: '[Interface]\nWhat\n',
  section: '[Nothing]\nA = 1\n',
  key: '[Interface]\nWhat = 1\n',
  several: '[Interface]\nWhat = 1\nMTU = x\nAddress = y\n[Peer]\n',
  missing: '[Interface]\n[Peer]\nAllowedIPs = 10.0.0.0/8\n',
  value: `[Interface]\nPrivateKey = short\nListenPort = 70000\n`,
  conflict: `[Interface]\nMTU = 1400\nMTU = 1300\n`,
  host: `[Interface]\nAddress = 10.1.0.1/24\n[Peer]\nPublicKey = ${peerKey(1)}\nEndpoint = no-such-host.invalid:1\n`,
  network: `[Interface]\nAddress = 10.1.0.1/24\n[Peer]\nPublicKey = ${peerKey(1)}\nAllowedIPs = 10.9.0.0/24\n[Peer]\nPublicKey = ${peerKey(2)}\nAllowedIPs = 10.9.0.0/24\n`,
  hook: `[Interface]\nAddress = 10.1.0.1/24\nPostUp = exit 3\n`,
  pre: `[Interface]\nPreUp = echo no >&2; exit 4\n`,
  port: `[Interface]\nPrivateKey = @key\nListenPort = @port\nAddress = 10.1.0.1/24\n`,
  address: `[Interface]\nAddress = 10.1.0.1/24\nPreUp = ip link del %i\n`,
  quiet: `[Interface]\nAddress = 10.1.0.1/24\nPostUp = true\n`,
}

beforeAll(async () => {
  // In here no name server answers.
  vi.stubEnv('WG_ENDPOINT_RESOLUTION_RETRIES', '0')
  pair = await makePair()
  folder = await temporaryFolder()
  await mkdir(join(folder, 'vpn9.conf'))
  for (const [name, text] of Object.entries(files)) {
    const whole = text
      .replace('@key', generatePrivateKey().toBase64())
      .replace('@port', `${pair.alice.port}`)
    await writeFile(join(folder, `${name}.conf`), whole, { mode: 0o600 })
  }
  await writeFile(join(folder, 'open.conf'), files['quiet'] ?? '')
  await chmod(join(folder, 'open.conf'), 0o666)
  await writeFile('/var/run/wireguard/wgfile.sock', '')
  const stale = createServer((socket) => socket.destroy()).listen(
    '/var/run/wireguard/wgrefuse.sock',
  )
  await new Promise((resolve) => stale.once('listening', resolve))
  // Answers with what is none.
  const strange = createServer((socket) => socket.end('what=is\nthis\n\n'))
  await new Promise<void>((resolve) => strange.listen('/var/run/wireguard/wgodd.sock', resolve))
  const full = createServer((socket) => socket.end('errno=-28\n\n'))
  await new Promise<void>((resolve) => full.listen('/var/run/wireguard/wgfull.sock', resolve))
  closing.push(strange, full, stale)
})

const closing: { close(): unknown }[] = []

afterAll(async () => {
  vi.unstubAllEnvs()
  for (const each of closing) each.close()
  await pair[Symbol.asyncDispose]()
})

/** `@` is the folder, `alice` a device that is there, the rest is as it stands. */
const lines = [
  ...Object.keys(files).flatMap((name) => [
    `up @/${name}.conf --hooks`,
    `setconf alice @/${name}.conf`,
    `diff alice @/${name}.conf`,
    `strip @/${name}.conf`,
    `down @/${name}.conf`,
    `reload @/${name}.conf`,
  ]),
  ...['up', 'down', 'reload', 'strip'].flatMap((command) => [
    `${command} @/none.conf`,
    `${command} @/vpn9.conf`,
    `${command} nothing`,
    `${command} @/open.conf`,
    `${command} @/quiet.conf`,
    `${command} @/quiet.conf --backend linux-kernel`,
    `${command} /proc/1/mem/x.conf`,
  ]),
  ...['none', 'wgfile', 'wgrefuse', 'wgodd', 'wgfull', 'lo', 'a/b'].flatMap((name) => [
    `show ${name}`,
    `showconf ${name}`,
    `set ${name} listen-port 5`,
    `syncconf ${name} @/quiet.conf`,
    `diff ${name} @/quiet.conf`,
    `watch ${name} --lines`,
    `handshakes ${name}`,
    `--netns nowhere --backend linux-kernel diff ${name} @/quiet.conf`,
  ]),
  'show --no-such',
  'set alice peer x',
  'set alice listen-port x',
  'set alice private-key @/none',
  'set alice peer',
  'setconf alice @/none.conf',
  'diff alice @/none.conf',
  'diff alice @/vpn9.conf',
  'metrics --listen nonsense',
  'metrics --listen no-such-host.invalid:0',
  'metrics --listen 192.0.2.1:1',
  'metrics --max-age x',
  'watch --interval x',
  'watch alice --lines --names @/none.conf --interval 9999',
  'no-such-command',
  'completion tcsh',
  'pubkey x',
  '--backend x show',
  '--netns nowhere --backend linux-kernel watch --lines',
  '--netns nowhere --backend linux-kernel metrics',
  '--netns nowhere --backend linux-kernel up @/quiet.conf',
]

/** What stands twice: a part between colons, or three words in a row. */
function repeated(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => !/^\s*(usage|wgctrl \w+ \[)/i.test(line))
    .flatMap((line) => {
      const words = line.match(/[\w'./@=+-]*[\w/]/g) ?? []
      const runs = words.slice(2).map((word, at) => `${words[at]} ${words[at + 1]} ${word}`)
      const parts = line
        .split(/: |; |, /)
        .map((part) => part.trim())
        .filter((part) => part.length > 3)
      const twice = (all: string[]) => all.filter((one, at) => all.indexOf(one) < at)
      return [...twice(runs), ...twice(parts)]
    })
}

/** Words of the library that no command line has. */
const CALLS =
  /\b(readConfigFile|writeConfigFile|configure wg|device wg|peers wg|hooks: '|options\.)/

describe('what is said of a failure', () => {
  // One invocation after the other: several change the same devices.
  it('is said once, in the words of the command line', async () => {
    const wrong: string[] = []
    let failed = 0
    for (const line of lines) {
      const words = line
        .replaceAll('@', folder)
        .replace(/\balice\b/, pair.alice.device)
        .split(' ')
      const { status, err } = await runOurs(words, {}, 'wgctrl')
      if (status !== 0) failed++
      const said = err.replace(/^\[#\].*\n/gm, '')
      for (const found of repeated(said)) wrong.push(`${line}: ${found}\n   in ${err}`)
      const [call] = CALLS.exec(said) ?? []
      if (call !== undefined) wrong.push(`${line}: ${call}\n   in ${err}`)
      if (status !== 0 && err === '' && !line.startsWith('diff')) wrong.push(`${line}: nothing`)
    }
    expect(wrong.join('\n')).toBe('')
    expect(failed).toBeGreaterThan(lines.length / 2)
  })
})
