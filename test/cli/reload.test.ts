import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generatePrivateKey, publicKey } from '@wgctrl/types'
import { UserspaceBackend } from '@wgctrl/uapi'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ip, isolate } from '../contract/harnesses/isolation.js'
import { temporaryFolder, wgctrl } from './program.js'

const backend = new UserspaceBackend()
const privateKey = generatePrivateKey()
const [alice, bob] = [1, 2].map(() => publicKey(generatePrivateKey()))

let folder: string
let file: string

beforeAll(async () => {
  await isolate()
  folder = await temporaryFolder()
})

beforeEach(() => {
  file = join(folder, 'wgreload.conf')
})

afterEach(() => wgctrl('down', 'wgreload', '-q'))

const head = `[Interface]\nAddress = 10.79.0.1/24\nPrivateKey = ${privateKey.toBase64()}\nListenPort = 51850\n`
const peer = (key: string | undefined, networks: string): string =>
  `[Peer] # ${key === alice ? 'alice' : 'bob'}\nPublicKey = ${key}\nAllowedIPs = ${networks}\n`

const write = (...peers: string[]): Promise<void> =>
  writeFile(file, head + peers.join(''), { mode: 0o600 })

async function up(...peers: string[]): Promise<void> {
  await write(...peers)
  expect(await wgctrl('up', file, '-q', '--backend', 'userspace')).toMatchObject({ status: 0 })
}

describe('wgctrl reload', () => {
  it('brings an interface to its changed file, says what it did, and then has nothing to do', async () => {
    await up(peer(alice, '10.79.0.2/32, 10.80.0.0/16'))
    await write(peer(alice, '10.79.0.2/32'), peer(bob, '10.79.0.3/32, 10.81.0.0/16'))
    const planned = await wgctrl('reload', file, '-q', '--dry-run')
    expect(await ip('route')).not.toContain('10.81.0.0/16')
    const done = await wgctrl('reload', file, '-q')
    expect(done).toEqual({ status: 0, out: planned.out, err: '' })
    expect(done.out).toContain('add route 10.81.0.0/16\n')
    expect(done.out).toContain('remove route 10.80.0.0/16\n')
    expect(done.out).toContain(`${bob} (bob)`)
    const { peers } = await backend.device('wgreload')
    expect(peers.map(({ publicKey }) => publicKey).toSorted()).toEqual([alice, bob].toSorted())
    expect(await ip('route')).toMatch(/^10\.81\.0\.0\/16 dev wgreload/m)
    expect(await wgctrl('reload', file, '-q')).toEqual({ status: 0, out: '', err: '' })
  })

  it('keeps the mark of a default route, which syncconf switches off with a warning', async () => {
    await up(peer(alice, '0.0.0.0/0'))
    const { firewallMark } = await backend.device('wgreload')
    expect(firewallMark).toBeGreaterThan(0)
    expect(await wgctrl('reload', file, '-q')).toEqual({ status: 0, out: '', err: '' })
    expect(await backend.device('wgreload')).toMatchObject({ firewallMark })
    const plain = join(folder, 'wgreload.wg')
    await writeFile(plain, (await wgctrl('strip', file)).out, { mode: 0o600 })
    const synced = await wgctrl('syncconf', 'wgreload', plain)
    expect(synced.status).toBe(0)
    expect(synced.err).toContain(`the mark 0x${firewallMark.toString(16)} of wgreload is off`)
    expect(synced.err).toContain('wgctrl reload')
    expect((await wgctrl('syncconf', 'wgreload', plain)).err).toBe('')
    expect((await wgctrl('reload', file, '-q')).out).toContain('firewall mark: off → ')
  })

  it('and up name the word that lets the last of two lines win', async () => {
    const lines = [peer(alice, '10.79.0.2/32, 10.79.0.3/32'), peer(bob, '10.79.0.3/32')]
    await write(...lines)
    const refused = await wgctrl('up', file, '-q')
    expect(refused.status).toBe(1)
    expect(refused.err).toContain('--conflicts last-wins')
    expect(refused.err).toContain(file)
    const args = [file, '-q', '--conflicts', 'last-wins']
    expect((await wgctrl('up', ...args, '--backend', 'userspace')).status).toBe(0)
    const { peers } = await backend.device('wgreload')
    expect(peers.find(({ publicKey }) => publicKey === bob)?.allowedIPs).toEqual(['10.79.0.3/32'])
    expect((await wgctrl('reload', file)).err).toContain('--conflicts last-wins')
    expect(await wgctrl('reload', ...args)).toEqual({ status: 0, out: '', err: '' })
    expect(await wgctrl('diff', 'wgreload', ...args.toSpliced(1, 1))).toMatchObject({ status: 0 })
    expect((await wgctrl('up', file, '--conflicts', 'x')).err).toContain('--conflicts: expected')
  })

  it('tells an interface that is not there from a file that is not there', async () => {
    await write()
    expect(await wgctrl('reload', file)).toMatchObject({ status: 1, out: '' })
    expect((await wgctrl('reload', 'wgreload')).err).toContain('wgreload.conf does not exist')
  })
})
