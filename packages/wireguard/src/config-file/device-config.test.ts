import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  checkConfig,
  type DeviceConfig,
  generatePrivateKey,
  isNamed,
  publicKey,
  SecretKey,
} from '@wgctrl/types'
import { FakeDevice } from '@wgctrl/types/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { readConfigFile } from './config-io.js'
import { type DeviceConfigOptions, toDeviceConfig } from './device-config.js'
import { stripConfig, toInterfaceConfig } from './interface-config.js'
import { formatConfig, parseConfig } from './parse.js'
import { ConfigFileError } from './problem.js'
import { key } from './testing/config-text.js'

const convert = (text: string, options?: DeviceConfigOptions): DeviceConfig =>
  toDeviceConfig(parseConfig(text), options)

const peer = (lines: string, fill = 9) => `[Peer]\nPublicKey = ${key(fill)}\n${lines}\n`
const zero = key(0)

describe('toDeviceConfig', () => {
  const whole = [
    '[Interface]',
    `PrivateKey = ${key(1)}`,
    'ListenPort = 51820',
    'FwMark = 0xca6c',
    'Address = 10.0.0.1/24',
    peer('AllowedIPs = 10.0.0.2, 10.0.0.7/24\nEndpoint = 192.0.2.1:1\nPersistentKeepalive = 25'),
    peer(`PresharedKey = ${key(5)}\nEndpoint = VPN.example.net:1`, 8),
  ].join('\n')

  it('takes the file as the whole state', () => {
    const config = convert(whole)
    expect(config).toStrictEqual({
      privateKey: expect.any(SecretKey),
      listenPort: 51820,
      firewallMark: 0xca6c,
      replacePeers: true,
      peers: [
        {
          publicKey: key(9),
          endpoint: { address: '192.0.2.1', port: 1, family: 4 },
          persistentKeepalive: 25,
          allowedIPs: ['10.0.0.2/32', '10.0.0.0/24'],
        },
        {
          publicKey: key(8),
          presharedKey: expect.any(SecretKey),
          endpoint: 'VPN.example.net:1',
          allowedIPs: [],
        },
      ],
    })
    expect((config.privateKey as SecretKey).equals(key(1))).toBe(true)
  })

  it('resets what the file does not have, as setconf and syncconf do', () => {
    const reset = {
      privateKey: null,
      listenPort: 0,
      firewallMark: 0,
      replacePeers: true,
      peers: [],
    }
    expect(convert('')).toStrictEqual(reset)
    expect(convert('', { mode: 'syncconf' })).toStrictEqual(reset)
    expect(convert(`[Interface]\nPrivateKey = ${zero}\nFwMark = off`)).toStrictEqual(reset)
  })

  it('leaves what the file does not have, as addconf does', () => {
    expect(convert('', { mode: 'addconf' })).toStrictEqual({ peers: [] })
    const text = `[Interface]\nPrivateKey = ${zero}\nFwMark = off\n${peer(`PresharedKey = ${zero}`)}`
    expect(convert(text, { mode: 'addconf' })).toStrictEqual({
      privateKey: null,
      firewallMark: 0,
      peers: [{ publicKey: key(9), presharedKey: null, replaceAllowedIPs: true, allowedIPs: [] }],
    })
  })

  describe('takes allowed IPs with + and -', () => {
    const marked = peer('AllowedIPs = +10.0.0.1, -10.0.0.2, 10.0.0.3')
    const changes = ['10.0.0.1/32', { cidr: '10.0.0.2/32', remove: true }, '10.0.0.3/32']

    it('as changes of what the device has', () => {
      for (const mode of ['addconf', 'syncconf'] as const) {
        expect(convert(marked, { mode }).peers).toStrictEqual([
          { publicKey: key(9), replaceAllowedIPs: false, allowedIPs: changes },
        ])
      }
    })

    it('as those of a new peer where all peers are new', () => {
      expect(convert(marked).peers).toStrictEqual([
        { publicKey: key(9), allowedIPs: ['10.0.0.1/32', '10.0.0.3/32'] },
      ])
    })

    it('by the last line: one without marks replaces', () => {
      const lines = peer('AllowedIPs = +10.0.0.1\nAllowedIPs = 10.0.0.2')
      expect(convert(lines, { mode: 'addconf' }).peers).toMatchObject([
        { replaceAllowedIPs: true, allowedIPs: ['10.0.0.1/32', '10.0.0.2/32'] },
      ])
    })

    it('as a change of whoever has one which is given and taken away again', () => {
      const lines = peer('AllowedIPs = +10.0.0.1') + peer('AllowedIPs = +10.0.0.2, -10.0.0.2', 8)
      const taken = { cidr: '10.0.0.2/32', remove: true }
      expect(convert(lines, { mode: 'syncconf' }).peers).toMatchObject([
        { publicKey: key(8), replaceAllowedIPs: false, allowedIPs: ['10.0.0.2/32'] },
        { publicKey: key(9), allowedIPs: ['10.0.0.1/32'] },
        { publicKey: key(8), allowedIPs: [taken] },
      ])
    })

    it('by the last word on each network', () => {
      const lines = peer('AllowedIPs = +10.0.0.1, -10.0.0.1, -10.0.0.2, +10.0.0.2')
      expect(convert(lines, { mode: 'syncconf' }).peers).toMatchObject([
        { allowedIPs: ['10.0.0.1/32'] },
        { allowedIPs: [{ cidr: '10.0.0.1/32', remove: true }, '10.0.0.2/32'] },
      ])
    })
  })

  describe('with conflicts', () => {
    const secret = generatePrivateKey()
    const text = [
      '[Interface]',
      `PrivateKey = ${secret.toBase64()}`,
      peer('AllowedIPs = 10.0.0.1, 10.0.0.2\nPersistentKeepalive = 5\nEndpoint = 192.0.2.1:1'),
      peer('AllowedIPs = 10.0.0.2, 10.0.0.3', 8),
      peer('AllowedIPs = 10.0.0.3, 10.0.0.4\nPersistentKeepalive = 6'),
      `[Peer]\nPublicKey = ${publicKey(secret)}\nAllowedIPs = 10.0.0.4`,
    ].join('\n')

    it('refuses them all at once', () => {
      expect.assertions(2)
      try {
        convert(text)
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigFileError)
        const { problems } = error as ConfigFileError
        expect(problems.map(({ line, kind }) => [line, kind])).toEqual(
          [11, 14, 15, 19, 20].map((line) => [line, 'conflict']),
        )
      }
    })

    it('does as the device would, one section after the other, when told to', () => {
      const config = convert(text, { conflicts: 'last-wins' })
      expect(config.peers).toStrictEqual([
        {
          publicKey: key(9),
          endpoint: { address: '192.0.2.1', port: 1, family: 4 },
          persistentKeepalive: 6,
          allowedIPs: ['10.0.0.3/32', '10.0.0.4/32'],
        },
        { publicKey: key(8), allowedIPs: ['10.0.0.2/32'] },
      ])
      expect(() => checkConfig(config)).not.toThrow()
    })

    it('takes a network from any peer before it is that of nobody, as addconf does', () => {
      const device = new FakeDevice('wg0')
      device.apply(checkConfig({ peers: [{ publicKey: key(3), allowedIPs: ['10.0.0.1'] }] }))
      const lines = peer('AllowedIPs = 10.0.0.1') + peer('AllowedIPs = 10.0.0.2')
      device.apply(checkConfig(convert(lines, { conflicts: 'last-wins', mode: 'addconf' })))
      device.apply(
        checkConfig(convert(peer('AllowedIPs = +10.0.0.3, -10.0.0.3'), { mode: 'addconf' })),
      )
      const { peers } = device.snapshot()
      expect(peers.map(({ allowedIPs }) => allowedIPs)).toEqual([[], ['10.0.0.2/32']])
    })

    it('adds the sections of one peer together where they do not replace', () => {
      const lines = peer('AllowedIPs = 10.0.0.1') + peer('AllowedIPs = +10.0.0.2')
      expect(convert(lines, { conflicts: 'last-wins', mode: 'addconf' }).peers).toMatchObject([
        { replaceAllowedIPs: true, allowedIPs: ['10.0.0.1/32', '10.0.0.2/32'] },
      ])
    })
  })

  it('refuses what wg(8) does not know, unless told to pass over it', () => {
    const text = `\uFEFF[Interface]\nJc = 4\n[Foo]\nbar\n${peer('X = 1')}`
    expect(() => convert(text)).toThrow(/^4 problems in the config:\n/)
    expect(convert(text, { unknownKeys: 'ignore' }).peers).toHaveLength(1)
  })

  it('refuses options that are none', () => {
    for (const options of [{ mode: 'x' }, { conflicts: 'x' }, { unknownKeys: 'x' }]) {
      expect(() => convert('', options as never)).toThrow(TypeError)
    }
  })

  it('gives what a device can be configured with', () => {
    const device = new FakeDevice('wg0')
    const config = convert(whole)
    const peers = config.peers?.filter(({ endpoint }) => typeof endpoint !== 'string') ?? []
    device.apply(checkConfig({ ...config, peers }))
    expect(device.snapshot()).toMatchObject({
      listenPort: 51820,
      peers: [{ allowedIPs: ['10.0.0.2/32', '10.0.0.0/24'] }],
    })
    expect(isNamed({ host: 'x', port: 1 })).toBe(true)
  })
})

describe('toInterfaceConfig', () => {
  it('has all that the file says', () => {
    const file = parseConfig(
      [
        '[Interface]',
        'ListenPort = 1',
        'Address = 10.0.0.1/24, fd00::1',
        'DNS = 1.1.1.1, corp.example',
        'MTU = 1420',
        'Table = off',
        'PreUp = a # %i',
        'PostUp = b',
        'PreDown = c',
        'PostDown = d',
        'PostDown = e',
        'SaveConfig = true',
        peer('AllowedIPs = 0.0.0.0/0'),
      ].join('\n'),
    )
    expect(toInterfaceConfig(file, 'wg0')).toStrictEqual({
      name: 'wg0',
      listenPort: 1,
      peers: [{ publicKey: key(9), replaceAllowedIPs: true, allowedIPs: ['0.0.0.0/0'] }],
      addresses: ['10.0.0.1/24', 'fd00::1/128'],
      dns: { servers: ['1.1.1.1'], search: ['corp.example'] },
      mtu: 1420,
      table: 'off',
      hooks: { preUp: ['a # %i'], postUp: ['b'], preDown: ['c'], postDown: ['d', 'e'] },
      saveConfig: true,
    })
  })

  it('leaves out what the file does not say', () => {
    expect(toInterfaceConfig(parseConfig(''), 'wg0')).toStrictEqual({
      name: 'wg0',
      peers: [],
      addresses: [],
      dns: { servers: [], search: [] },
      hooks: { preUp: [], postUp: [], preDown: [], postDown: [] },
    })
  })

  it('leaves a network to the peer before one with the key that the device keeps', () => {
    const [first, own] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)].map((k) => k.toString('base64'))
    const lines = [first, own].map((k) => `[Peer]\nPublicKey = ${k}\nAllowedIPs = 0.0.0.0/0\n`)
    const options = { conflicts: 'last-wins', mode: 'addconf' } as const
    const file = parseConfig(lines.join(''))
    const peersOf = (more: object): unknown => toDeviceConfig(file, { ...options, ...more }).peers
    expect(peersOf({ ownKey: own })).toMatchObject([
      { publicKey: first, allowedIPs: ['0.0.0.0/0'] },
    ])
    expect(peersOf({})).toMatchObject([{ allowedIPs: [] }, { allowedIPs: ['0.0.0.0/0'] }])
    // Another mode sets the key, or clears it.
    expect(peersOf({ ownKey: own, mode: 'setconf' })).toHaveLength(2)
  })

  it('has nothing of a key that a later line leaves empty', () => {
    const file = parseConfig(
      '[Interface]\nMTU = 1400\nTable = 7\nAddress = 10.0.0.1\nMTU =\nTable=\nAddress =\n',
    )
    const { mtu, table, addresses } = toInterfaceConfig(file, 'wg0')
    expect([mtu, table, addresses]).toEqual([undefined, undefined, ['10.0.0.1/32']])
    expect([file.interface.mtu, file.interface.table]).toEqual([undefined, undefined])
  })

  it('says in one round, with the file, what is wrong where', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'wgctrl-round-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const path = join(folder, 'wg0.conf')
    const doubtful = `DNS = 1.1.1.1, http://dns.example/\nFoo = 1\n${peer('')}${peer('')}`
    const wordsOf = async (text: string): Promise<string> => {
      await writeFile(path, `[Interface]\n${text}`, { mode: 0o600 })
      const error = await readConfigFile(path)
        .then((file) => toInterfaceConfig(file, 'wg0'))
        .catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(ConfigFileError)
      return (error as ConfigFileError).message
    }
    const lines = (from: number): string[] => [
      `  line ${from}, column 16: DNS "http://dns.example/": expected an address or a search domain`,
      expect.stringContaining(`  line ${from + 1}, column 1: Foo: expected one of`) as string,
      expect.stringContaining(`  line ${from + 6}, column 13: PublicKey`) as string,
    ]
    expect((await wordsOf(doubtful)).split('\n')).toEqual([
      `${path}: 3 problems in the config:`,
      ...lines(2),
    ])
    expect((await wordsOf(`MTU = x\n${doubtful}`)).split('\n')).toEqual([
      `${path}: 4 problems in the config:`,
      '  line 2, column 7: MTU "x": expected a number of bytes',
      ...lines(3),
    ])
  })

  it('takes name servers that are reached by a link', () => {
    const { dns } = toInterfaceConfig(
      parseConfig('[Interface]\nDNS = fe80::1%wg0, corp.example'),
      'wg0',
    )
    expect(dns).toEqual({ servers: ['fe80::1%wg0'], search: ['corp.example'] })
  })

  it('refuses a bad name and unknown keys', () => {
    expect(() => toInterfaceConfig(parseConfig(''), '../wg0')).toThrow(/no interface name/)
    expect(() => toInterfaceConfig(parseConfig('[Foo]'), 'wg0')).toThrow(ConfigFileError)
  })
})

describe('stripConfig', () => {
  it('leaves out the lines of wg-quick(8) alone', () => {
    const kept = `# x\n[Interface]\r\nListenPort = 1 # y\n\n[Peer]\nPublicKey = ${key(9)}`
    const quick = ' Address = 10.0.0.1\npostup = a # b\nMTU =\nSaveConfig = false\n'
    const text = kept.replace('ListenPort', `${quick}ListenPort`)
    expect(stripConfig(parseConfig(text))).toBe(kept)
    expect(formatConfig(parseConfig(kept, { dialect: 'wg' }))).toBe(kept)
  })
})
