import { type CheckedConfig, checkConfig, type DeviceConfig } from '@wgctrl/types'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeGet, encodeSet } from './request.js'

const A = Buffer.alloc(32, 0xa1)
const B = Buffer.alloc(32, 0xb2)
const SECRET = Buffer.alloc(32, 0x5e)

const chunksOf = (config: CheckedConfig): Buffer[] => Array.from(encodeSet(config), Buffer.from)
const textOf = (config: DeviceConfig): string =>
  Buffer.concat(chunksOf(checkConfig(config))).toString('utf8')

it('asks for everything', () => {
  expect(Buffer.from(encodeGet()).toString()).toBe('get=1\n\n')
})

describe('a set', () => {
  it('of nothing', () => {
    expect(textOf({})).toBe('set=1\n\n')
  })

  it('of AmneziaWG, and of lines that have no field', () => {
    const text = textOf({
      listenPort: 1,
      amnezia: {
        ...{ jc: 4, h1: '5-9', h2: null, i1: '<r 5>', i2: null },
        ...{ headerProtectionKey: SECRET, randomTrailers: true, disableCookies: false },
      },
      extra: { later: ['a', 'b'] },
      peers: [{ publicKey: A, persistentKeepaliveRange: '15-30', extra: { mark: '1' } }],
    })
    expect(text.split('\n')).toEqual([
      'set=1',
      'listen_port=1',
      'jc=4',
      'h1=5-9',
      'h2=2',
      'i1=<r 5>',
      'i2=',
      `header_protection_key=${'5e'.repeat(32)}`,
      'random_trailers=1',
      'disable_cookies=0',
      'later=a',
      'later=b',
      `public_key=${'a1'.repeat(32)}`,
      'persistent_keepalive_interval=15-30',
      'mark=1',
      '',
      '',
    ])
  })

  it('of lines that are longer than a chunk has room for', () => {
    const long = '<r 5>'.repeat(6000)
    const many = Object.fromEntries(
      Array.from({ length: 60 }, (_, n) => [`x${n}`, 'y'.repeat(4096)]),
    )
    const config = { amnezia: { i1: long, i2: long, i3: long }, extra: many }
    const lines = textOf(config).split('\n')
    expect(lines.filter((line) => line.endsWith(long))).toHaveLength(3)
    expect(lines.filter((line) => line.endsWith('y'.repeat(4096)))).toHaveLength(60)
  })

  it('of everything, line by line', () => {
    const text = textOf({
      privateKey: SECRET,
      listenPort: 51820,
      firewallMark: 4294967295,
      replacePeers: true,
      peers: [
        {
          publicKey: A,
          updateOnly: true,
          presharedKey: SECRET,
          endpoint: '[fe80::1%eth0]:51820',
          persistentKeepalive: 25,
          replaceAllowedIPs: true,
          allowedIPs: ['10.0.0.7/8', { cidr: 'FD00::1', remove: true }],
        },
        { publicKey: B.toString('base64'), remove: true },
      ],
    })
    expect(text.split('\n')).toEqual([
      'set=1',
      'listen_port=51820',
      'fwmark=4294967295',
      `private_key=${'5e'.repeat(32)}`,
      'replace_peers=true',
      `public_key=${'a1'.repeat(32)}`,
      'update_only=true',
      'endpoint=[fe80::1%eth0]:51820',
      `preshared_key=${'5e'.repeat(32)}`,
      'persistent_keepalive_interval=25',
      'replace_allowed_ips=true',
      'allowed_ip=10.0.0.0/8',
      'allowed_ip=-fd00::1/128',
      `public_key=${'b2'.repeat(32)}`,
      'remove=true',
      '',
      '',
    ])
  })

  it('clears with zeros', () => {
    const text = textOf({
      privateKey: null,
      listenPort: 0,
      firewallMark: null,
      peers: [{ publicKey: A, presharedKey: null, persistentKeepalive: null }],
    })
    expect(text.split('\n')).toEqual([
      'set=1',
      'listen_port=0',
      'fwmark=0',
      `private_key=${'0'.repeat(64)}`,
      `public_key=${'a1'.repeat(32)}`,
      `preshared_key=${'0'.repeat(64)}`,
      'persistent_keepalive_interval=0',
      '',
      '',
    ])
  })

  it('never gets a line more from what is in a field', () => {
    // U+010A ends in the byte of a newline.
    const scopeId = 'x\u010aremove=true'
    const endpoint = { address: 'fe80::1', port: 1, family: 6 as const, scopeId }
    const peers = [{ ...checkConfig({ peers: [{ publicKey: A }] }).peers[0], endpoint }]
    const config = { replacePeers: false, peers } as CheckedConfig
    const lines = Buffer.concat(chunksOf(config)).toString('latin1').split('\n')
    expect(lines).toHaveLength(5)
    expect(lines.filter((line) => line.startsWith('remove'))).toEqual([])
  })
})

describe('a large set', () => {
  const config = checkConfig({
    privateKey: SECRET,
    peers: Array.from({ length: 3000 }, (_, n) => ({
      publicKey: Buffer.from(n.toString(16).padStart(64, '0'), 'hex'),
      presharedKey: SECRET,
      endpoint: `[2001:db8::${n.toString(16)}%averylongname12]:65535`,
      persistentKeepalive: 65535,
      replaceAllowedIPs: true,
      allowedIPs: n === 7 ? Array.from({ length: 20_000 }, (_, at) => network(at)) : [],
    })),
  })

  it('comes in chunks of 64 KiB and a little', () => {
    const sizes = chunksOf(config).map((chunk) => chunk.length)
    expect(sizes.length).toBeGreaterThan(15)
    for (const size of sizes.slice(0, -1)) expect(size).toBeGreaterThanOrEqual(64 * 1024)
    for (const size of sizes) expect(size).toBeLessThanOrEqual(68 * 1024)
  })

  it('is the same text however it is cut', () => {
    const read = readSet(Buffer.concat(chunksOf(config)).toString())
    expect(read.peers).toHaveLength(3000)
    expect(read.peers[7]?.lines.filter((line) => line[0] === 'allowed_ip')).toHaveLength(20_000)
  })

  it('tells how many peers were sent, behind the chunk that has them', () => {
    const told: number[] = []
    let chunks = 0
    for (const _ of encodeSet(config, (peers) => told.push(peers))) {
      expect(told.length).toBeLessThanOrEqual(chunks)
      chunks++
    }
    expect(told.length).toBeGreaterThan(1)
    expect(told).toEqual([...new Set(told)].sort((a, b) => a - b))
    expect(told.at(-1)).toBeLessThanOrEqual(3000)
  })

  it('has chunks that their receiver can zero while the next is made', () => {
    const whole = Buffer.concat(chunksOf(config))
    const parts: Buffer[] = []
    for (const chunk of encodeSet(config)) {
      parts.push(Buffer.from(chunk))
      chunk.fill(0)
    }
    expect(Buffer.concat(parts).equals(whole)).toBe(true)
  })
})

function network(n: number): string {
  return `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}/32`
}

/** Reads a set as a daemon does, without any code of the package. */
interface ReadSet {
  readonly device: [string, string][]
  readonly peers: { readonly key: string; readonly lines: [string, string][] }[]
}

function readSet(text: string): ReadSet {
  const lines = text.split('\n')
  expect(lines.shift()).toBe('set=1')
  expect(lines.splice(-2)).toEqual(['', ''])
  const set: ReadSet = { device: [], peers: [] }
  for (const line of lines) {
    const [key = '', value = ''] = line.split(/=(.*)/s)
    const peer = set.peers.at(-1)
    if (key === 'public_key') set.peers.push({ key: value, lines: [] })
    else (peer?.lines ?? set.device).push([key, value])
  }
  return set
}

describe('a round trip', () => {
  const key = fc.uint8Array({ minLength: 32, maxLength: 32 })
  const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
    fc.option(value, { nil: undefined })
  const address = fc.oneof(
    fc.ipV4().map((ip) => `${ip}:1`),
    fc.ipV6().map((ip) => `[${ip}]:65535`),
  )
  const peer = fc.record({
    publicKey: key,
    updateOnly: optional(fc.boolean()),
    presharedKey: optional(fc.option(key, { nil: null })),
    endpoint: optional(address),
    persistentKeepalive: optional(fc.nat(65535)),
    replaceAllowedIPs: optional(fc.boolean()),
    allowedIPs: fc.uniqueArray(fc.tuple(fc.ipV4(), fc.nat(32), fc.boolean()), { maxLength: 4 }),
  })
  const device = fc.record({
    listenPort: optional(fc.nat(65535)),
    firewallMark: optional(fc.nat(2 ** 32 - 1)),
    replacePeers: optional(fc.boolean()),
    peers: fc.uniqueArray(peer, { maxLength: 4, selector: ({ publicKey }) => publicKey.join() }),
  })

  it('through a reader of its own', () => {
    fc.assert(
      fc.property(device, (given) => {
        const seen = new Set<string>()
        const peers = given.peers.map((one) => ({
          ...one,
          allowedIPs: one.allowedIPs.flatMap(([ip, bits, remove]) => {
            const [{ text } = { text: '' }] = checkNetworks(`${ip}/${bits}`)
            const isNew = !seen.has(text)
            seen.add(text)
            return isNew ? [{ cidr: text, remove }] : []
          }),
        }))
        const read = readSet(textOf({ ...given, peers }))
        expect(new Map(read.device)).toEqual(expectedDevice(given))
        expect(read.peers.map((one) => one.key)).toEqual(
          peers.map((one) => Buffer.from(one.publicKey).toString('hex')),
        )
        read.peers.forEach(({ lines }, index) => {
          const one = peers[index]
          const networks = lines.filter(([name]) => name === 'allowed_ip').map(([, text]) => text)
          expect(networks).toEqual(
            one?.allowedIPs.map(({ cidr, remove }) => (remove ? `-${cidr}` : cidr)),
          )
          const fields = new Map(lines.filter(([name]) => name !== 'allowed_ip'))
          expect(fields.get('persistent_keepalive_interval')).toBe(
            one?.persistentKeepalive?.toString(),
          )
          expect(fields.get('update_only')).toBe(one?.updateOnly ? 'true' : undefined)
          expect(fields.get('replace_allowed_ips')).toBe(
            one?.replaceAllowedIPs ? 'true' : undefined,
          )
          expect(fields.has('endpoint')).toBe(one?.endpoint !== undefined)
          const secret = one?.presharedKey
          expect(fields.get('preshared_key')).toBe(
            secret === undefined
              ? undefined
              : Buffer.from(secret ?? Buffer.alloc(32)).toString('hex'),
          )
        })
      }),
    )
  })
})

const checkNetworks = (cidr: string) =>
  checkConfig({ peers: [{ publicKey: A, allowedIPs: [cidr] }] }).peers[0]?.allowedIPs ?? []

function expectedDevice(given: Omit<DeviceConfig, 'peers'>): Map<string, string> {
  const { listenPort, firewallMark, replacePeers } = given
  const lines = new Map<string, string>()
  if (listenPort !== undefined) lines.set('listen_port', `${listenPort}`)
  if (firewallMark !== undefined) lines.set('fwmark', `${firewallMark}`)
  if (replacePeers) lines.set('replace_peers', 'true')
  return lines
}
