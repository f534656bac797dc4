import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generatePresharedKey, generatePrivateKey, publicKey } from '@wgctrl/types'
import { beforeAll, describe, expect, it } from 'vitest'
import { parseConfig } from 'wgctrl'
import { isolate } from '../contract/harnesses/isolation.js'
import { run } from '../lifecycle/command.js'
import { temporaryFolder, wgctrl } from './program.js'

const [alice, bob] = [publicKey(generatePrivateKey()), publicKey(generatePrivateKey())]
const [key, psk] = [generatePrivateKey().toBase64(), generatePresharedKey().toBase64()]

/** Where the command looks for files by itself; nobody else's here. */
const FILES = '/etc/wireguard'

const text = `# The office
[Interface]
PrivateKey = ${key}
ListenPort = 4711
Address = 10.79.0.1/24, fd79::1/64
PostUp = true # not a comment for us

# Name = alice
[Peer]
PublicKey = ${alice}
AllowedIPs = 10.79.0.2/32, 192.168.79.0/24
Endpoint = localhost:4712

[Peer] # bob
PublicKey = ${bob}
PresharedKey = ${psk}
AllowedIPs = 10.79.0.3/32
PersistentKeepalive = 25
`

let folder: string

/** What a network has of an interface, but for its index. */
const networkOf = async (name: string): Promise<string> => {
  const shown = `ip -o address show dev ${name}; ip link show dev ${name}; ip route show table all dev ${name}; ip -6 route show table all dev ${name}; ip rule; wg showconf ${name}`
  const lines = (await run('sh', '-ec', shown)).split('\n')
  // The kernel makes addresses and routes of a link's own up anew.
  return lines
    .filter((line) => !/fe80|multicast|^ +valid/.test(line))
    .map((line) => line.replace(/^\d+: /, '').replace(/qlen \d+|stable-privacy/g, ''))
    .sort()
    .join('\n')
}

beforeAll(async () => {
  await isolate()
  folder = await temporaryFolder()
  await run('mount', '-t', 'tmpfs', 'files', FILES)
  await writeFile(join(FILES, 'wgout.conf'), text, { mode: 0o600 })
  expect((await wgctrl('up', 'wgout', '-q')).status).toBe(0)
})

describe('wgctrl export', () => {
  it('is the file, with what was changed since', async () => {
    expect(await wgctrl('export', 'wgout')).toEqual({ status: 0, out: text, err: '' })
    await wgctrl('set', 'wgout', 'peer', bob, 'allowed-ips', '+10.79.0.4/32')
    await run('ip', 'address', 'add', '10.79.1.1/24', 'dev', 'wgout')
    const { out } = await wgctrl('export', 'wgout')
    expect(out).toBe(
      text
        .replace('fd79::1/64', 'fd79::1/64, 10.79.1.1/24')
        .replace('10.79.0.3/32', '10.79.0.3/32, 10.79.0.4/32'),
    )
    await run('ip', 'address', 'delete', '10.79.1.1/24', 'dev', 'wgout')
    await wgctrl('set', 'wgout', 'peer', bob, 'allowed-ips', '10.79.0.3/32')
  })

  it.each([
    ['the main table', [], undefined],
    ['a table of its own', ['Table = 1234'], 1234],
    ['no table', ['Table = off'], 'off'],
    ['a default route', ['Table = auto'], undefined],
    ['another MTU', ['MTU = 1300'], undefined],
  ])('of an interface without a file makes the same again: %s', async (what, lines, table) => {
    const path = join(folder, 'wgnofile.conf')
    const networks = what === 'a default route' ? '0.0.0.0/0, ::/0' : '10.80.1.0/24, fd80::/64'
    await writeFile(
      path,
      `[Interface]\nPrivateKey = ${key}\nAddress = 10.80.0.1/24\n${lines.join('\n')}\n
[Peer]\nPublicKey = ${alice}\nPresharedKey = ${psk}\nAllowedIPs = ${networks}, 10.80.0.2/32
Endpoint = 127.0.0.1:4713\n`,
      { mode: 0o600 },
    )
    expect((await wgctrl('up', path, '-q')).status).toBe(0)
    const before = await networkOf('wgnofile')
    const exported = await wgctrl('export', 'wgnofile')
    expect(exported).toMatchObject({ status: 0, err: '' })
    expect(parseConfig(exported.out).interface.table).toBe(table)
    expect((await wgctrl('down', path, '-q')).status).toBe(0)
    await writeFile(path, exported.out)
    expect((await wgctrl('up', path, '-q')).status).toBe(0)
    expect(await networkOf('wgnofile')).toBe(before)
    expect((await wgctrl('down', path, '-q')).status).toBe(0)
  })

  it('as JSON hides secrets unless they are asked for, and has the names of peers', async () => {
    const { out } = await wgctrl('export', 'wgout', '--json')
    expect(JSON.parse(out)).toEqual({
      name: 'wgout',
      privateKey: '(hidden)',
      listenPort: 4711,
      addresses: ['10.79.0.1/24', 'fd79::1/64'],
      dns: { servers: [], search: [] },
      hooks: { preUp: [], postUp: ['true # not a comment for us'], preDown: [], postDown: [] },
      peers: [
        {
          name: 'alice',
          publicKey: alice,
          allowedIPs: ['10.79.0.2/32', '192.168.79.0/24'],
          endpoint: 'localhost:4712',
        },
        {
          name: 'bob',
          publicKey: bob,
          presharedKey: '(hidden)',
          allowedIPs: ['10.79.0.3/32'],
          persistentKeepalive: 25,
        },
      ],
    })
    const open = JSON.parse((await wgctrl('export', '--json', '--secrets')).out)
    expect(open).toMatchObject([{ privateKey: key, peers: [{}, { presharedKey: psk }] }])
  })

  it('writes a file for each, for its owner alone, over none', async () => {
    expect(await wgctrl('export', '--output', folder)).toMatchObject({
      status: 0,
      out: `${join(folder, 'wgout.conf')}\n`,
    })
    const path = join(folder, 'wgout.conf')
    expect(await readFile(path, 'utf8')).toBe(text)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    await writeFile(path, 'mine')
    expect((await wgctrl('export', '--output', folder)).err).toContain(path)
    expect(await readFile(path, 'utf8')).toBe('mine')
  })

  it('says what is missing, and warns of a file that others can read', async () => {
    expect(await wgctrl('export')).toMatchObject({ status: 1, out: '' })
    expect((await wgctrl('export', 'wgnone')).err).toContain('wgnone')
    const open = join(folder, 'open')
    const bin = `${process.execPath} ${new URL('../../packages/cli/dist/bin.cjs', import.meta.url).pathname}`
    const script = `umask 022; ${bin} export wgout 2>&1 > ${open}`
    expect(await run('sh', '-c', script)).toContain('Warning: writing to world accessible file')
    expect(await readFile(open, 'utf8')).toBe(text)
  })

  it('goes by the interface alone where its file is wrong', async () => {
    await writeFile(join(FILES, 'wgout.conf'), `${text}Nonsense\n`)
    const { status, out, err } = await wgctrl('export', 'wgout')
    await writeFile(join(FILES, 'wgout.conf'), text)
    expect(status).toBe(0)
    expect(err).toContain('warning: without hooks and names: ')
    const config = parseConfig(out)
    expect(config.peers.map((peer) => peer.publicKey).sort()).toEqual([alice, bob].sort())
    expect(config.interface.addresses).toEqual(['10.79.0.1/24', 'fd79::1/64'])
  })
})

describe('wgctrl show --names', () => {
  it('has a line with the name of each peer that has one', async () => {
    const plain = await wgctrl('show', 'wgout')
    const named = await wgctrl('show', 'wgout', '--names')
    expect(named.out).toContain(`peer: ${alice}\n  name: alice\n`)
    expect(named.out).toContain(`peer: ${bob}\n  name: bob\n`)
    // wireguard-go has its peers in another order each time.
    const lines = (output: string): string[] => output.split('\n').sort()
    expect(lines(named.out.replace(/^ {2}name: .*\n/gm, ''))).toEqual(lines(plain.out))
  })

  it('has the names in JSON and in the last column of fields', async () => {
    const json = JSON.parse((await wgctrl('show', '--names', '--json')).out)
    const names = json[0].peers.map((peer: { name: string }) => peer.name)
    expect(names.sort()).toEqual(['alice', 'bob'])
    await writeFile(join(FILES, 'wgout.conf'), text.replace('# bob', ''))
    const { out } = await wgctrl('show', 'wgout', 'persistent-keepalive', '--names')
    const all = await wgctrl('show', 'all', 'dump', '--names')
    await writeFile(join(FILES, 'wgout.conf'), text)
    expect(out.split('\n').sort()).toEqual(
      ['', `${alice}\toff\talice`, `${bob}\t25\t(none)`].sort(),
    )
    const [head = '', ...lines] = all.out.trimEnd().split('\n')
    expect(head.split('\t')).toHaveLength(5)
    expect(lines.map((line) => line.split('\t').length)).toEqual([10, 10])
  })
})

describe('NAT in a file', () => {
  const words = '# wgctrl: NAT = lo\n# wgctrl: BetweenClients = false\n'
  const nft = () => run('nft', 'list', 'table', 'inet', 'wgctrl-wgnat')
  const rule = 'ip saddr 10.78.0.0/24 oifname "lo" masquerade'

  it('is made by up, kept by ensure, reload and what edits the file, and exported', async () => {
    const file = join(FILES, 'wgnat.conf')
    const head = '[Interface]\nAddress = 10.78.0.1/24\nListenPort = 4713\n'
    const whole = `${head}PrivateKey = ${key}\n${words}`
    await writeFile(file, whole, { mode: 0o600 })
    expect((await wgctrl('up', 'wgnat', '-q')).status).toBe(0)
    expect(await nft()).toContain(rule)
    for (const verb of ['ensure', 'reload']) {
      expect(await wgctrl(verb, 'wgnat')).toEqual({ status: 0, out: '', err: '' })
    }
    expect(await wgctrl('export', 'wgnat')).toEqual({ status: 0, out: whole, err: '' })
    const added = await wgctrl('new', 'client', 'wgnat', '--endpoint', 'vpn.example.net')
    expect(added.status).toBe(0)
    expect((await wgctrl('save', 'wgnat')).status).toBe(0)
    expect(await readFile(file, 'utf8')).toContain(words)
    const json = JSON.parse((await wgctrl('export', 'wgnat', '--json')).out)
    expect(json).toMatchObject({ nat: { to: ['lo'] }, betweenClients: false })

    await run('mv', file, join(folder, 'kept.conf'))
    const { out } = await wgctrl('export', 'wgnat')
    expect(out).toContain(words)
    await writeFile(file, out, { mode: 0o600 })
    expect(await wgctrl('ensure', 'wgnat')).toEqual({ status: 0, out: '', err: '' })

    await writeFile(file, out.replace(words, ''), { mode: 0o600 })
    expect((await wgctrl('reload', 'wgnat', '-q')).out).toContain('masquerade 10.78.0.0/24 to lo')
    await expect(nft()).rejects.toThrow()
    expect((await wgctrl('down', 'wgnat', '-q')).status).toBe(0)
  })

  it('is a comment to wg-quick(8)', async () => {
    const file = join(folder, 'wgnatq.conf')
    await writeFile(file, `[Interface]\nPrivateKey = ${key}\n${words}`, { mode: 0o600 })
    expect((await wgctrl('create', 'wgnatq')).status).toBe(0)
    for (const stripped of [
      await run('wg-quick', 'strip', file),
      (await wgctrl('strip', file)).out,
    ]) {
      expect(stripped).toContain(words)
      await writeFile(join(folder, 'stripped'), stripped, { mode: 0o600 })
      await run('wg', 'setconf', 'wgnatq', join(folder, 'stripped'))
    }
    expect((await wgctrl('delete', 'wgnatq')).status).toBe(0)
  })
})
