import {
  ExpectedPeers,
  formatEndpoint,
  formatPublicKey,
  type Peer,
  PeerComparison,
  type PeerConfig,
  runAtOnce,
} from '@wgctrl/types'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { attr, nested, u8, u16 } from '../testing/bytes.js'
import { recording } from '../vectors.fixture.js'
import { Coalescer } from '../wireguard/coalescer.js'
import { comparingBuilder, peerBuilder } from './device.js'
import { isExpectedPeer } from './expected-peer.js'
import { attributes, element, peersIn, plain } from './peers.fixture.js'
import { usualPeer } from './usual-peer.js'

const compare = (peers: readonly PeerConfig[]): PeerComparison =>
  new PeerComparison(runAtOnce(ExpectedPeers.from(peers)))

/** Whether the only peer of a list is found as it should be. */
function isFound(given: PeerConfig, bytes: Buffer): boolean {
  const comparison = compare([given])
  const isExpected = isExpectedPeer(bytes, 0, bytes.length, comparison)
  expect([...comparison.unchanged]).toEqual([isExpected ? 1 : 0])
  return isExpected
}

/** What a config says of a peer that is as it was read. */
const configOf = (peer: Peer): PeerConfig => ({
  publicKey: peer.publicKey,
  ...(peer.presharedKey && { presharedKey: peer.presharedKey.toBase64() }),
  ...(peer.endpoint && { endpoint: formatEndpoint(peer.endpoint) }),
  persistentKeepalive: peer.persistentKeepalive,
  allowedIPs: peer.allowedIPs,
})

const hasScope = ({ endpoint }: Peer): boolean => endpoint?.scopeId !== undefined

/** Another value for a field, of what it can be; the rest is left as it is. */
const others = (peer: Peer): PeerConfig[] => {
  const config = configOf(peer)
  const { allowedIPs } = peer
  return [
    { ...config, persistentKeepalive: peer.persistentKeepalive === 7 ? 8 : 7 },
    { ...config, presharedKey: formatPublicKey(new Uint8Array(32).fill(99)) },
    ...(peer.presharedKey ? [{ ...config, presharedKey: null }] : []),
    { ...config, endpoint: '10.20.30.40:50' },
    { ...config, endpoint: { address: '::', port: 1, family: 6 } },
    { ...config, allowedIPs: [...allowedIPs, '10.0.0.0/8'] },
    { ...config, allowedIPs: ['fd00::/8', ...allowedIPs] },
    ...(allowedIPs.length > 0 ? [{ ...config, allowedIPs: allowedIPs.slice(1) }] : []),
    ...(allowedIPs.length > 0 ? [{ ...config, allowedIPs: allowedIPs.slice(0, -1) }] : []),
  ]
}

describe('isExpectedPeer', () => {
  it('is true of what the tables read, in their words', () => {
    fc.assert(
      fc.property(attributes, (list) => {
        const bytes = Buffer.concat(list)
        const peer = usualPeer(bytes, 0, bytes.length)
        if (peer === undefined) return
        const config = configOf(peer)
        expect(isFound(config, bytes)).toBe(!hasScope(peer))
        const { presharedKey, endpoint } = peer
        const inObjects = { ...config, ...(presharedKey && { presharedKey }), endpoint }
        expect(isFound(inObjects, bytes)).toBe(!hasScope(peer))
        expect(isFound({ ...config, endpoint: undefined }, bytes)).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  it('is false of anything else', () => {
    fc.assert(
      fc.property(attributes, (list) => {
        const bytes = Buffer.concat(list)
        const peer = usualPeer(bytes, 0, bytes.length)
        if (peer === undefined) return
        for (const other of others(peer)) expect(isFound(other, bytes)).toBe(false)
      }),
      { numRuns: 100 },
    )
  })

  it('is true of no bytes that read otherwise, but for times and counters, which no config has', () => {
    let found = 0
    const changed = fc.tuple(attributes, fc.nat(), fc.nat(255))
    fc.assert(
      fc.property(changed, ([list, at, value]) => {
        const bytes = Buffer.concat(list)
        const peer = usualPeer(bytes, 0, bytes.length)
        if (peer === undefined || hasScope(peer)) return
        bytes[at % bytes.length] = value
        const now = usualPeer(bytes, 0, bytes.length)
        if (!isFound(configOf(peer), bytes) || now === undefined) return
        found++
        expect(configOf(now)).toEqual(configOf(peer))
      }),
      { numRuns: 600 },
    )
    expect(found).toBeGreaterThan(5)
  })

  it('is true of the bytes of a real kernel', () => {
    const peers = recording('get wg0').replies.flatMap((datagram) => [...peersIn(datagram)])
    expect(peers.length).toBeGreaterThan(1)
    for (const peer of peers) {
      const bytes = Buffer.from(peer)
      expect(isFound(configOf(usualPeer(bytes, 0, bytes.length) as Peer), bytes)).toBe(true)
    }
  })

  it('has no endpoint to look at where the peer has none', () => {
    const bytes = Buffer.concat(plain)
    const config = configOf(usualPeer(bytes, 0, bytes.length) as Peer)
    expect(isFound(config, bytes)).toBe(true)
    expect(isFound({ ...config, endpoint: '10.0.0.1:1' }, bytes)).toBe(false)
  })

  it.each<[string, PeerConfig['allowedIPs']]>([
    ['in another order', ['10.0.0.2/32', '10.0.0.1/32']],
    ['spelled otherwise', ['10.0.0.1', '10.0.0.2/32']],
    ['as changes', ['10.0.0.1/32', { cidr: '10.0.0.2/32' }]],
  ])('leaves networks to the other way that are %s', (_, allowedIPs) => {
    const bytes = Buffer.concat([...plain, nested(9, network(1), network(2))])
    const config = configOf(usualPeer(bytes, 0, bytes.length) as Peer)
    expect(isFound(config, bytes)).toBe(true)
    expect(isFound({ ...config, allowedIPs }, bytes)).toBe(false)
  })
})

const network = (host: number): Buffer =>
  element(Buffer.concat([attr(3, u8(32)), attr(1, u16(2)), attr(2, Buffer.of(10, 0, 0, host))]))

/** What messages with these peers are read as. */
function read(builder: typeof peerBuilder, ...messages: Buffer[][]): Peer[] {
  const coalescer = new Coalescer(builder)
  const peers: Peer[] = []
  for (const list of messages) {
    const message = Buffer.concat([attr(2, Buffer.from('wg0\0')), nested(8, ...list.map(element))])
    coalescer.take(message, 0, message.length, peers)
  }
  coalescer.finish(peers)
  return peers
}

describe('comparingBuilder', () => {
  const peerWith = (fill: number, ...networks: Buffer[]): Buffer =>
    Buffer.concat([
      attr(1, Buffer.alloc(32, fill)),
      ...plain.slice(1),
      ...(networks.length > 0 ? [nested(9, ...networks)] : []),
    ])
  const key = (fill: number): string => formatPublicKey(new Uint8Array(32).fill(fill))
  const fills = Array.from({ length: 100 }, (_, at) => at + 1)
  const config = (fill: number): PeerConfig => ({ publicKey: key(fill), presharedKey: key(2) })
  const keysOf = (peers: readonly Peer[]): string[] => peers.map((peer) => peer.publicKey)

  it('makes nothing of peers that are as expected, and all others as ever', () => {
    const comparison = compare(fills.map(config).with(70, { publicKey: key(71) }))
    const messages = [fills.map((fill) => peerWith(fill))]
    const made = read(comparingBuilder(comparison), ...messages)
    const all = read(peerBuilder, ...messages)
    const unchanged = fills.filter((_, at) => comparison.unchanged[at])
    expect(unchanged.length).toBeGreaterThan(50)
    expect(unchanged).not.toContain(71)
    expect([...keysOf(made), ...unchanged.map(key)].sort()).toEqual(keysOf(all).sort())
    expect(made).toEqual(all.filter((peer) => keysOf(made).includes(peer.publicKey)))
  })

  it('makes a peer that goes on in the next message, whole', () => {
    const first = fills.slice(0, 60)
    const comparison = compare(
      fills.map((fill) => ({ ...config(fill), allowedIPs: ['10.0.0.1/32'] })),
    )
    const messages = [
      first.map((fill) => peerWith(fill, network(1))),
      [
        Buffer.concat([attr(1, Buffer.alloc(32, 60)), nested(9, network(2))]),
        peerWith(61, network(1)),
      ],
    ]
    const made = read(comparingBuilder(comparison), ...messages)
    const one = made.find((peer) => peer.publicKey === key(60))
    expect(one?.allowedIPs).toEqual(['10.0.0.1/32', '10.0.0.2/32'])
    expect(comparison.unchanged[59]).toBe(0)
  })

  it('forgets what a reading found that was torn', () => {
    const comparison = compare(fills.map(config))
    const builder = comparingBuilder(comparison)
    read(
      builder,
      fills.map((fill) => peerWith(fill)),
    )
    expect(comparison.unchanged).toContain(1)
    builder.begin?.()
    expect(comparison.unchanged).not.toContain(1)
  })
})
