import {
  checkConfig,
  type DeviceConfig,
  generatePrivateKey,
  PEER_CONFIG_FIELDS,
  type PeerConfig,
  publicKey,
  runAtOnce,
  SecretKey,
} from '@wgctrl/types'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readdress } from '../codec/genl.js'
import { packDevice } from '../wireguard/pack.js'
import { peerWriter, toChange } from './config.js'
import { changeSteps, isUsual, usualSteps, wipeChange } from './usual-config.js'

const FAMILY = { id: 34, version: 1 }

const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
const keyBytes = fc.uint8Array({ minLength: 32, maxLength: 32 })
const keyText = keyBytes.map((bytes) => Buffer.from(bytes).toString('base64'))
/** A few for many: that one comes twice is not rare. */
const network = fc.oneof(
  fc.tuple(fc.nat(255), fc.nat(255)).map(([a, b]) => `10.${a}.${b}.0/24`),
  fc
    .tuple(fc.nat(0xffff), fc.nat(99))
    .map(([a, b]) => `fd00::${(a || 1).toString(16)}:${b + 1}/128`),
)
const endpoint = fc.constantFrom<NonNullable<PeerConfig['endpoint']>>(
  ...['192.0.2.7:51820', '[2001:db8::1]:1', '[fe80::1%7]:2', '[::ffff:192.0.2.1]:9'],
  { address: '192.0.2.9', port: 5, family: 4 },
  { address: 'fe80::2', port: 6, family: 6, scopeId: 3 },
)
const usualPeer = fc.record(
  {
    publicKey: keyText,
    presharedKey: optional(
      fc.oneof(
        keyText,
        keyBytes,
        fc.constant(null),
        keyBytes.map((bytes) => SecretKey.from(bytes)),
      ),
    ),
    endpoint: optional(endpoint),
    persistentKeepalive: optional(fc.oneof(fc.nat(65535), fc.constant(null))),
    updateOnly: optional(fc.boolean()),
    replaceAllowedIPs: optional(fc.boolean()),
    allowedIPs: optional(fc.array(network, { maxLength: 4 })),
  },
  { requiredKeys: ['publicKey'] },
)
const removal = keyText.map((key): PeerConfig => ({ publicKey: key, remove: true }))
/** What is not as most have it, some of it wrong. */
const oddPeer = fc.oneof(
  keyBytes.map((publicKey): PeerConfig => ({ publicKey })),
  fc
    .tuple(
      keyText,
      fc.constantFrom<NonNullable<PeerConfig['allowedIPs']>>(
        ['10.0.0.1'],
        ['10.0.0.1/24'],
        ['FD00::/64'],
        [{ cidr: '10.0.0.0/24', remove: true }],
        ['10.0.0.0/33'],
        [''],
        [5 as never],
        'no list' as never,
      ),
    )
    .map(([key, allowedIPs]): PeerConfig => ({ publicKey: key, allowedIPs })),
  fc
    .tuple(
      keyText,
      fc.constantFrom<object>(
        { endpoint: '192.0.2.7:0' },
        { endpoint: 'host.example:1' },
        { endpoint: null },
        { persistentKeepalive: 65536 },
        { persistentKeepalive: '5' },
        { presharedKey: 'short' },
        { remove: true, allowedIPs: [] },
        { remove: 1 },
        { updateOnly: 'no' },
        { colour: 'red' },
        { colour: undefined },
        { publicKey: 'none' },
        { persistentKeepaliveRange: '5-9' },
      ),
    )
    .map(([key, fields]): PeerConfig => ({ publicKey: key, ...fields })),
  fc.constantFrom(null as never, 'peer' as never, [] as never),
)
const fields = fc.record(
  {
    privateKey: optional(fc.oneof(keyText, fc.constant(null))),
    listenPort: optional(fc.nat(65535)),
    firewallMark: optional(fc.oneof(fc.nat(), fc.constant(null))),
    replacePeers: optional(fc.boolean()),
  },
  { requiredKeys: [] },
)

/** What the checked config is written as; the error where it is refused. */
function declared(config: DeviceConfig): unknown {
  try {
    const change = toChange('wg0', checkConfig(config))
    return Array.from(packDevice(FAMILY, change, peerWriter()), shown)
  } catch (error) {
    return error
  }
}

/** What is written of it in one pass, where that can be. */
function written(config: DeviceConfig): unknown {
  try {
    const change = runAtOnce(changeSteps('wg0', config, 'wireguard'))
    if (!isUsual(change)) return declared(config)
    for (const { request } of change.messages) readdress(request.bytes, FAMILY)
    return change.messages.map(shown)
  } catch (error) {
    return error
  }
}

const shown = ({
  request,
  ...place
}: ReturnType<typeof packDevice> extends Iterable<infer M> ? M : never) => ({
  ...place,
  bytes: Buffer.from(request.bytes).toString('hex'),
})

const isInOnePass = (config: DeviceConfig): boolean =>
  runAtOnce(usualSteps('wg0', config)) !== undefined

const keyOf = (seed: number): string => {
  const bytes = Buffer.alloc(32, 7)
  bytes.writeUInt32LE(seed)
  return bytes.toString('base64')
}

const manyPeers = (count: number, networks = 2): PeerConfig[] =>
  Array.from({ length: count }, (_, at) => ({
    publicKey: keyOf(at),
    presharedKey: keyOf(at + count),
    endpoint: `192.0.2.${at & 255}:${1 + at}`,
    allowedIPs: Array.from({ length: networks }, (_, of) =>
      of % 2 === 0
        ? `${10 + (of >> 9)}.${(of >> 1) & 255}.${at >> 8}.${at & 255}/32`
        : `fd00::${of.toString(16)}:${(at + 1).toString(16)}:1/128`,
    ),
  }))

describe('a config in one pass', () => {
  it('is written byte for byte as the checked config is, or refused in its words', () => {
    const peer = fc.oneof({ weight: 9, arbitrary: usualPeer }, removal, oddPeer)
    fc.assert(
      fc.property(fields, fc.array(peer, { maxLength: 12 }), (given, peers) => {
        const config = { ...given, peers } as DeviceConfig
        expect(written(config)).toEqual(declared(config))
      }),
      { numRuns: 300 },
    )
  })

  it('is what most have', () => {
    fc.assert(
      fc.property(fields, fc.uniqueArray(usualPeer, { maxLength: 1 }), (given, peers) => {
        const networks = peers.flatMap(({ allowedIPs = [] }) => allowedIPs)
        fc.pre(new Set(networks).size === networks.length)
        expect(isInOnePass({ ...given, peers } as DeviceConfig)).toBe(true)
      }),
    )
    expect(isInOnePass({ peers: [{ publicKey: keyOf(1), remove: true }] })).toBe(true)
    const unset = Object.fromEntries(PEER_CONFIG_FIELDS.map((field) => [field, undefined]))
    expect(isInOnePass({ peers: [{ ...unset, publicKey: keyOf(1) }] })).toBe(true)
    expect(isInOnePass({})).toBe(true)
  })

  it.each([
    ['of two networks a peer', manyPeers(3000)],
    ['with a peer that begins in one message and does not fit', manyPeers(900, 41)],
    ['with a peer that no message holds', [...manyPeers(20), ...manyPeers(1, 4001)]],
  ])('is cut into the same messages: %s', (_, peers) => {
    const distinct = new Map(peers.map((peer) => [peer.allowedIPs?.[0], peer]))
    const config = { listenPort: 7, firewallMark: 9, peers: [...distinct.values()] }
    expect(isInOnePass(config)).toBe(true)
    expect(written(config)).toEqual(declared(config))
  })

  it("is no longer one where a network is another peer's, whatever lies between", () => {
    const peers = manyPeers(2000)
    for (const [one, other] of [
      [0, 1],
      [0, 1999],
      [300, 310],
    ] as const) {
      const network = peers[one]?.allowedIPs?.[0] as string
      const twice = peers.map((peer, at) =>
        at === other ? { ...peer, allowedIPs: [network] } : peer,
      )
      const problem = { code: 'EINVAL', path: `peers[${other}].allowedIPs[0]` }
      expect(() => runAtOnce(changeSteps('wg0', { peers: twice }, 'wireguard'))).toThrow(
        expect.objectContaining(problem),
      )
    }
  })

  it('refuses the key that it gives the device', () => {
    const privateKey = generatePrivateKey()
    const own = { publicKey: publicKey(privateKey) }
    const peers = [...manyPeers(3), own]
    expect(() => runAtOnce(changeSteps('wg0', { privateKey, peers }, 'wireguard'))).toThrow(
      expect.objectContaining({ code: 'EINVAL', path: 'peers[3].publicKey' }),
    )
    const removed = [...manyPeers(3), { ...own, remove: true }]
    expect(isInOnePass({ privateKey, peers: removed })).toBe(true)
  })

  it.each([[undefined], [null], [1], ['x'], [[]], [() => {}], [{ peers: {} }], [{ peers: null }]])(
    'refuses a config that is none: %j',
    (config) => {
      const given = config as DeviceConfig
      expect(isInOnePass(given)).toBe(false)
      expect(written(given)).toEqual(declared(given))
      expect(written(given)).toBeInstanceOf(TypeError)
    },
  )

  it('takes a step for each message, and what is in one none', () => {
    const stepsOf = (config: DeviceConfig): number => {
      const steps = usualSteps('wg0', config)
      let count = 0
      while (!steps.next().done) count++
      return count
    }
    expect(stepsOf({ listenPort: 1, firewallMark: 2, peers: manyPeers(100) })).toBe(0)
    const peers = manyPeers(3000)
    expect(stepsOf({ peers })).toBe((declared({ peers }) as unknown[]).length - 1)
  })

  it('leaves no secret in its messages', () => {
    const presharedKey = Buffer.alloc(32, 0x5a)
    const peers = [{ publicKey: keyOf(1), presharedKey }]
    const change = runAtOnce(changeSteps('wg0', { peers }, 'wireguard'))
    const bytes = () =>
      Buffer.concat(isUsual(change) ? change.messages.map(({ request }) => request.bytes) : [])
    expect(bytes().includes(presharedKey)).toBe(true)
    wipeChange(change)
    expect(bytes().every((byte) => byte === 0)).toBe(true)
  })

  it('is none of AmneziaWG, whose family has other words', () => {
    const change = runAtOnce(changeSteps('awg0', { peers: manyPeers(1) }, 'amneziawg'))
    expect(isUsual(change)).toBe(false)
  })
})
