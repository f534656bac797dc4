import { once } from 'node:events'
import { chmod, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { UserspaceBackend } from '@wgctrl/uapi'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { uniqueName } from '../contract/harness.js'
import { isolate } from '../contract/harnesses/isolation.js'
import { daemonOf } from '../contract/harnesses/wireguard-go.js'
import { peerKey } from '../contract/samples.js'
import { Relay } from '../faults/relay.js'
import { stopProcess } from '../stopped-process.js'
import { inTerminal, start, temporaryFolder, WGCTRL } from './program.js'

const PEERS = 4000

let backend: UserspaceBackend
let path: string

beforeAll(async () => {
  await isolate()
  backend = new UserspaceBackend()
  path = join(await temporaryFolder(), 'many.conf')
  const sections = Array.from(
    { length: PEERS },
    (_, n) => `[Peer]\nPublicKey = ${peerKey(n)}\nAllowedIPs = 10.${n >> 8}.${n & 255}.0/24\n`,
  )
  await writeFile(path, sections.join(''), { mode: 0o600 })
})

afterAll(() => backend[Symbol.asyncDispose]())

async function newDevice(): Promise<string> {
  const name = uniqueName()
  await backend.create(name)
  onTestFinished(() => backend.delete(name))
  return name
}

const countOf = async (name: string): Promise<number> => (await backend.device(name)).peers.length

const setconfIn = (name: string) =>
  inTerminal(`${process.execPath} ${WGCTRL} setconf ${name} ${path}; echo "status $?"`, {
    columns: 80,
    rows: 24,
  })

describe(`setconf of ${PEERS} peers in a terminal`, () => {
  it('shows its bar, and others see all of them or none', async () => {
    const name = await newDevice()
    const terminal = setconfIn(name)
    const seen = new Set<number>()
    while (!/status/.test(terminal.out)) seen.add(await countOf(name))
    await terminal.says(/status 0/)
    expect(terminal.out).toContain(`] ${PEERS}/${PEERS} peers`)
    expect(await countOf(name)).toBe(PEERS)
    expect([...seen].filter((count) => count !== 0 && count !== PEERS)).toEqual([])
  })

  it('changes all of them when Ctrl-C comes in the middle, and ends by it then', async () => {
    const name = await newDevice()
    await using relay = await Relay.before(`/var/run/wireguard/${name}.sock`, 100_000)
    const terminal = setconfIn(name)
    await relay.holds
    terminal.write('\x03')
    await terminal.says(/\^C/)
    relay.letGo()
    expect(await terminal.status()).toBe(130)
    expect(terminal.out).not.toContain('status')
    expect(await countOf(name)).toBe(PEERS)
  })

  it('ends by SIGTERM, in a while, when the daemon hangs', async () => {
    const hung = createServer((socket) => socket.on('error', () => {}).resume())
    const socket = '/var/run/wireguard/wghung.sock'
    await new Promise<void>((resolve) => hung.listen(socket, resolve))
    await chmod(socket, 0o600)
    onTestFinished(() => void hung.close())
    const reached = once(hung, 'connection')
    const setconf = start(['setconf', 'wghung', path])
    await reached
    setconf.kill('SIGTERM')
    expect(await setconf.status()).toBe(143)
  })
})

it('a set that takes several writes makes all of them when a signal comes during the first', async () => {
  const name = await newDevice()
  const daemon = (await daemonOf(name)) as number
  await using relay = await Relay.before(`/var/run/wireguard/${name}.sock`, 1)
  await stopProcess(daemon)
  const [one, other] = [peerKey(1), peerKey(2)]
  // What both wires would refuse as one.
  const ofBoth = ['allowed-ips', '10.0.0.1/32']
  const set = start(['set', name, 'peer', one, ...ofBoth, 'peer', other, ...ofBoth])
  // A caller who has said nothing yet would change nothing.
  await relay.holds
  set.kill('SIGTERM')
  process.kill(daemon, 'SIGCONT')
  relay.letGo()
  expect(await set.status()).toBe(143)
  const { peers } = await backend.device(name)
  expect(peers.map(({ publicKey, allowedIPs }) => [publicKey, ...allowedIPs]).sort()).toEqual(
    [[one], [other, '10.0.0.1/32']].sort(),
  )
})
