import { execFile } from 'node:child_process'
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { generatePrivateKey, publicKey } from '@wgctrl/types'
import { UserspaceBackend } from '@wgctrl/uapi'
import { afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { ip, isolate } from '../contract/harnesses/isolation.js'
import { takeDownAll, temporaryFolder, WGCTRL, wgctrl } from './program.js'

const execute = promisify(execFile)
const backend = new UserspaceBackend()
const privateKey = generatePrivateKey()
const peer = publicKey(generatePrivateKey())

let folder: string
let file: string

beforeAll(async () => {
  await isolate()
  folder = await temporaryFolder()
})

beforeEach(() => {
  file = join(folder, 'wgupdown.conf')
})

afterEach(takeDownAll)

const config = (more = ''): string => `# kept
[Interface]
Address = 10.77.0.1/24
PrivateKey = ${privateKey.toBase64()}
ListenPort = 51840
PostUp = touch ${folder}/%i.up
PreDown = rm ${folder}/%i.up
${more}
[Peer] # alice
PublicKey = ${peer}
AllowedIPs = 10.77.0.2/32, 10.78.0.0/16
Endpoint = 127.0.0.1:4711
`

async function write(more?: string, mode = 0o600): Promise<void> {
  await writeFile(file, config(more))
  await chmod(file, mode)
}

const isThere = (path: string): Promise<boolean> =>
  readFile(path).then(
    () => true,
    () => false,
  )

describe('wgctrl up and down', () => {
  it('guard a default route by what --firewall says', async () => {
    const tables = async () => (await execute('nft', ['list', 'tables'])).stdout
    const guarded = join(folder, 'wgguarded.conf')
    await writeFile(guarded, config().replace('10.78.0.0/16', '0.0.0.0/0'), { mode: 0o600 })
    for (const way of ['netlink', 'nft', 'off']) {
      const up = await wgctrl('up', guarded, '--quiet', '--firewall', way)
      expect(up.status, up.err).toBe(0)
      expect(await tables()).toBe(way === 'off' ? '' : 'table ip wg-quick-wgguarded\n')
      expect((await wgctrl('down', guarded, '--quiet', '--firewall', way)).status).toBe(0)
      expect(await tables()).toBe('')
    }
    const refused = await wgctrl('up', guarded, '--firewall', 'pf')
    expect(refused.status).toBe(1)
    expect(refused.err).toContain('--firewall: expected auto or netlink or nft')
  })

  it('make what a file says, and remove it', async () => {
    await write()
    const up = await wgctrl('up', file)
    expect(up.status).toBe(0)
    expect(up.out).toBe('')
    expect(up.err).toMatch(/^\[#\] /m)
    expect(up.err).toContain('--hooks runs them')
    expect(await isThere(join(folder, 'wgupdown.up'))).toBe(false)
    const device = await backend.device('wgupdown')
    expect(device).toMatchObject({ listenPort: 51_840, publicKey: publicKey(privateKey) })
    expect(device.peers[0]?.allowedIPs.toSorted()).toEqual(['10.77.0.2/32', '10.78.0.0/16'])
    expect(await ip('-brief', 'address', 'show', 'wgupdown')).toContain('10.77.0.1/24')
    expect(await ip('route', 'get', '10.78.1.1')).toContain('dev wgupdown')
    const down = await wgctrl('down', file, '--quiet')
    expect(down.status).toBe(0)
    expect(down.err).not.toContain('[#]')
    expect(await backend.list()).not.toContain('wgupdown')
  })

  it('say what up would do, and do nothing', async () => {
    await write()
    const plan = await wgctrl('up', '--dry-run', '--hooks', file)
    expect([plan.status, plan.err]).toEqual([0, ''])
    expect(plan.out.split('\n')).toEqual(
      expect.arrayContaining([
        'make the interface',
        'add the address 10.77.0.1/24',
        'add the route 10.78.0.0/16',
        `run PostUp: touch ${folder}/%i.up`,
      ]),
    )
    expect(await backend.list()).not.toContain('wgupdown')
    const { err } = await wgctrl('up', '--hooks', file)
    expect(err).toBe(plan.out.replace(/^(?=.)/gm, '[#] '))
    const inTheWay = await wgctrl('up', '-n', file)
    expect([inTheWay.status, inTheWay.out]).toEqual([1, ''])
    expect(inTheWay.err).toContain('there is an interface wgupdown already')
    expect((await wgctrl('down', '--hooks', file)).status).toBe(0)
  })

  it('let their hooks change the file that they hold themselves', async () => {
    const save = `${process.execPath} ${WGCTRL} save ${folder}/wgupdown.conf`
    await write(`PostUp = wg set %i peer ${peer} persistent-keepalive 25; ${save}`)
    expect((await wgctrl('up', file, '--hooks')).status).toBe(0)
    expect(await readFile(file, 'utf8')).toContain('PersistentKeepalive = 25')
    expect((await wgctrl('down', file, '--hooks')).status).toBe(0)
  })

  it('run hooks when they are asked to', async () => {
    await write()
    expect((await wgctrl('up', file, '--hooks')).status).toBe(0)
    expect(await isThere(join(folder, 'wgupdown.up'))).toBe(true)
    expect((await wgctrl('down', file, '--hooks')).status).toBe(0)
    expect(await isThere(join(folder, 'wgupdown.up'))).toBe(false)
  })

  it('save what the interface is, and keep what the file had', async () => {
    await write('SaveConfig = true')
    expect((await wgctrl('up', file, '--backend', 'userspace')).status).toBe(0)
    await backend.configure('wgupdown', {
      listenPort: 51_841,
      peers: [{ publicKey: peer, persistentKeepalive: 25 }],
    })
    await ip('address', 'add', '10.77.0.9/24', 'dev', 'wgupdown')
    expect((await wgctrl('down', file)).status).toBe(0)
    const saved = await readFile(file, 'utf8')
    expect(saved).toMatch(/^# kept\n/)
    expect(saved).toContain('[Peer] # alice\n')
    expect(saved).toContain('ListenPort = 51841\n')
    expect(saved).toContain('PersistentKeepalive = 25')
    expect(saved).toContain(`PostUp = touch ${folder}/%i.up\n`)
    expect(saved).toContain('10.77.0.9/24')
    expect(saved).toContain(privateKey.toBase64())
  })

  it('down takes the name of an interface that has no file', async () => {
    await write()
    expect((await wgctrl('up', file)).status).toBe(0)
    expect(await wgctrl('down', 'wgupdown', '-q')).toEqual({ status: 0, out: '', err: '' })
    expect(await backend.list()).not.toContain('wgupdown')
  })

  it('say what is wrong, and leave nothing behind', async () => {
    expect(await wgctrl('up', 'wgupdown')).toMatchObject({
      status: 1,
      err: 'wgctrl up: /etc/wireguard/wgupdown.conf does not exist\n',
    })
    await write('MTU = 9')
    expect((await wgctrl('up', file)).status).toBe(1)
    expect(await backend.list()).not.toContain('wgupdown')
    await write()
    expect((await wgctrl('up', file, '--backend', 'x')).err).toContain('--backend: expected')
    expect((await wgctrl('down', file)).status).toBe(1)
  })
})

describe('wgctrl strip', () => {
  it('prints the same as wg-quick(8) strip, but for comments', async () => {
    await write('DNS = 10.0.0.1\nTable = off')
    const { status, out } = await wgctrl('strip', file)
    expect(status).toBe(0)
    const { stdout } = await execute('wg-quick', ['strip', file])
    const bare = (text: string): string[] =>
      text
        .split('\n')
        .map((line) => line.replace(/#.*/, '').trim())
        .filter((line) => line !== '')
    expect(bare(out)).toEqual(bare(stdout))
  })

  it('warns when everybody can read the file', async () => {
    await write('', 0o644)
    expect((await wgctrl('strip', file)).err).toBe('')
    await chmod(folder, 0o755)
    onTestFinished(() => chmod(folder, 0o700))
    expect((await wgctrl('strip', file)).err).toContain('warning: ')
  })
})
