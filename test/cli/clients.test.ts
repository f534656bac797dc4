import { execFile } from 'node:child_process'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { generatePrivateKey, publicKey } from '@wgctrl/types'
import { UserspaceBackend } from '@wgctrl/uapi'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { holdConfigFile, parseConfig, toInterfaceConfig } from 'wgctrl'
import { isolate } from '../contract/harnesses/isolation.js'
import { takesSignals } from './callers.js'
import { start, temporaryFolder, wgctrl } from './program.js'

const run = promisify(execFile)
const backend = new UserspaceBackend()
const serverKey = generatePrivateKey()
const first = publicKey(generatePrivateKey())

let folder: string
let server: string

const text = `# The office
[Interface]
PrivateKey = ${serverKey.toBase64()}
ListenPort = 51821
Address = 10.78.0.1/24, fd78::1/64 # both

# BEGIN_PEER bob
[Peer]
PublicKey = ${first}
AllowedIPs = 10.78.0.2/32, fd78::2/128
# END_PEER bob
`

const peersOf = async () => (await backend.device('wgoffice')).peers

const newClient = (...args: string[]) =>
  wgctrl('new', 'client', server, '--endpoint', 'vpn.example.net', ...args)

beforeAll(async () => {
  await isolate()
  folder = await temporaryFolder()
  server = join(folder, 'wgoffice.conf')
  await writeFile(server, text, { mode: 0o600 })
  expect(await wgctrl('ensure', server, '-q', '--backend', 'userspace')).toEqual({
    status: 0,
    out: 'brought up wgoffice\n',
    err: '',
  })
})

beforeEach(async () => {
  await writeFile(server, text, { mode: 0o600 })
  expect((await wgctrl('reload', server, '-q')).status).toBe(0)
})

afterAll(async () => {
  expect((await wgctrl('down', server, '-q')).status).toBe(0)
})

describe('wgctrl new client', () => {
  it('gives the client addresses and keys, and the server the client', async () => {
    const { status, out, err } = await newClient(
      '--name',
      'alice',
      '--dns',
      '10.78.0.1, corp.example',
    )
    expect({ status, err }).toMatchObject({
      status: 0,
      err: expect.stringContaining('10.78.0.3/32'),
    })
    const config = toInterfaceConfig(parseConfig(out), 'wg0')
    const [toServer] = config.peers ?? []
    expect(config.addresses).toEqual(['10.78.0.3/24', 'fd78::3/64'])
    expect(config.dns).toEqual({ servers: ['10.78.0.1'], search: ['corp.example'] })
    expect(toServer).toMatchObject({
      publicKey: publicKey(serverKey),
      endpoint: 'vpn.example.net:51821',
      allowedIPs: ['0.0.0.0/0', '::/0'],
    })
    const key = publicKey(config.privateKey ?? '')
    const peer = (await peersOf()).find((one) => one.publicKey === key)
    expect(peer?.allowedIPs.toSorted()).toEqual(['10.78.0.3/32', 'fd78::3/128'])
    expect(peer?.presharedKey?.equals(toServer?.presharedKey ?? '')).toBe(true)
    const after = await readFile(server, 'utf8')
    expect(after.startsWith(text)).toBe(true)
    expect(after.slice(text.length)).toContain(`# Name = alice\nPublicKey = ${key}\n`)
    expect((await wgctrl('reload', server)).out).toBe('')
  })

  it('gives clients that come at once addresses of their own', async () => {
    const made = await Promise.all(['a', 'b', 'c', 'd'].map((name) => newClient('--name', name)))
    expect(made.map(({ status }) => status)).toEqual([0, 0, 0, 0])
    const addresses = made.map(
      ({ out }) => toInterfaceConfig(parseConfig(out), 'wg0').addresses?.[0],
    )
    expect(addresses.toSorted()).toEqual([3, 4, 5, 6].map((host) => `10.78.0.${host}/24`))
    expect((await peersOf()).length).toBe(5)
    expect(parseConfig(await readFile(server, 'utf8')).peers.length).toBe(5)
  })

  it('gives nobody the address of a client in the device alone, commented out, or reserved', async () => {
    const stranger = publicKey(generatePrivateKey())
    await backend.configure('wgoffice', {
      peers: [{ publicKey: stranger, allowedIPs: ['10.78.0.3/32'] }],
    })
    const disabled = `
# carol is away
#[disabled] [Peer]
#[disabled] AllowedIPs = 10.78.0.4/32, fd78::3/128
## [Peer]
## AllowedIPs = 10.78.0.5/32 # dave
`
    await writeFile(server, text + disabled, { mode: 0o600 })
    const { status, out } = await newClient('--reserve', '10.78.0.6, fd78::4/126')
    expect(status).toBe(0)
    expect(parseConfig(out).interface.addresses).toEqual(['10.78.0.7/24', 'fd78::8/64'])
    const { err } = await newClient('--address', '10.78.0.3/24')
    expect(err).toContain(`${stranger}, which is in the device alone, has 10.78.0.3/32 already`)
    const peer = (await peersOf()).find((one) => one.publicKey === stranger)
    expect(peer?.allowedIPs).toEqual(['10.78.0.3/32'])
    expect((await newClient('--reserve', 'all')).err).toContain('--reserve: ')
  })

  it('takes what it is told', async () => {
    const key = publicKey(generatePrivateKey())
    const output = join(folder, 'carol.conf')
    const { status, out } = await newClient(
      ...['--public-key', key, '--no-preshared-key', '--address', '10.78.0.77/24'],
      ...['--allowed-ips', '10.78.0.0/24', '--networks', '192.168.7.0/24', '--keepalive', '25'],
      ...['--mtu', '1380', '--output', output],
    )
    expect({ status, out }).toEqual({ status: 0, out: '' })
    expect(await readFile(output, 'utf8')).toBe(`[Interface]
Address = 10.78.0.77/24
MTU = 1380

[Peer]
PublicKey = ${publicKey(serverKey)}
Endpoint = vpn.example.net:51821
PersistentKeepalive = 25
AllowedIPs = 10.78.0.0/24
`)
    expect((await stat(output)).mode & 0o777).toBe(0o600)
    expect((await peersOf()).find((one) => one.publicKey === key)?.allowedIPs.toSorted()).toEqual([
      '10.78.0.77/32',
      '192.168.7.0/24',
    ])
  })

  it.each([
    ['--endpoint', []],
    ['--endpoint', ['--endpoint', 'no host']],
    ['--address', ['--endpoint', 'x', '--address', '10.78.0']],
    ['--keepalive', ['--endpoint', 'x', '--keepalive', 'often']],
    ['--keepalive', ['--endpoint', 'x', '--keepalive', '65536']],
    ['--mtu', ['--endpoint', 'x', '--mtu', '0']],
    ['--dns', ['--endpoint', 'x', '--dns', '# none']],
    ['--allowed-ips', ['--endpoint', 'x', '--allowed-ips', '10.0.0.0/33']],
    ['10.78.0.2/32', ['--endpoint', 'x', '--address', '10.78.0.2']],
    ['publicKey', ['--endpoint', 'x', '--public-key', 'x']],
  ])('says what is wrong with %s, and changes nothing', async (what, args) => {
    const { status, out, err } = await wgctrl('new', 'client', server, ...args)
    expect({ status, out }).toEqual({ status: 1, out: '' })
    expect(err).toContain(what.replace(/^--(?=endpoint)/, ''))
    expect(await readFile(server, 'utf8')).toBe(text)
    expect((await peersOf()).length).toBe(1)
  })

  it('writes over no file, and leaves none behind', async () => {
    const output = join(folder, 'dave.conf')
    await writeFile(output, 'mine')
    expect((await newClient('--output', output)).status).toBe(1)
    expect(await readFile(output, 'utf8')).toBe('mine')
    const other = join(folder, 'erin.conf')
    expect((await newClient('--output', other, '--address', '10.78.0.2')).status).toBe(1)
    await expect(stat(other)).rejects.toMatchObject({ code: 'ENOENT' })
    expect(await readFile(server, 'utf8')).toBe(text)
  })

  it('prints a code that a phone reads as the file', async () => {
    const { out } = await newClient('--qr')
    // Behind the last line of the file.
    const end = out.indexOf('\n', out.indexOf('AllowedIPs')) + 1
    expect(out.slice(end).split('\n').length).toBeGreaterThan(20)
    const config = toInterfaceConfig(parseConfig(out.slice(0, end)), 'wg0')
    expect(config.addresses).toEqual(['10.78.0.3/24', 'fd78::3/64'])
  })
})

describe('wgctrl remove client', () => {
  it('removes by name or key, from the file with its comments and from the device', async () => {
    await newClient('--name', 'alice')
    expect(await wgctrl('remove', 'client', server, 'alice')).toEqual({
      status: 0,
      out: '',
      err: '',
    })
    expect(await readFile(server, 'utf8')).toBe(text)
    expect((await peersOf()).map((peer) => peer.publicKey)).toEqual([first])
    expect((await wgctrl('remove', 'client', server, first)).status).toBe(0)
    expect(await peersOf()).toEqual([])
    expect((await wgctrl('remove', 'client', server, 'bob')).err).toContain('no client bob')
    expect((await wgctrl('remove', 'peer', server, 'bob')).err).toContain('expected: client')
  })
})

describe('wgctrl qr', () => {
  it('is read by another program as the file', async () => {
    const svg = await wgctrl('qr', server, '--svg')
    expect(svg.status).toBe(0)
    const [picture, image] = [join(folder, 'code.svg'), join(folder, 'code.png')]
    await writeFile(picture, svg.out)
    await run('rsvg-convert', ['-w', '800', '-b', 'white', '-o', image, picture])
    const { stdout } = await run('zbarimg', ['--raw', '-q', image])
    expect(stdout.trimEnd()).toBe(text.trimEnd())
  })
})

describe('wgctrl list, create and delete', () => {
  it('make a device, name it and remove it', async () => {
    expect((await wgctrl('create', 'wgmade', '--backend', 'userspace')).status).toBe(0)
    expect((await wgctrl('list')).out).toBe('wgmade\nwgoffice\n')
    expect(JSON.parse((await wgctrl('list', '--json')).out)).toEqual(['wgmade', 'wgoffice'])
    expect((await wgctrl('create', 'wgmade')).err).toContain('wgmade')
    expect((await wgctrl('delete', 'wgmade')).status).toBe(0)
    expect((await wgctrl('list')).out).toBe('wgoffice\n')
    expect((await wgctrl('delete', 'wgmade')).status).toBe(1)
    expect((await wgctrl('create', 'wgmade', '--mtu', 'x')).err).toContain('--mtu')
  })
})

describe('wgctrl ensure and save', () => {
  it('bring the interface to its file, and the file to the device', async () => {
    expect(await wgctrl('ensure', server, '-q')).toEqual({ status: 0, out: '', err: '' })
    expect(
      (await wgctrl('set', 'wgoffice', 'peer', first, 'persistent-keepalive', '25')).status,
    ).toBe(0)
    const planned = await wgctrl('ensure', server, '-q', '--dry-run')
    expect(planned.out).toContain('keepalive')
    expect((await wgctrl('save', server)).status).toBe(0)
    const saved = await readFile(server, 'utf8')
    expect(saved).toContain('PersistentKeepalive = 25')
    expect(saved.replace('PersistentKeepalive = 25\n', '')).toBe(text)
    expect(await wgctrl('ensure', server, '-q')).toEqual({ status: 0, out: '', err: '' })
  })
})

it('commands that change a file or apply it wait for who holds the file', async () => {
  await backend.configure('wgoffice', { peers: [{ publicKey: first, persistentKeepalive: 25 }] })
  const held = await holdConfigFile(server)
  const commands = [
    ['save', server],
    ['reload', server, '-q'],
    ['ensure', server, '-q'],
    ['new', 'client', server, '--endpoint', 'vpn.example.net'],
    ['remove', 'client', server, 'bob'],
  ].map((words) => start(words))
  for (const { child } of commands) {
    await vi.waitFor(() => expect(takesSignals(child.pid)).toBe(true), 60_000)
  }
  // Time enough for whoever does not wait.
  await new Promise((resolve) => setTimeout(resolve, 1500))
  const ended = commands.map(({ child }) => child.exitCode)
  const [peer] = await peersOf()
  const meanwhile = await readFile(server, 'utf8')
  held[Symbol.dispose]()
  expect(ended).toEqual(commands.map(() => null))
  expect(peer).toMatchObject({ publicKey: first, persistentKeepalive: 25 })
  expect(meanwhile).toBe(text)
  expect(await Promise.all(commands.map((command) => command.status()))).toEqual([0, 0, 0, 0, 0])
  expect(await wgctrl('reload', server)).toEqual({ status: 0, out: '', err: '' })
  expect((await peersOf()).length).toBe(1)
})

it('wgctrl --version is that of the package', async () => {
  const manifest = new URL('../../packages/cli/package.json', import.meta.url)
  const { version } = JSON.parse(await readFile(manifest, 'utf8'))
  expect(await wgctrl('--version')).toEqual({ status: 0, out: `${version}\n`, err: '' })
})
