import { describe, expect, it } from 'vitest'
import { checkConfig } from '../checked-config.js'
import type { DeviceConfig } from '../config.js'
import { formatPublicKey, generatePrivateKey, publicKey } from '../key.js'
import { FakeDevice } from './fake-device.js'

const a = formatPublicKey(new Uint8Array(32).fill(1))
const b = formatPublicKey(new Uint8Array(32).fill(2))

function deviceWith(...configs: DeviceConfig[]): FakeDevice {
  const device = new FakeDevice('wg0')
  for (const config of configs) device.apply(checkConfig(config))
  return device
}

/** Who owns which networks. */
function owners(device: FakeDevice): Record<string, string[]> {
  return Object.fromEntries(
    device.snapshot().peers.map((peer) => [peer.publicKey, [...peer.allowedIPs].sort()]),
  )
}

describe('FakeDevice', () => {
  it('begins empty', () => {
    expect(new FakeDevice('wg0', 'linux-kernel').snapshot()).toStrictEqual({
      name: 'wg0',
      kind: 'linux-kernel',
      listenPort: 0,
      firewallMark: 0,
      peers: [],
    })
  })

  it('moves a network to the peer that was given it last', () => {
    const device = deviceWith(
      { peers: [{ publicKey: a, allowedIPs: ['10.0.0.0/8', '10.0.0.0/9'] }] },
      { peers: [{ publicKey: b, allowedIPs: ['10.0.0.0/8'] }] },
    )
    expect(owners(device)).toEqual({ [a]: ['10.0.0.0/9'], [b]: ['10.0.0.0/8'] })
  })

  it('lets a removed peer leave no networks behind', () => {
    const device = deviceWith(
      { peers: [{ publicKey: a, allowedIPs: ['10.0.0.0/8'] }] },
      { peers: [{ publicKey: a, remove: true }] },
      { peers: [{ publicKey: b, allowedIPs: ['10.0.0.0/8'] }, { publicKey: a }] },
    )
    expect(owners(device)).toEqual({ [a]: [], [b]: ['10.0.0.0/8'] })
  })

  it('does not take a network from a peer that does not have it', () => {
    const device = deviceWith(
      { peers: [{ publicKey: a, allowedIPs: ['10.0.0.0/8'] }, { publicKey: b }] },
      { peers: [{ publicKey: b, allowedIPs: [{ cidr: '10.0.0.0/8', remove: true }] }] },
    )
    expect(owners(device)).toEqual({ [a]: ['10.0.0.0/8'], [b]: [] })
  })

  it('ignores its own key as a peer, also when the key comes later', () => {
    const privateKey = generatePrivateKey()
    const own = publicKey(privateKey)
    const before = deviceWith({ peers: [{ publicKey: own }] }, { privateKey })
    const after = deviceWith({ privateKey }, { peers: [{ publicKey: own }] })
    expect([before.snapshot().peers, after.snapshot().peers]).toEqual([[], []])
  })

  it('clamps the private key', () => {
    const { privateKey } = deviceWith({ privateKey: new Uint8Array(32).fill(255) }).snapshot()
    expect(Buffer.from(privateKey?.toBytes() ?? []).toString('hex')).toBe(`f8${'ff'.repeat(30)}7f`)
  })

  it('pretends what a peer did', () => {
    const device = deviceWith({ peers: [{ publicKey: a }] })
    const endpoint = { address: '127.0.0.1', port: 1, family: 4 } as const
    const lastHandshake = new Date(0)
    const traffic = { receivedBytes: 2n ** 63n, transmittedBytes: 1, lastHandshake, endpoint }
    expect(device.pretend(a, traffic)).toBe(true)
    expect(device.pretend(b, traffic)).toBe(false)
    expect(device.snapshot().peers).toMatchObject([
      {
        ...traffic,
        receivedBytes: 2 ** 63,
        exactBytes: { received: `${2n ** 63n}`, transmitted: '1' },
      },
    ])
  })

  it('keeps keys that have no field, and shows no secret among them', () => {
    const device = deviceWith(
      { extra: { later: '1', several: ['a', 'b'], auth_token: 'x', later_hex: 'f0'.repeat(32) } },
      {
        extra: { later: ['2', '3'] },
        peers: [{ publicKey: a, extra: { mark: '7', psk_id: '1' } }],
      },
      { listenPort: 1, peers: [{ publicKey: a, persistentKeepalive: 5 }] },
    )
    const { extra, unknown, peers } = device.snapshot()
    expect(extra).toEqual({ later: ['2', '3'], several: ['a', 'b'] })
    expect(unknown).toEqual({ auth_token: 1, later_hex: 1, psk_id: 1 })
    expect(peers).toMatchObject([{ publicKey: a, extra: { mark: '7' } }])
    device.apply(checkConfig({ peers: [{ publicKey: a, remove: true }] }))
    device.apply(checkConfig({ peers: [{ publicKey: a }] }))
    expect(device.snapshot().peers[0]).not.toHaveProperty('extra')
    expect(deviceWith({ extra: { many: [] } }).snapshot()).not.toHaveProperty('extra')
  })

  it('gives snapshots that nobody can reach it through', () => {
    const secret = new Uint8Array(32).fill(7)
    const device = deviceWith({
      privateKey: secret,
      peers: [{ publicKey: a, presharedKey: secret }],
    })
    const first = device.snapshot()
    device.apply(checkConfig({ peers: [{ publicKey: a, remove: true }] }))
    expect(first.peers).toHaveLength(1)
    first.privateKey?.wipe()
    first.peers.length = 0
    expect(device.snapshot().privateKey?.toBytes()).toHaveLength(32)
  })

  it('copies the bytes of a config', () => {
    const config = checkConfig({ privateKey: new Uint8Array(32).fill(8) })
    const device = new FakeDevice('wg0')
    device.apply(config)
    config.privateKey?.fill(0)
    expect(device.snapshot().privateKey?.isZero).toBe(false)
  })
})
