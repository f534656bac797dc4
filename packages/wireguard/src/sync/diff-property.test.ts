import {
  checkConfig,
  type Device,
  type DeviceConfig,
  formatPublicKey,
  type Peer,
  type PeerConfig,
  parseCidr,
  runAtOnce,
} from '@wgctrl/types'
import { FakeDevice } from '@wgctrl/types/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { diffDevice, diffSteps } from './diff.js'
import { isClearlyUnchanged } from './unchanged.js'

const key = (fill: number): string => formatPublicKey(new Uint8Array(32).fill(fill))
const KEYS = [1, 2, 3, 4, 5].map(key)

/** Nested, adjacent and apart. */
const NETWORKS = [
  '0.0.0.0/0',
  '10.0.0.0/24',
  '10.0.0.0/25',
  '10.0.0.128/25',
  '10.0.0.1/32',
  '10.0.0.200/32',
  '10.0.1.0/24',
  '::/0',
  'fd00::/64',
  'fd00::1/128',
]
const ADDRESSES = [
  '10.0.0.1',
  '10.0.0.2',
  '10.0.0.200',
  '10.0.1.1',
  '8.8.8.8',
  'fd00::1',
  'fd00::2',
  '1::',
]

const peerFields = fc.record(
  {
    presharedKey: fc.constantFrom(key(9), key(8), null),
    endpoint: fc.constantFrom('192.0.2.1:1', '192.0.2.2:1', '[2001:db8::1]:1'),
    persistentKeepalive: fc.constantFrom(0, 5, 25, null),
  },
  { requiredKeys: [] },
)

/** A state: which peers there are, and to whom each network belongs, if to anyone. */
const state: fc.Arbitrary<DeviceConfig> = fc
  .tuple(
    fc.subarray(KEYS),
    fc.array(peerFields, { minLength: KEYS.length, maxLength: KEYS.length }),
    fc.array(fc.option(fc.nat(KEYS.length - 1)), {
      minLength: NETWORKS.length,
      maxLength: NETWORKS.length,
    }),
    fc.shuffledSubarray(NETWORKS, { minLength: NETWORKS.length }),
    fc.record({
      // Seldom: the public keys are derived again and again.
      privateKey: fc.oneof(
        { weight: 19, arbitrary: fc.constant(undefined) },
        { weight: 1, arbitrary: fc.constantFrom(key(40), key(48)) },
      ),
      listenPort: fc.constantFrom(1, 2),
      firewallMark: fc.constantFrom(undefined, 0, 7),
    }),
  )
  .map(([keys, fields, owners, networks, device]) => ({
    ...device,
    peers: keys.map((publicKey) => {
      const index = KEYS.indexOf(publicKey)
      const allowedIPs = networks.filter((_, at) => owners[at] === index)
      return { ...fields[index], publicKey, allowedIPs }
    }),
  }))

function deviceWith(config: DeviceConfig): FakeDevice {
  const device = new FakeDevice('wg0')
  device.apply(checkConfig(config))
  return device
}

/** What counts of a peer, for comparison. */
const plainPeer = ({
  publicKey,
  presharedKey,
  endpoint,
  persistentKeepalive,
  allowedIPs,
}: Peer) => ({
  publicKey,
  presharedKey: presharedKey?.toBase64(),
  endpoint,
  persistentKeepalive,
  allowedIPs: allowedIPs.toSorted(),
})

function plain(device: Device): object {
  const { privateKey, listenPort, firewallMark, peers } = device
  const sorted = peers.map(plainPeer).sort((a, b) => (a.publicKey < b.publicKey ? -1 : 1))
  return { privateKey: privateKey?.toBase64(), listenPort, firewallMark, peers: sorted }
}

/** The state as a device would be, with the endpoints it keeps. */
function expected(desired: DeviceConfig, before: Device): object {
  const { privateKey = before.privateKey, firewallMark = before.firewallMark } = desired
  const wanted = deviceWith({ ...desired, privateKey, firewallMark }).snapshot()
  const had = new Map(before.peers.map((peer) => [peer.publicKey, peer.endpoint]))
  const peers = wanted.peers.map((peer) => {
    const endpoint = peer.endpoint ?? had.get(peer.publicKey)
    return { ...peer, ...(endpoint && { endpoint }) } as Peer
  })
  return plain({ ...wanted, peers })
}

/** One step for each thing that a device does in turn. */
function* steps(config: DeviceConfig): Generator<DeviceConfig> {
  const { peers = [], ...device } = config
  yield device
  for (const { allowedIPs = [], ...peer } of peers) {
    yield { peers: [peer] }
    const { publicKey, updateOnly } = peer
    for (const network of allowedIPs) {
      yield { peers: [{ publicKey, updateOnly, allowedIPs: [network] }] }
    }
  }
}

/** The addresses that a packet from or to would find a peer for. */
const reachable = (device: Device): string[] =>
  ADDRESSES.filter((address) =>
    device.peers.some((peer) => peer.allowedIPs.some((network) => contains(network, address))),
  )

function contains(network: string, address: string): boolean {
  const { family, bytes, prefixLength } = parseCidr(network)
  if ((family === 6) !== address.includes(':')) return false
  return parseCidr(`${address}/${prefixLength}`).bytes.join() === bytes.join()
}

describe('diffDevice', () => {
  const run = (check: (before: FakeDevice, desired: DeviceConfig) => void) =>
    fc.assert(
      fc.property(state, state, (first, desired) => check(deviceWith(first), desired)),
      { numRuns: 400 },
    )

  it('makes the device exactly what it should be, and finds nothing more to do', () => {
    run((device, desired) => {
      const before = device.snapshot()
      device.apply(checkConfig(diffDevice(before, desired).config))
      expect(plain(device.snapshot())).toEqual(expected(desired, before))
      expect(diffDevice(device.snapshot(), desired)).toEqual({ changes: [], config: {} })
    })
  })

  it('names the peers that differ and no other', () => {
    run((device, desired) => {
      const before = device.snapshot()
      const { config, changes } = diffDevice(before, desired)
      device.apply(checkConfig(config))
      const had = new Map(before.peers.map((peer) => [peer.publicKey, plainPeer(peer)]))
      const has = new Map(device.snapshot().peers.map((peer) => [peer.publicKey, plainPeer(peer)]))
      const differs = KEYS.filter((one) => differ(had.get(one), has.get(one)))
      const moved = new Set(
        changes.flatMap((one) => (one.kind === 'allowed-ip-moved' ? [one.cidr] : [])),
      )
      const lostToOthers = differs.filter((one) => {
        const [old, now] = [had.get(one), has.get(one)]
        if (!old || !now) return false
        return !differ(
          { ...old, allowedIPs: old.allowedIPs.filter((cidr) => !moved.has(cidr)) },
          now,
        )
      })
      const sent = new Set(config.peers?.map((peer) => peer.publicKey as string))
      expect([...sent].sort()).toEqual(differs.filter((one) => !lostToOthers.includes(one)).sort())
    })
  })

  it('never leaves an unchanged allowed IP out, nor an address without a peer that has one', () => {
    run((device, desired) => {
      const before = device.snapshot()
      const { config } = diffDevice(before, desired)
      const after = deviceWith(desired).snapshot()
      const kept = commonNetworks(before, after)
      const covered = reachable(after).filter((address) => reachable(before).includes(address))
      for (const step of steps(config)) {
        device.apply(checkConfig(step))
        const now = device.snapshot()
        expect(commonNetworks(now, after)).toEqual(expect.arrayContaining(kept))
        expect(reachable(now)).toEqual(expect.arrayContaining(covered))
      }
    })
  })

  it('never replaces, and gives no secret away', () => {
    run((device, desired) => {
      const { config, changes } = diffDevice(device.snapshot(), desired)
      expect(config.replacePeers).toBeUndefined()
      for (const peer of config.peers ?? []) expect(peer.replaceAllowedIPs).toBeUndefined()
      const shown = JSON.stringify(changes)
      for (const secret of [key(9), key(8), key(40), key(48)]) expect(shown).not.toContain(secret)
    })
  })

  it('reads as the changes say', () => {
    run((device, desired) => {
      const before = device.snapshot()
      const { changes, config } = diffDevice(before, desired)
      expect(changes.length === 0).toBe(Object.keys(config).length === 0)
      const count = (kind: string) => changes.filter((change) => change.kind === kind).length
      const entries = config.peers ?? []
      expect(count('peer-removed')).toBe(entries.filter((peer) => peer.remove).length)
      const networks = entries.flatMap((peer) => peer.allowedIPs ?? [])
      const taken = networks.filter((network) => typeof network === 'object')
      expect(count('allowed-ip-removed')).toBe(taken.length)
      const added = changes.flatMap((one) => (one.kind === 'peer-added' ? one.allowedIPs : []))
      const moved = changes.flatMap((one) => (one.kind === 'allowed-ip-moved' ? [one.cidr] : []))
      const given = new Set([...added, ...moved])
      expect(given.size + count('allowed-ip-added')).toBe(networks.length - taken.length)
    })
  })
})

describe('diffSteps', () => {
  it('finds the same of a reading without the peers that are known to be unchanged', () => {
    let known = 0
    fc.assert(
      fc.property(state, state, fc.boolean(), (first, second, isMixed) => {
        const device = deviceWith(first).snapshot()
        // Of two states that have nothing to do with each other little is the same.
        const peers = isMixed ? [...(second.peers ?? [])] : [...(first.peers ?? [])]
        if (!isMixed) peers.splice(1, 1, ...(second.peers ?? []).slice(0, 1))
        const desired = { ...second, peers }
        const isOnce = (peer: PeerConfig) =>
          peers.filter(({ publicKey }) => publicKey === peer.publicKey).length === 1
        const unchanged = Uint8Array.from(peers, (peer) => {
          const one = device.peers.find(({ publicKey }) => publicKey === peer.publicKey)
          return one && isOnce(peer) && isClearlyUnchanged(one, peer, NO_SCOPES) ? 1 : 0
        })
        const keys = new Set(peers.filter((_, at) => unchanged[at]).map((peer) => peer.publicKey))
        known += keys.size
        const rest = { ...device, peers: device.peers.filter((peer) => !keys.has(peer.publicKey)) }
        const compare = (one: Device, flags?: Uint8Array) => {
          try {
            return runAtOnce(diffSteps(one, desired, {}, flags))
          } catch (error) {
            return String(error)
          }
        }
        expect(compare(rest, unchanged)).toEqual(compare(device))
      }),
      { numRuns: 400 },
    )
    expect(known).toBeGreaterThan(100)
  })
})

const NO_SCOPES = { index: () => undefined, areShown: false }

const differ = (one: object | undefined, other: object | undefined): boolean =>
  JSON.stringify(one) !== JSON.stringify(other)

/** The networks that both devices give to the same peer. */
function commonNetworks(one: Device, other: Device): string[] {
  const pairs = (device: Device) =>
    device.peers.flatMap((peer) => peer.allowedIPs.map((network) => `${peer.publicKey} ${network}`))
  const theirs = new Set(pairs(other))
  return pairs(one).filter((pair) => theirs.has(pair))
}

describe('a device with many peers', () => {
  const keys = Array.from({ length: 10_000 }, (_, index) => {
    const bytes = new Uint8Array(32)
    new DataView(bytes.buffer).setUint32(0, index + 1)
    return formatPublicKey(bytes)
  })
  const peer = (publicKey: string, index: number): PeerConfig => ({
    publicKey,
    allowedIPs: [`10.${index >> 8}.${index & 255}.0/24`],
  })
  const all = keys.map(peer)

  it('is sent the three that differ', () => {
    const device = deviceWith({ peers: all })
    const desired = all.toSpliced(5000, 1)
    desired[7] = { ...(desired[7] as PeerConfig), allowedIPs: ['10.250.0.0/24'] }
    desired.push({ publicKey: key(1), allowedIPs: ['10.251.0.0/24'] })
    const { config, changes } = diffDevice(device.snapshot(), { peers: desired })
    expect(config.peers?.map((one) => one.publicKey)).toEqual([key(1), keys[7], keys[5000]])
    expect(changes).toHaveLength(4)
  })
})
