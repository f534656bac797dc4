import {
  type CheckedConfig,
  checkConfig,
  type Device,
  type DeviceConfig,
  type PeerConfig,
  publicKey,
} from '@wgctrl/types'
import { FakeDevice } from '@wgctrl/types/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeSet } from '../codec/request.js'
import { BORINGTUN, type Profile, WIREGUARD_GO } from '../profile.js'
import { Conversation } from '../testing/conversation.js'
import { FakeDaemon, type FakeImplementation } from '../testing/fake-daemon.js'
import { needsCurrentDevice, toSets } from './config.js'

const key = (n: number): string => Buffer.alloc(32, n).toString('base64')
const [A, B, C, THROWAWAY] = [key(1), key(2), key(3), key(9)] as [string, string, string, string]
const THROWAWAY_BYTES = Buffer.from(THROWAWAY, 'base64')

const OLD: Profile = { ...WIREGUARD_GO, removesAllowedIPs: false }
const ANCIENT: Profile = { ...OLD, updateOnly: false }

function deviceWith(...peers: PeerConfig[]): Device {
  const device = new FakeDevice('wg0')
  device.apply(checkConfig({ privateKey: Buffer.alloc(32, 77), peers }))
  return device.snapshot()
}

/** What each set would send, in words. */
function setsFor(config: DeviceConfig, profile: Profile, current?: Device): string[][] {
  const sets = toSets(checkConfig(config), profile, current, THROWAWAY_BYTES)
  return sets.map((set) =>
    Buffer.concat([...encodeSet(set)])
      .toString()
      .trim()
      .split('\n')
      .slice(1)
      .map((line) =>
        line.replace(/[0-9a-f]{64}/, (hex) => `#${Number.parseInt(hex.slice(-2), 16)}`),
      ),
  )
}

describe('a device is read first only when it must be', () => {
  const update: DeviceConfig = { peers: [{ publicKey: A, updateOnly: true }] }
  const removal: DeviceConfig = {
    peers: [{ publicKey: A, allowedIPs: [{ cidr: '10.0.0.1', remove: true }] }],
  }
  const addition: DeviceConfig = { peers: [{ publicKey: A, allowedIPs: ['10.0.0.1'] }] }
  it.each([
    ['wireguard-go', WIREGUARD_GO, { update: false, removal: false, addition: false }],
    ['wireguard-go before 2025', OLD, { update: false, removal: true, addition: false }],
    ['wireguard-go before 2019', ANCIENT, { update: true, removal: true, addition: false }],
    ['boringtun', BORINGTUN, { update: true, removal: true, addition: true }],
  ])('%s', (_, profile, expected) => {
    const needs = (config: DeviceConfig): boolean =>
      needsCurrentDevice(checkConfig(config), profile)
    expect({ update: needs(update), removal: needs(removal), addition: needs(addition) }).toEqual(
      expected,
    )
    expect(needs({ listenPort: 1, peers: [] })).toBe(false)
  })
})

it('sends a config as it is to whoever understands all of it', () => {
  const config = checkConfig({ peers: [{ publicKey: A, updateOnly: true }] })
  expect(toSets(config, WIREGUARD_GO, undefined, THROWAWAY_BYTES)).toEqual([config])
})

describe('taking networks from a peer, where they cannot be taken', () => {
  it('moves them to a throwaway peer, and only those that the peer has', () => {
    const current = deviceWith(
      { publicKey: A, allowedIPs: ['10.0.0.1', '10.0.0.2'] },
      { publicKey: B, allowedIPs: ['10.0.0.3'] },
    )
    const allowedIPs = ['10.0.0.1', '10.0.0.3', '10.0.0.4'].map((cidr) => ({ cidr, remove: true }))
    const config: DeviceConfig = { listenPort: 1, peers: [{ publicKey: A, allowedIPs }] }
    expect(setsFor(config, OLD, current)).toEqual([
      [
        'listen_port=1',
        'public_key=#1',
        'public_key=#9',
        'allowed_ip=10.0.0.1/32',
        'public_key=#9',
        'remove=true',
      ],
    ])
  })

  it('needs no throwaway peer for what another peer is given', () => {
    const current = deviceWith({ publicKey: A, allowedIPs: ['10.0.0.1'] })
    const peers = [
      { publicKey: A, allowedIPs: [{ cidr: '10.0.0.1', remove: true }] },
      { publicKey: B, allowedIPs: ['10.0.0.1'] },
    ]
    expect(setsFor({ peers }, OLD, current)).toEqual([
      ['public_key=#1', 'public_key=#2', 'allowed_ip=10.0.0.1/32'],
    ])
  })

  it('needs none when there is nothing to take', () => {
    const peers = [{ publicKey: A, allowedIPs: [{ cidr: '10.0.0.1', remove: true }] }]
    expect(setsFor({ peers }, OLD, deviceWith())).toEqual([['public_key=#1']])
  })
})

describe('update-only, where there is no such thing', () => {
  it('leaves out the peers that are not there', () => {
    const current = deviceWith({ publicKey: A })
    const peers = [A, B].map((one) => ({
      publicKey: one,
      updateOnly: true,
      persistentKeepalive: 5,
    }))
    expect(setsFor({ peers }, ANCIENT, current)).toEqual([
      ['public_key=#1', 'persistent_keepalive_interval=5'],
    ])
  })

  it('goes by what the entries before have done', () => {
    const current = deviceWith({ publicKey: A })
    const peers: PeerConfig[] = [
      { publicKey: A, remove: true },
      { publicKey: A, updateOnly: true },
      { publicKey: B },
      { publicKey: B, updateOnly: true, persistentKeepalive: 5 },
    ]
    expect(setsFor({ peers }, ANCIENT, current)).toEqual([
      [
        'public_key=#1',
        'remove=true',
        'public_key=#2',
        'public_key=#2',
        'persistent_keepalive_interval=5',
      ],
    ])
    expect(setsFor({ peers: peers.slice(1, 2), replacePeers: true }, ANCIENT, current)).toEqual([
      ['replace_peers=true'],
    ])
  })
})

describe('boringtun, which adds and removes and changes nothing', () => {
  const current = deviceWith(
    {
      publicKey: A,
      presharedKey: key(8),
      endpoint: '127.0.0.1:1',
      persistentKeepalive: 5,
      allowedIPs: ['10.0.0.1', '10.0.0.2'],
    },
    { publicKey: B, allowedIPs: ['10.0.0.3'] },
  )

  it('gets a changed peer anew, with all that it had, in sets of its own', () => {
    const peers = [{ publicKey: A, persistentKeepalive: 6, allowedIPs: ['10.0.0.4'] }]
    expect(setsFor({ peers, firewallMark: 7 }, BORINGTUN, current)).toEqual([
      ['fwmark=7'],
      ['public_key=#1', 'remove=true'],
      [
        'public_key=#1',
        'endpoint=127.0.0.1:1',
        'preshared_key=#8',
        'persistent_keepalive_interval=6',
        'allowed_ip=10.0.0.1/32',
        'allowed_ip=10.0.0.2/32',
        'allowed_ip=10.0.0.4/32',
      ],
    ])
  })

  it('gets nothing of a peer that stays what it is', () => {
    const peers = [
      {
        publicKey: A,
        updateOnly: true,
        presharedKey: key(8),
        endpoint: '127.0.0.1:1',
        persistentKeepalive: 5,
        replaceAllowedIPs: true,
        allowedIPs: ['10.0.0.2', '10.0.0.1', { cidr: '10.0.0.3', remove: true }],
      },
      { publicKey: B, presharedKey: null },
      { publicKey: C, remove: true },
      { publicKey: C, updateOnly: true },
    ]
    expect(setsFor({ peers }, BORINGTUN, current)).toEqual([])
  })

  it('has a peer lose what another gains', () => {
    const peers = [{ publicKey: C, allowedIPs: ['10.0.0.3'] }]
    expect(setsFor({ peers }, BORINGTUN, current)).toEqual([
      ['public_key=#3', 'persistent_keepalive_interval=0', 'allowed_ip=10.0.0.3/32'],
      ['public_key=#2', 'remove=true'],
      ['public_key=#2', 'persistent_keepalive_interval=0'],
    ])
  })

  it('gets zeros for a key before its first peer', () => {
    const keyless = new FakeDevice('wg0').snapshot()
    const peers = [{ publicKey: A }]
    expect(setsFor({ peers }, BORINGTUN, keyless)[0]).toEqual(['private_key=#0'])
    const privateKey = Buffer.alloc(32, 64)
    expect(setsFor({ peers, privateKey }, BORINGTUN, keyless)[0]).toEqual(['private_key=#64'])
    expect(setsFor({ peers: [{ publicKey: A, remove: true }] }, BORINGTUN, keyless)).toEqual([])
    expect(setsFor({ peers }, BORINGTUN, current)[0]).not.toEqual(['private_key=#0'])
  })

  it('starts anew when all peers are replaced', () => {
    const peers = [{ publicKey: A, allowedIPs: ['10.0.0.1'] }]
    expect(setsFor({ peers, replacePeers: true }, BORINGTUN, current)).toEqual([
      ['replace_peers=true'],
      ['public_key=#1', 'persistent_keepalive_interval=0', 'allowed_ip=10.0.0.1/32'],
    ])
  })
})

describe('whatever an implementation lacks, the device becomes what was meant', () => {
  const networks = ['10.0.0.0/8', '10.0.0.1/32', 'fd00::/64', '0.0.0.0/0']
  const peerKey = fc.constantFrom(A, B, C)
  const secret = fc.constantFrom(undefined, null, key(8), key(7))
  const fields = {
    presharedKey: secret,
    endpoint: fc.constantFrom(undefined, '127.0.0.1:1', '[::1]:2'),
    persistentKeepalive: fc.constantFrom(undefined, null, 5),
  }
  const removal = peerKey.map((one): PeerConfig => ({ publicKey: one, remove: true }))
  const change = fc.record({
    publicKey: peerKey,
    ...fields,
    updateOnly: fc.boolean(),
    replaceAllowedIPs: fc.boolean(),
    allowedIPs: fc.uniqueArray(
      fc.record({ cidr: fc.constantFrom(...networks), remove: fc.boolean() }),
      { maxLength: 3, selector: ({ cidr }) => cidr },
    ),
  })
  const anyConfig = fc
    .record({
      replacePeers: fc.boolean(),
      peers: fc.array(fc.oneof({ weight: 4, arbitrary: change }, removal), { maxLength: 5 }),
    })
    .map(distinct)

  const implementations: [FakeImplementation, Profile][] = [
    ['wireguard-go', WIREGUARD_GO],
    ['wireguard-go-2022', OLD],
    ['wireguard-go-2022', ANCIENT],
    ['boringtun', BORINGTUN],
  ]
  it.each(implementations)('%s as %o', (implementation, profile) => {
    fc.assert(
      fc.property(anyConfig, anyConfig, fc.boolean(), (before, config, hasKey) => {
        const start = { ...before, ...(hasKey && { privateKey: Buffer.alloc(32, 77) }) }
        const meant = new FakeDevice('wg0')
        const done = new FakeDevice('wg0')
        for (const device of [meant, done]) device.apply(checkConfig(start))
        const checked = checkConfig(config)
        meant.apply(checked)
        applySets(done, implementation, (current) =>
          toSets(checked, profile, current, THROWAWAY_BYTES),
        )
        expect(plain(done)).toEqual(plain(meant))
      }),
      { numRuns: 300 },
    )
  })
})

function applySets(
  device: FakeDevice,
  implementation: FakeImplementation,
  setsOf: (current: Device) => CheckedConfig[],
): void {
  const daemon = new FakeDaemon(device, implementation)
  for (const set of setsOf(device.snapshot())) {
    const conversation = new Conversation(daemon, [])
    const answer = conversation.push(Buffer.concat([...encodeSet(set)]).toString())
    expect(answer).toBe('errno=0\n\n')
  }
}

/** Of two peers with one network checkConfig makes an error. */
function distinct(config: { replacePeers: boolean; peers: PeerConfig[] }): DeviceConfig {
  const owners = new Map<string, unknown>()
  const peers = config.peers.map((peer) => {
    if (!peer.allowedIPs) return peer
    const allowedIPs = peer.allowedIPs.filter((entry) => {
      if (typeof entry === 'string' || entry.remove) return true
      const owner = owners.get(entry.cidr) ?? peer.publicKey
      owners.set(entry.cidr, owner)
      return owner === peer.publicKey
    })
    return { ...peer, allowedIPs }
  })
  return { ...config, peers }
}

function plain(device: FakeDevice): unknown {
  const { peers, publicKey: own } = device.snapshot()
  const sorted = peers
    .map((peer) => ({
      ...peer,
      presharedKey: peer.presharedKey?.toBase64(),
      allowedIPs: [...peer.allowedIPs].sort(),
    }))
    .sort((a, b) => (a.publicKey < b.publicKey ? -1 : 1))
  return { own, peers: sorted }
}

it('uses keys that are not the device’s', () => {
  expect([A, B, C, THROWAWAY]).not.toContain(publicKey(Buffer.alloc(32, 77)))
})
