import { access, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generatePrivateKey, publicKey } from '@wgctrl/types'
import { UserspaceBackend } from '@wgctrl/uapi'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { parseConfig } from 'wgctrl'
import { ip, isolate } from '../contract/harnesses/isolation.js'
import { leftovers } from '../lifecycle/snapshot.js'
import { FarMachine } from './far-machine.js'
import { inTerminal, start, takeDownAll, temporaryFolder, WGCTRL, wgctrl } from './program.js'

/** Interfaces of another machine, from files of this one. */

const backend = new UserspaceBackend()
const privateKey = generatePrivateKey()
const alice = publicKey(generatePrivateKey())

let folder: string
let file: string
let far: FarMachine
let before: Awaited<ReturnType<typeof machine>>

const there = (...args: string[]) => wgctrl('--host', 'root@gateway', '--ssh', far.ssh, ...args)

/** What there is of interfaces. */
async function machine() {
  const shown = await Promise.all([ip('link'), ip('address'), ip('rule'), ip('route')])
  return { shown: shown.join('').replace(/^\d+: /gm, ''), daemons: (await leftovers()).daemons }
}

async function write(more = ''): Promise<void> {
  const text = `# kept
[Interface]
Address = 10.77.0.1/24
PrivateKey = ${privateKey.toBase64()}
ListenPort = 51840
${more}
[Peer] # alice
PublicKey = ${alice}
AllowedIPs = 10.77.0.2/32, 10.78.0.0/16
`
  await writeFile(file, text, { mode: 0o600 })
}

beforeAll(async () => {
  await isolate()
  folder = await temporaryFolder()
  far = await FarMachine.make(folder)
  file = join(folder, 'wgfar.conf')
  before = await machine()
})

beforeEach(() => write())

afterEach(async () => {
  const after = await machine()
  await takeDownAll()
  expect(after).toEqual(before)
})

describe('wgctrl --host with a file of this machine', () => {
  it('brings an interface up there, changes it, and takes it down', async () => {
    const plan = await there('up', '--dry-run', file)
    expect([plan.status, plan.err]).toEqual([0, ''])
    const up = await there('up', file)
    expect([up.status, up.out]).toEqual([0, ''])
    expect(up.err).toBe(plan.out.replace(/^(?=.)/gm, '[#] '))
    expect(await backend.device('wgfar')).toMatchObject({
      listenPort: 51_840,
      publicKey: publicKey(privateKey),
    })
    expect(await ip('-brief', 'address', 'show', 'wgfar')).toContain('10.77.0.1/24')
    expect(await there('reload', file)).toEqual({ status: 0, out: '', err: '' })
    await writeFile(file, (await readFile(file, 'utf8')).replace('10.78.0.0/16', '10.79.0.0/16'))
    const reload = await there('reload', file, '-q')
    expect([reload.status, reload.err]).toEqual([0, ''])
    expect(reload.out).toContain('add route 10.79.0.0/16')
    expect(await ip('route', 'get', '10.79.1.1')).toContain('dev wgfar')
    expect(await there('down', file, '-q')).toEqual({ status: 0, out: '', err: '' })
  })

  it('ensures one, and says what is in the way as it is said there', async () => {
    expect((await there('ensure', file, '-q')).out).toBe('brought up wgfar\n')
    expect(await there('ensure', file, '-q')).toEqual({ status: 0, out: '', err: '' })
    const again = await there('up', file, '-q')
    expect(again.status).toBe(1)
    expect(again.err).toContain('there is an interface wgfar already')
    expect((await there('down', 'wgfar', '-q')).status).toBe(0)
    const gone = await there('down', 'wgfar', '-q')
    expect(gone.status).toBe(1)
    expect(gone.err).toBe((await wgctrl('down', 'wgfar', '-q')).err)
  })

  it('adds a client to the file here and to the device there, and removes it', async () => {
    expect((await there('up', file, '-q')).status).toBe(0)
    const words = ['client', file, '--endpoint', 'vpn.example.net', '--name', 'bob']
    const added = await there('new', ...words)
    expect(added.status).toBe(0)
    const client = parseConfig(added.out)
    expect(client.interface.addresses).toEqual(['10.77.0.3/24'])
    const key = publicKey(client.interface.privateKey ?? '')
    const peers = async () => (await backend.device('wgfar')).peers.map((peer) => peer.publicKey)
    expect(await peers()).toContain(key)
    expect(await there('reload', file)).toEqual({ status: 0, out: '', err: '' })
    expect((await there('remove', 'client', file, 'bob')).status).toBe(0)
    expect(await peers()).toEqual([alice])
    expect(parseConfig(await readFile(file, 'utf8')).peers).toHaveLength(1)
    expect((await there('down', file, '-q')).status).toBe(0)
  })

  it('saves what the device is there into the file here', async () => {
    await write('SaveConfig = true')
    expect((await there('up', file, '-q')).status).toBe(0)
    await backend.configure('wgfar', { peers: [{ publicKey: alice, persistentKeepalive: 25 }] })
    expect((await there('save', file)).status).toBe(0)
    expect(await readFile(file, 'utf8')).toContain('PersistentKeepalive = 25')
    await backend.configure('wgfar', { listenPort: 51_841 })
    expect((await there('down', file, '-q')).status).toBe(0)
    const saved = await readFile(file, 'utf8')
    expect(saved).toMatch(/^# kept\n/)
    expect(saved).toContain('ListenPort = 51841\n')
  })

  it('takes the kernel’s device for an interface first, as on this machine', async () => {
    await there('show')
    expect((await far.asked()).at(-1)).toMatch(/ --first userspace$/)
    await there('up', '-n', file)
    expect((await far.asked()).at(-1)).toMatch(/ --first linux-kernel$/)
  })

  it('runs hooks there, which are told of no file of this machine', async () => {
    const told = join(folder, 'told')
    await write(`PostUp = echo "%i \${CONFIG_FILE-none}" >${told}`)
    expect((await there('up', file, '-q')).err).toContain('--hooks runs them')
    expect((await there('down', file, '-q')).status).toBe(0)
    expect((await there('up', file, '-q', '--hooks')).status).toBe(0)
    expect(await readFile(told, 'utf8')).toBe('wgfar none\n')
    expect((await there('down', file, '-q')).status).toBe(0)
  })
})

describe('a signal to wgctrl --host', () => {
  /** A terminal gives it to ssh as well. */
  const typed = (words: readonly string[]) =>
    inTerminal(
      `'${process.execPath}' ${WGCTRL} --host gateway --ssh ${far.ssh} ${words.join(' ')}`,
      { columns: 200, rows: 24 },
    )

  it('takes back there what up did', async () => {
    const ready = join(folder, 'ready')
    await write(`PostUp = touch ${ready}; sleep 86398`)
    const up = typed(['up', file, '--hooks'])
    await vi.waitFor(() => access(ready), 60_000)
    up.write('\x03')
    await up.says(/interrupted; all is taken back/)
    expect(await up.status()).toBe(130)
    expect(await machine()).toEqual(before)
    const killed = start(['--host', 'gateway', '--ssh', far.ssh, 'up', file, '--hooks'])
    await killed.says(/\[#\] run PostUp/, 'err')
    killed.kill('SIGTERM')
    expect(await killed.status()).toBe(143)
    expect(killed.err).toContain('interrupted; all is taken back')
  })

  it('is heard when down is done there', async () => {
    const [ready, go] = [join(folder, 'going'), join(folder, 'go')]
    await write(`PreDown = touch ${ready}; until [ -e ${go} ]; do sleep 0.05; done`)
    expect((await there('up', file, '-q')).status).toBe(0)
    const down = typed(['down', file, '--hooks'])
    await vi.waitFor(() => access(ready), 60_000)
    down.write('\x03')
    await down.says(/\^C/)
    await writeFile(go, '')
    expect(await down.status()).toBe(130)
    expect(down.out).not.toContain('wgctrl down:')
    expect(await machine()).toEqual(before)
  })
})
