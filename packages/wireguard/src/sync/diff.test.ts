import {
  checkConfig,
  type Device,
  type DeviceConfig,
  formatPublicKey,
  generatePrivateKey,
  type PeerConfig,
  publicKey,
} from '@wgctrl/types'
import { FakeDevice } from '@wgctrl/types/testing'
import { describe, expect, it } from 'vitest'
import { busiestStep } from '../counted-steps.fixture.js'
import { type DiffOptions, diffDevice, diffSteps } from './diff.js'

const key = (fill: number): string => formatPublicKey(new Uint8Array(32).fill(fill))
const [A, B, C] = [key(1), key(2), key(3)] as [string, string, string]
const secret = generatePrivateKey()
const own = publicKey(secret)

function deviceWith(config: DeviceConfig): Device {
  const device = new FakeDevice('wg0')
  device.apply(checkConfig(config))
  return device.snapshot()
}

const diff = (current: DeviceConfig, desired: DeviceConfig, options?: DiffOptions) =>
  diffDevice(deviceWith(current), desired, options)

const peers = (...list: PeerConfig[]): DeviceConfig => ({ peers: list })
const nothing = { changes: [], config: {} }

describe('diffDevice, for the device itself,', () => {
  it('finds nothing where nothing differs', () => {
    const state = {
      privateKey: secret,
      listenPort: 51820,
      firewallMark: 1,
      ...peers({
        publicKey: A,
        presharedKey: key(9),
        endpoint: '192.0.2.1:1',
        persistentKeepalive: 25,
        allowedIPs: ['10.0.0.1/32', 'fd00::/64'],
      }),
    }
    expect(diff(state, state)).toEqual(nothing)
    expect(diff(state, { ...state, replacePeers: true })).toEqual(nothing)
    expect(diff({}, {})).toEqual(nothing)
    expect(diff({}, { privateKey: null, firewallMark: null, listenPort: 0 })).toEqual(nothing)
  })

  it('sets, replaces and removes the private key', () => {
    const other = generatePrivateKey()
    const otherKey = publicKey(other)
    expect(diff({}, { privateKey: secret })).toEqual({
      changes: [{ kind: 'private-key', publicKey: own }],
      config: { privateKey: secret },
    })
    expect(diff({ privateKey: secret }, { privateKey: other.toBase64() })).toEqual({
      changes: [{ kind: 'private-key', formerPublicKey: own, publicKey: otherKey }],
      config: { privateKey: other.toBase64() },
    })
    for (const desired of [{ privateKey: null }, { privateKey: key(0) }]) {
      expect(diff({ privateKey: secret }, desired)).toMatchObject({
        changes: [{ kind: 'private-key', formerPublicKey: own }],
      })
      expect(diff({ privateKey: secret }, desired).config.privateKey ?? null).toSatisfy(
        (given: unknown) => given === null || given === key(0),
      )
    }
  })

  it('takes a key as the same that the device clamps to its own', () => {
    const loose = secret.toBytes()
    loose[0] = (loose[0] as number) | 7
    expect(diff({ privateKey: secret }, { privateKey: loose })).toEqual(nothing)
  })

  it('knows the key of a device that does not give it out', () => {
    const { privateKey: _, ...device } = deviceWith({ privateKey: secret })
    expect(diffDevice(device, { privateKey: secret })).toEqual(nothing)
  })

  it('changes a listen port that is asked for, and leaves one that is not', () => {
    expect(diff({ listenPort: 1 }, { listenPort: 2 })).toEqual({
      changes: [{ kind: 'listen-port', from: 1, to: 2 }],
      config: { listenPort: 2 },
    })
    expect(diff({ listenPort: 1 }, {})).toEqual(nothing)
    expect(diff({ listenPort: 1 }, { listenPort: 0 })).toEqual(nothing)
  })

  it('sets and resets the firewall mark', () => {
    expect(diff({ firewallMark: 1 }, { firewallMark: 2 })).toEqual({
      changes: [{ kind: 'firewall-mark', from: 1, to: 2 }],
      config: { firewallMark: 2 },
    })
    for (const desired of [{ firewallMark: null }, { firewallMark: 0 }]) {
      expect(diff({ firewallMark: 1 }, desired)).toEqual({
        changes: [{ kind: 'firewall-mark', from: 1, to: 0 }],
        config: { firewallMark: 0 },
      })
    }
  })

  it('leaves what of the device is absent', () => {
    const current = { privateKey: secret, firewallMark: 1, listenPort: 2 }
    expect(diff(current, {})).toEqual(nothing)
    expect(diff(current, { peers: [] })).toEqual(nothing)
  })

  it('keeps the fields that it is told to keep, unless they are given', () => {
    const keep = ['privateKey', 'firewallMark'] as const
    const current = { privateKey: secret, firewallMark: 1 }
    const cleared = { privateKey: null, firewallMark: null }
    expect(diff(current, cleared, { keep })).toEqual(nothing)
    const given = { privateKey: generatePrivateKey(), firewallMark: 3 }
    for (const desired of [cleared, given]) {
      const { changes } = diff(current, desired, desired === given ? { keep } : {})
      expect(changes.map(({ kind }) => kind)).toEqual(['private-key', 'firewall-mark'])
    }
    for (const wrong of ['firewallMark', ['firewallmark']]) {
      expect(() => diff(current, {}, { keep: wrong as never })).toThrow(/^options.keep: must be/)
    }
  })
})

describe('diffDevice, for peers,', () => {
  it('keeps those that the desired state does not name when it is told to', () => {
    const current = peers({ publicKey: A }, { publicKey: B })
    const desired = peers({ publicKey: A })
    expect(diff(current, desired, { keep: ['peers'] })).toEqual(nothing)
    expect(diff(current, desired).changes).toMatchObject([{ kind: 'peer-removed' }])
  })

  it('adds one', () => {
    const peer = {
      publicKey: A,
      presharedKey: key(9),
      endpoint: '192.0.2.1:1',
      persistentKeepalive: 25,
      allowedIPs: ['10.0.0.7/24'],
    }
    expect(diff({}, peers(peer))).toEqual({
      changes: [
        {
          kind: 'peer-added',
          publicKey: A,
          hasPresharedKey: true,
          endpoint: '192.0.2.1:1',
          persistentKeepalive: 25,
          allowedIPs: ['10.0.0.0/24'],
        },
      ],
      config: peers({
        ...peer,
        endpoint: { address: '192.0.2.1', port: 1, family: 4 },
        allowedIPs: ['10.0.0.0/24'],
      }),
    })
  })

  it('removes one, after everything else', () => {
    const { changes, config } = diff(peers({ publicKey: A }), peers({ publicKey: B }))
    expect(changes.map(({ kind }) => kind)).toEqual(['peer-added', 'peer-removed'])
    expect(config).toEqual(peers({ publicKey: B }, { publicKey: A, remove: true }))
  })

  it('lists those to remove by their keys: wireguard-go has no order of its own', () => {
    const device = deviceWith(peers({ publicKey: C }, { publicKey: A }, { publicKey: B }))
    for (const list of [device.peers, device.peers.toReversed()]) {
      const { changes, config } = diffDevice({ ...device, peers: list }, {})
      const removals = [A, B, C].map((publicKey) => ({ publicKey, remove: true }))
      expect(config).toEqual({ peers: removals })
      expect(changes.map((change) => 'publicKey' in change && change.publicKey)).toEqual([A, B, C])
    }
  })

  it('sends what differs alone, and never makes a peer that is gone', () => {
    const current = peers({ publicKey: A, allowedIPs: ['10.0.0.1'], endpoint: '192.0.2.1:1' })
    const desired = peers({ publicKey: A, allowedIPs: ['10.0.0.1'], persistentKeepalive: 5 })
    expect(diff(current, desired)).toEqual({
      changes: [{ kind: 'peer-changed', publicKey: A, persistentKeepalive: { from: 0, to: 5 } }],
      config: peers({ publicKey: A, updateOnly: true, persistentKeepalive: 5 }),
    })
  })

  it.each([
    ['set', undefined, key(8), key(8)],
    ['replaced', key(7), key(8), key(8)],
    ['removed', key(7), undefined, null],
    ['removed', key(7), null, null],
    ['removed', key(7), key(0), key(0)],
  ])('gets a preshared key %s', (presharedKey, before, after, sent) => {
    const current = peers({ publicKey: A, presharedKey: before })
    expect(diff(current, peers({ publicKey: A, presharedKey: after }))).toEqual({
      changes: [{ kind: 'peer-changed', publicKey: A, presharedKey }],
      config: peers({ publicKey: A, updateOnly: true, presharedKey: sent }),
    })
  })

  it('resets a keepalive that is not asked for', () => {
    const { config } = diff(
      peers({ publicKey: A, persistentKeepalive: 5 }),
      peers({ publicKey: A }),
    )
    expect(config).toEqual(peers({ publicKey: A, updateOnly: true, persistentKeepalive: 0 }))
  })

  it('moves an endpoint that is asked for, and leaves one that is not', () => {
    const current = peers({ publicKey: A, endpoint: '192.0.2.1:1' })
    expect(diff(current, peers({ publicKey: A }))).toEqual(nothing)
    expect(diff(current, peers({ publicKey: A, endpoint: '192.0.2.2:1' }))).toMatchObject({
      changes: [
        {
          kind: 'peer-changed',
          endpoint: { from: '192.0.2.1:1', to: '192.0.2.2:1' },
        },
      ],
      config: peers({
        publicKey: A,
        updateOnly: true,
        endpoint: { address: '192.0.2.2', port: 1, family: 4 },
      }),
    })
  })

  it('takes other spellings as the same', () => {
    const current = peers({
      publicKey: A,
      endpoint: '[2001:db8::1]:1',
      allowedIPs: ['10.0.0.1/32', 'fd00::/64'],
    })
    const desired = peers({
      publicKey: new Uint8Array(32).fill(1),
      presharedKey: null,
      endpoint: '[2001:DB8:0::1]:1',
      persistentKeepalive: null,
      allowedIPs: ['FD00::7/64', '10.0.0.1', '10.0.0.1/32'],
    })
    expect(diff(current, desired)).toEqual(nothing)
  })

  it('compares scopes as far as they are known', () => {
    const scoped = (scopeId?: number | string): PeerConfig => ({
      publicKey: A,
      endpoint: {
        address: 'fe80::1',
        port: 1,
        family: 6,
        ...(scopeId !== undefined && { scopeId }),
      },
    })
    const interfaceIndex = (name: string) => (name === 'eth0' ? 2 : undefined)
    const isSame = (one?: number | string, other?: number | string) =>
      diff(peers(scoped(one)), peers(scoped(other)), { interfaceIndex }).changes.length === 0
    expect([isSame(2, 2), isSame(2), isSame(undefined, 'eth0'), isSame(2, 'eth0')]).toEqual(
      Array(4).fill(true),
    )
    expect([isSame(2, 3), isSame(3, 'eth0'), isSame(2, 'eth1')]).toEqual(Array(3).fill(false))
  })

  it('misses a scope that the device would show', () => {
    const at = (publicKey: string, endpoint: string): PeerConfig => ({ publicKey, endpoint })
    const changes = (current: PeerConfig[], wanted: PeerConfig[], kind: Device['kind']) =>
      diffDevice({ ...deviceWith(peers(...current)), kind }, peers(...wanted)).changes.length
    const [bare, scoped] = [at(A, '[fe80::1]:1'), at(A, '[fe80::1%2]:1')]
    const [global, odd] = [at(A, '[2001:db8::1]:1'), at(A, '[2001:db8::1%2]:1')]
    expect(changes([bare], [scoped], 'linux-kernel')).toBe(1)
    expect(changes([global], [odd], 'linux-kernel')).toBe(0)
    expect(changes([bare], [scoped], 'userspace')).toBe(0)
    const other = at(B, '[fe80::2%2]:1')
    expect(changes([bare, other], [scoped, other], 'userspace')).toBe(1)
  })

  it('does as `remove` and `updateOnly` say in the desired state', () => {
    const current = peers({ publicKey: A })
    const desired = peers(
      { publicKey: A, remove: true },
      { publicKey: B, updateOnly: true },
      { publicKey: C, remove: true },
    )
    expect(diff(current, desired)).toEqual({
      changes: [{ kind: 'peer-removed', publicKey: A }],
      config: peers({ publicKey: A, remove: true }),
    })
    expect(
      diff(current, peers({ publicKey: A, updateOnly: true, persistentKeepalive: 1 })),
    ).toMatchObject({ changes: [{ kind: 'peer-changed' }] })
  })
})

describe('diffDevice, for allowed IPs,', () => {
  it('adds and removes one at a time, what is added first', () => {
    const current = peers({ publicKey: A, allowedIPs: ['10.0.0.1', '10.0.0.2'] })
    const desired = peers({ publicKey: A, allowedIPs: ['10.0.0.3', '10.0.0.2'] })
    expect(diff(current, desired)).toEqual({
      changes: [
        { kind: 'allowed-ip-added', publicKey: A, cidr: '10.0.0.3/32' },
        { kind: 'allowed-ip-removed', publicKey: A, cidr: '10.0.0.1/32' },
      ],
      config: peers({
        publicKey: A,
        updateOnly: true,
        allowedIPs: ['10.0.0.3/32', { cidr: '10.0.0.1/32', remove: true }],
      }),
    })
  })

  it('moves one by giving it to the other peer alone', () => {
    const current = peers({ publicKey: A, allowedIPs: ['10.0.0.1'] }, { publicKey: B })
    const desired = peers({ publicKey: A }, { publicKey: B, allowedIPs: ['10.0.0.1'] })
    expect(diff(current, desired)).toEqual({
      changes: [{ kind: 'allowed-ip-moved', cidr: '10.0.0.1/32', from: A, to: B }],
      config: peers({ publicKey: B, updateOnly: true, allowedIPs: ['10.0.0.1/32'] }),
    })
  })

  it('swaps two without taking any away', () => {
    const current = peers(
      { publicKey: A, allowedIPs: ['10.0.0.1'] },
      { publicKey: B, allowedIPs: ['10.0.0.2'] },
    )
    const desired = peers(
      { publicKey: A, allowedIPs: ['10.0.0.2'] },
      { publicKey: B, allowedIPs: ['10.0.0.1'] },
    )
    expect(diff(current, desired).config).toEqual(
      peers(
        { publicKey: A, updateOnly: true, allowedIPs: ['10.0.0.2/32'] },
        { publicKey: B, updateOnly: true, allowedIPs: ['10.0.0.1/32'] },
      ),
    )
  })

  it('moves one from a peer that goes to a peer that comes', () => {
    const { changes, config } = diff(
      peers({ publicKey: A, allowedIPs: ['10.0.0.1'] }),
      peers({ publicKey: B, allowedIPs: ['10.0.0.1'] }),
    )
    expect(changes.map(({ kind }) => kind)).toEqual([
      'peer-added',
      'allowed-ip-moved',
      'peer-removed',
    ])
    expect(config).toEqual(
      peers({ publicKey: B, allowedIPs: ['10.0.0.1/32'] }, { publicKey: A, remove: true }),
    )
  })

  it('takes away after all is given, but names a peer twice only where networks overlap', () => {
    const current = peers(
      { publicKey: A, allowedIPs: ['10.0.0.0/24'] },
      { publicKey: B, allowedIPs: ['10.1.0.0/24'] },
      { publicKey: C, allowedIPs: ['10.2.0.0/24'] },
    )
    const apart = peers(
      { publicKey: A, allowedIPs: ['10.3.0.0/24'] },
      { publicKey: B, allowedIPs: ['10.4.0.0/24'] },
      { publicKey: C },
    )
    expect(diff(current, apart).config.peers).toHaveLength(3)
    const split = peers(
      { publicKey: A, allowedIPs: ['10.3.0.0/24'] },
      { publicKey: B, allowedIPs: ['10.0.0.0/25'] },
      { publicKey: C, allowedIPs: ['10.2.0.0/24'] },
    )
    expect(diff(current, split).config).toEqual(
      peers(
        { publicKey: A, updateOnly: true, allowedIPs: ['10.3.0.0/24'] },
        {
          publicKey: B,
          updateOnly: true,
          allowedIPs: ['10.0.0.0/25', { cidr: '10.1.0.0/24', remove: true }],
        },
        { publicKey: A, updateOnly: true, allowedIPs: [{ cidr: '10.0.0.0/24', remove: true }] },
      ),
    )
  })

  it('changes what the peer has where the desired state says so', () => {
    const current = peers({ publicKey: A, allowedIPs: ['10.0.0.1', '10.0.0.2'] })
    const added = peers({ publicKey: A, replaceAllowedIPs: false, allowedIPs: ['10.0.0.3'] })
    expect(diff(current, added).changes).toEqual([
      { kind: 'allowed-ip-added', publicKey: A, cidr: '10.0.0.3/32' },
    ])
    const removed = peers({ publicKey: A, allowedIPs: [{ cidr: '10.0.0.1', remove: true }] })
    expect(diff(current, removed).changes).toEqual([
      { kind: 'allowed-ip-removed', publicKey: A, cidr: '10.0.0.1/32' },
    ])
    expect(diff({}, removed).changes).toMatchObject([{ kind: 'peer-added', allowedIPs: [] }])
  })
})

describe('diffDevice refuses', () => {
  const current = { privateKey: secret, ...peers({ publicKey: A, allowedIPs: ['10.0.0.1/32'] }) }
  const same = { publicKey: A, allowedIPs: ['10.0.0.1/32'] }
  const refuse = (desired: unknown, path: string, options?: DiffOptions) =>
    expect(() => diff(current, desired as DeviceConfig, options)).toThrow(
      expect.objectContaining({ code: 'EINVAL', path }),
    )

  it('what is wrong with a peer, and names its place among all', () => {
    refuse(peers(same, { publicKey: B }, { publicKey: 'x' }), 'peers[2].publicKey')
    refuse(peers(same, { publicKey: B, allowedIPs: ['x'] }), 'peers[1].allowedIPs[0]')
    refuse(
      peers(same, { publicKey: B, persistentKeepalive: 65536 }),
      'peers[1].persistentKeepalive',
    )
    refuse(peers(same, { publicKey: B, endpoint: 'host:1' }), 'peers[1].endpoint')
    refuse(peers(same, { publicKey: B, typo: 1 } as never), 'peers[1].typo')
    refuse(peers({ ...same, typo: 1 } as never), 'peers[0].typo')
    refuse(peers(same, null as never), 'peers[1]')
    refuse({ peers: 'x' }, 'peers')
    refuse({ typo: 1 }, 'typo')
    refuse({ listenPort: 65536 }, 'listenPort')
    refuse({ privateKey: 'x' }, 'privateKey')
    refuse(null, 'config')
    expect(() => diff(current, peers(same, { publicKey: B, endpoint: 5 as never }))).toThrow(
      /^peers\[1\]\.endpoint: /,
    )
  })

  it('to clear an endpoint, whether or not there is one', () => {
    const bad = { publicKey: A, endpoint: null } as never
    for (const endpoint of ['192.0.2.1:1', undefined]) {
      const current = deviceWith(peers({ publicKey: A, endpoint }))
      expect(() => diffDevice(current, peers(bad))).toThrow(
        /^peers\[0\]\.endpoint: .*remove the peer/,
      )
    }
  })

  it('one peer twice, one network on two peers, and the own key', () => {
    refuse(peers(same, same), 'peers[1].publicKey')
    refuse(peers(same, { publicKey: B, allowedIPs: ['10.0.0.1'] }), 'peers[1].allowedIPs')
    const two = [A, B].map((publicKey) => ({ publicKey, allowedIPs: ['10.0.0.9'] }))
    refuse(peers(...two), 'peers[1].allowedIPs[0]')
    refuse({ privateKey: secret, ...peers({ publicKey: own }) }, 'peers[0].publicKey')
    refuse(peers({ publicKey: own }), 'peers[0].publicKey')
    expect(diff(current, { privateKey: null, ...peers({ publicKey: own }) }).changes).toHaveLength(
      3,
    )
  })
})

describe('one peer with many networks', () => {
  const COUNT = 30_000
  const network = (n: number): string => `10.${n >> 14}.${(n >> 6) & 255}.${(n & 63) << 2}/30`
  const networks = (from: number, count = COUNT): string[] =>
    Array.from({ length: count }, (_, n) => network(from + n))
  const mixed = networks(0).map((same, n) => (n % 2 ? same : network(COUNT + n)))
  const otherwise = networks(COUNT * 3).map((other, n) => (n % 2 ? other : network(COUNT * 5 + n)))
  const removal = { cidr: network(0), remove: true }

  it.each<[string, DeviceConfig, DeviceConfig, number]>([
    [
      'that stay',
      peers({ publicKey: A, allowedIPs: networks(0) }),
      peers({ publicKey: A, allowedIPs: networks(0) }),
      0,
    ],
    [
      'in another order',
      peers({ publicKey: A, allowedIPs: networks(0) }),
      peers({ publicKey: A, allowedIPs: networks(0).reverse() }),
      0,
    ],
    [
      'of which half are others',
      peers({ publicKey: A, allowedIPs: networks(0) }),
      peers({ publicKey: A, allowedIPs: mixed }),
      COUNT,
    ],
    ['that comes', {}, peers({ publicKey: A, allowedIPs: networks(0) }), 1],
    [
      'of which one goes',
      peers({ publicKey: A, allowedIPs: networks(0) }),
      peers({ publicKey: A, allowedIPs: [removal] }),
      1,
    ],
    [
      'that another had',
      peers({ publicKey: A, allowedIPs: networks(0) }, { publicKey: B }),
      peers({ publicKey: A }, { publicKey: B, allowedIPs: networks(0) }),
      COUNT,
    ],
    [
      'of which many go, beside another such',
      peers(
        { publicKey: A, allowedIPs: networks(0) },
        { publicKey: B, allowedIPs: networks(COUNT * 3) },
      ),
      peers({ publicKey: A, allowedIPs: mixed }, { publicKey: B, allowedIPs: otherwise }),
      2 * COUNT,
    ],
  ])('%s: no step looks at more than some thousands', (_, current, desired, changes) => {
    const { most, value } = busiestStep(diffSteps(deviceWith(current), desired))
    expect(value.changes).toHaveLength(changes)
    expect(most).toBeLessThan(15_000)
  })
})
