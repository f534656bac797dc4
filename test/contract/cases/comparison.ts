import {
  type DeviceConfig,
  ExpectedPeers,
  type PeerConfig,
  runAtOnce,
  WireGuardError,
} from '@wgctrl/types'
import { expect, it } from 'vitest'
import { diffDevice, syncDevice } from 'wgctrl'
import type { Bench } from '../bench.js'
import type { SyncCall } from '../harness.js'
import { keyPair, networks, peerKey, secret } from '../samples.js'

/** More than are read by the tables alone, and than one message holds. */
const PEERS = 150

const ENDPOINTS = [undefined, '127.0.0.1:9', '[::1]:51820', '127.0.0.2:65535']

type DesiredPeer = PeerConfig & { publicKey: string }

/** Peers with everything that can be compared, none of which has a private key that is known but the fifth. */
const peers: readonly DesiredPeer[] = Array.from({ length: PEERS }, (_, n) => ({
  publicKey: n === 5 ? keyPair(5).publicKey : peerKey(n),
  allowedIPs: networks(n % 4, n * 4),
  ...(n % 3 === 0 && { presharedKey: secret(n) }),
  ...(ENDPOINTS[n % 4] !== undefined && { endpoint: ENDPOINTS[n % 4] }),
  ...(n % 5 === 0 && { persistentKeepalive: n + 1 }),
}))

/** The peers with a change of the one at `place`. */
const changed = (place: number, change: Partial<Omit<PeerConfig, 'publicKey'>>): DeviceConfig => ({
  peers: peers.with(place, { ...(peers[place] as DesiredPeer), ...change }),
})

const twice = (place: number): DeviceConfig => ({
  peers: [...peers, peers[place] as PeerConfig],
})

const desired: [string, DeviceConfig][] = [
  ['what it is', { peers }],
  ['what it is, in another order', { peers: peers.toReversed() }],
  ['no peers', { peers: [] }],
  ['fewer', { peers: peers.toSpliced(70, 9) }],
  ['more', { peers: [...peers, { publicKey: peerKey(900), allowedIPs: networks(2, 5000) }] }],
  ['all others', { peers: peers.map((peer, n) => ({ ...peer, publicKey: peerKey(1000 + n) })) }],
  ['another keepalive', changed(100, { persistentKeepalive: 7 })],
  ['no keepalive', changed(100, { persistentKeepalive: null })],
  ['another preshared key', changed(99, { presharedKey: secret(500) })],
  ['no preshared key', changed(99, { presharedKey: null })],
  ['a new preshared key', changed(100, { presharedKey: secret(500) })],
  ['another endpoint', changed(101, { endpoint: '127.0.0.3:9' })],
  ['an endpoint of the other family', changed(101, { endpoint: '[::1]:9' })],
  ['an endpoint spelled otherwise', changed(102, { endpoint: '[0::1]:51820' })],
  [
    'an endpoint as an object',
    changed(101, { endpoint: { address: '127.0.0.1', port: 9, family: 4 } }),
  ],
  ['a new endpoint', changed(100, { endpoint: '127.0.0.1:8' })],
  ['no word of the endpoint', changed(101, { endpoint: undefined })],
  ['one network more', changed(103, { allowedIPs: networks(4, 103 * 4) })],
  ['one network fewer', changed(103, { allowedIPs: networks(2, 103 * 4) })],
  ['networks in another order', changed(103, { allowedIPs: networks(3, 103 * 4).reverse() })],
  ['no word of networks', changed(103, { allowedIPs: undefined })],
  ['a network of one that is to keep it', changed(103, { allowedIPs: networks(3, 107 * 4) })],
  [
    'networks that are added',
    changed(103, { replaceAllowedIPs: false, allowedIPs: networks(1, 9000) }),
  ],
  ['a removal', { peers: peers.with(104, { publicKey: peerKey(104), remove: true }) }],
  ['a peer twice', twice(105)],
  [
    'a peer twice that the device has not',
    { peers: [...peers, ...[1, 1].map(() => ({ publicKey: peerKey(901) }))] },
  ],
  ['the key of the device as a peer', { privateKey: keyPair(5).privateKey, peers }],
  ['a word that there is not', changed(106, { presharedkey: secret(1) } as object)],
  ['what is no network', changed(103, { allowedIPs: ['10.0.0.0/33'] })],
  ['what is no key', changed(106, { presharedKey: 'no key' })],
  ['what is no peer', { peers: peers.with(107, null as never) }],
]

/** What a comparison finds, or what it refuses. */
async function outcome(compare: () => unknown): Promise<unknown> {
  try {
    return await compare()
  } catch (error) {
    if (!(error instanceof WireGuardError)) throw error
    return {
      code: error.code,
      path: error.path,
      text: error.message.replace(/^.*peers\[/, 'peers['),
    }
  }
}

const syncWith = ({ wg }: Bench, ...call: Parameters<SyncCall>): ReturnType<SyncCall> =>
  wg.sync?.(...call) ?? syncDevice(wg, ...call)

/** What `sync` finds without a look at the peers that are as they should be. */
export function comparison(bench: Bench): void {
  it('with what should be finds what a look at the whole device does', async () => {
    const name = await bench.newDevice({ peers })
    for (const [what, config] of desired) {
      const sync = () => syncWith(bench, name, config, { dryRun: true })
      const diff = async () => diffDevice(await bench.wg.device(name), config).changes
      expect({ [what]: await outcome(sync) }).toEqual({ [what]: await outcome(diff) })
    }
  })

  it('makes a device what it should be, and finds nothing then', async () => {
    const name = await bench.newDevice({ peers: peers.slice(0, 140) })
    const wanted = { peers: peers.with(60, { publicKey: peerKey(60), persistentKeepalive: 9 }) }
    const changes = await syncWith(bench, name, wanted)
    expect(changes.filter(({ kind }) => kind === 'peer-added')).toHaveLength(10)
    expect(await syncWith(bench, name, wanted)).toEqual([])
    expect((await bench.wg.device(name)).peers).toHaveLength(PEERS)
  })

  it('makes nothing of peers that are as expected', async () => {
    const { wg } = bench
    const name = await bench.newDevice({ peers })
    const list = peers.with(100, { ...(peers[100] as DesiredPeer), persistentKeepalive: 7 })
    const expected = runAtOnce(ExpectedPeers.from(list))
    if (wg.compared === undefined) {
      expect(bench.traits.compares).toBe(false)
      return
    }
    const { device, unchanged } = await wg.compared(name, expected)
    const made = new Set(device.peers.map((peer) => peer.publicKey))
    expect(made.has(peerKey(100))).toBe(true)
    expect(made.size < PEERS / 2).toBe(bench.traits.compares)
    const rest = peers.filter((_, at) => unchanged[at] === 1).map((peer) => peer.publicKey)
    expect([...made, ...rest].sort()).toEqual(peers.map((peer) => peer.publicKey).sort())
  })
}
