import {
  checkConfig,
  type DeviceConfig,
  formatPublicKey,
  generatePresharedKey,
  generatePrivateKey,
  runAtOnce,
} from '@wgctrl/types'
import { FakeDevice } from '@wgctrl/types/testing'
import { beforeEach, describe, expect, it } from 'vitest'
import { SESSION_TIME } from '../connection/connection-state.js'
import { busiestStep } from '../counted-steps.fixture.js'
import { DeviceDiff } from './device-diff.js'
import type { WatchEvent } from './events.js'

const a = formatPublicKey(new Uint8Array(32).fill(1))
const b = formatPublicKey(new Uint8Array(32).fill(2))
const NOW = Date.parse('2024-01-01T00:00:00Z')

let device: FakeDevice
let diff: DeviceDiff
let clock: number

const apply = (config: DeviceConfig): void => device.apply(checkConfig(config))

/** Reads a second later. */
function tick(later = 1000): WatchEvent[] {
  clock += later
  const events: WatchEvent[] = []
  runAtOnce(diff.update(device.snapshot(), clock, NOW + clock, (event) => events.push(event)))
  return events
}

beforeEach(() => {
  device = new FakeDevice('wg0')
  diff = new DeviceDiff('wg0')
  clock = 0
  apply({ listenPort: 1, peers: [{ publicKey: a, allowedIPs: ['10.0.0.0/24', '10.0.1.0/24'] }] })
  expect(tick()).toEqual([])
})

describe('DeviceDiff', () => {
  it('tells nothing when nothing happened, also in another order of networks', () => {
    expect(tick()).toEqual([])
    const before = device.snapshot()
    const [peer] = before.peers
    device.snapshot = () => ({
      ...before,
      peers: peer ? [{ ...peer, allowedIPs: [...peer.allowedIPs].reverse() }] : [],
    })
    expect(tick()).toEqual([])
  })

  it('tells of peers that come and go', () => {
    apply({ peers: [{ publicKey: b }] })
    expect(tick()).toMatchObject([{ type: 'peer-added', device: 'wg0', publicKey: b }])
    apply({ peers: [{ publicKey: a, remove: true }] })
    expect(tick()).toMatchObject([{ type: 'peer-removed', publicKey: a, peer: { publicKey: a } }])
    expect([tick(), diff.size]).toEqual([[], 1])
    const all: WatchEvent[] = []
    diff.tellAll((event) => all.push(event))
    expect(all).toMatchObject([{ type: 'peer-added', publicKey: b }])
  })

  it('tells which fields of a peer changed', () => {
    apply({ peers: [{ publicKey: a, presharedKey: generatePresharedKey() }] })
    expect(tick()).toMatchObject([{ type: 'peer-changed', fields: ['presharedKey'] }])
    expect(tick()).toEqual([])
    apply({
      peers: [
        { publicKey: a, presharedKey: null, persistentKeepalive: 5, allowedIPs: ['10.0.2.0/24'] },
      ],
    })
    expect(tick()).toMatchObject([
      { fields: ['persistentKeepalive', 'allowedIPs', 'presharedKey'], peer: { publicKey: a } },
    ])
    apply({ peers: [{ publicKey: a, replaceAllowedIPs: true, allowedIPs: ['10.0.9.0/24'] }] })
    expect(tick()).toMatchObject([{ fields: ['allowedIPs'] }])
  })

  it('tells which fields of the device changed', () => {
    apply({ privateKey: generatePrivateKey(), listenPort: 2, firewallMark: 3 })
    expect(tick()).toMatchObject([
      {
        type: 'device-changed',
        fields: ['privateKey', 'listenPort', 'firewallMark'],
        now: { listenPort: 2 },
      },
    ])
    apply({ privateKey: generatePrivateKey() })
    expect(tick()).toMatchObject([{ fields: ['privateKey'] }])
    expect(tick()).toEqual([])
  })

  it('tells of parameters of AmneziaWG, and of keys that have no field', () => {
    const key = Buffer.alloc(32, 7)
    apply({ amnezia: { jc: 4, headerProtectionKey: key } })
    expect(tick()).toMatchObject([{ type: 'device-changed', fields: ['amnezia'] }])
    apply({ amnezia: { jc: 4, headerProtectionKey: key } })
    expect(tick()).toEqual([])
    apply({ amnezia: { jc: 5 } })
    expect(tick()).toMatchObject([{ fields: ['amnezia'], now: { amnezia: { jc: 5 } } }])
    apply({ amnezia: { headerProtectionKey: Buffer.alloc(32, 8) } })
    expect(tick()).toMatchObject([{ fields: ['amnezia'] }])
    apply({ extra: { later: ['1', '2'] }, peers: [{ publicKey: a, extra: { mark: '7' } }] })
    expect(tick()).toMatchObject([
      { type: 'device-changed', fields: ['extra'], now: { extra: { later: ['1', '2'] } } },
      { type: 'peer-changed', fields: ['extra'], peer: { extra: { mark: '7' } } },
    ])
    apply({ peers: [{ publicKey: a, persistentKeepaliveRange: '15-30' }] })
    expect(tick()).toMatchObject([{ fields: ['persistentKeepalive'] }])
    expect(tick()).toEqual([])
  })

  it('tells where a peer roamed to', () => {
    apply({ peers: [{ publicKey: a, endpoint: '192.0.2.1:1' }] })
    expect(tick()).toMatchObject([{ type: 'peer-roamed', endpoint: { port: 1 } }])
    device.pretend(a, { endpoint: { address: '192.0.2.1', port: 2, family: 4 } })
    expect(tick()).toMatchObject([{ endpoint: { port: 2 }, from: { port: 1 } }])
    device.pretend(a, { endpoint: { address: '192.0.2.1', port: 2, family: 4 } })
    expect(tick()).toEqual([])
  })

  it('takes an index and a name for the same scope, and tells of another of its kind', () => {
    const at = (scopeId: number | string) =>
      device.pretend(a, { endpoint: { address: 'fe80::1', port: 2, family: 6, scopeId } })
    apply({ peers: [{ publicKey: a, endpoint: '[fe80::1%3]:2' }] })
    expect(tick()).toHaveLength(1)
    at('eth0')
    expect(tick()).toEqual([])
    at('eth1')
    expect(tick()).toMatchObject([{ type: 'peer-roamed', endpoint: { scopeId: 'eth1' } }])
  })

  it('tells of handshakes, and once when the last is too old', () => {
    const at = new Date(NOW + clock)
    device.pretend(a, { lastHandshake: at })
    expect(tick()).toMatchObject([{ type: 'peer-handshake', at }])
    expect(tick(SESSION_TIME - 1000)).toEqual([])
    expect(tick(1)).toMatchObject([{ type: 'peer-stale', lastHandshake: at }])
    expect(tick()).toEqual([])
    device.pretend(a, { lastHandshake: new Date(NOW + clock) })
    expect(tick()).toMatchObject([{ type: 'peer-handshake' }])
  })

  it('tells how much was transferred, and how fast', () => {
    device.pretend(a, { receivedBytes: 4000, transmittedBytes: 10 })
    expect(tick(2000)).toEqual([
      {
        type: 'peer-transfer',
        device: 'wg0',
        publicKey: a,
        received: 4000,
        transmitted: 10,
        receiveRate: 2000,
        transmitRate: 5,
        duration: 2000,
      },
    ])
    device.pretend(a, { receivedBytes: 100, transmittedBytes: 10 })
    expect(tick()).toMatchObject([{ received: 100, transmitted: 0 }])
  })

  it('counts every byte where the numbers are not exact any more', () => {
    device.pretend(a, { receivedBytes: 2n ** 60n })
    tick()
    device.pretend(a, { receivedBytes: 2n ** 60n + 3n })
    expect(tick()).toMatchObject([{ received: 3, transmitted: 0 }])
  })

  it('tells in a form that becomes JSON, whatever is done with it before', () => {
    const presharedKey = new Uint8Array(32).fill(7)
    device.apply(checkConfig({ listenPort: 9, peers: [{ publicKey: a, presharedKey }] }))
    device.pretend(a, { receivedBytes: 2n ** 64n - 1n, lastHandshake: new Date(NOW) })
    const events = tick()
    expect(events.map(({ type }) => type)).toEqual([
      'device-changed',
      'peer-changed',
      'peer-handshake',
      'peer-transfer',
    ])
    for (const event of events) {
      const plain = JSON.parse(JSON.stringify(event))
      expect(JSON.parse(JSON.stringify({ ...event }))).toEqual(plain)
      expect(structuredClone(event)).toMatchObject({ type: event.type, device: 'wg0' })
    }
  })
})

it('compares many networks of one peer, and many peers, in steps', () => {
  const many = Array.from(
    { length: 30_000 },
    (_, n) => `10.${n >> 14}.${(n >> 6) & 255}.${(n & 63) << 2}/30`,
  )
  const keys = many
    .slice(0, 20_000)
    .map((_, n) => formatPublicKey(Buffer.alloc(32, `${n} of them `)))
  const peersWith = (allowedIPs: string[]) => [
    { publicKey: a, replaceAllowedIPs: true, allowedIPs },
    ...keys.map((publicKey) => ({ publicKey })),
  ]
  const next = () =>
    busiestStep(diff.update(device.snapshot(), ++clock, NOW + clock, (event) => events.push(event)))
  const events: WatchEvent[] = []
  apply({ replacePeers: true, peers: peersWith(many) })
  next()
  const snapshot = device.snapshot()
  const reversed = snapshot.peers
    .map((peer) => ({ ...peer, allowedIPs: peer.allowedIPs.toReversed() }))
    .reverse()
  device.snapshot = () => ({ ...snapshot, peers: reversed })
  events.length = 0
  expect(next().most).toBeLessThan(15_000)
  expect(events).toEqual([])
  const other = reversed.map((peer) =>
    peer.publicKey === a
      ? { ...peer, allowedIPs: ['192.0.2.0/24', ...peer.allowedIPs.slice(1)] }
      : peer,
  )
  device.snapshot = () => ({ ...snapshot, peers: other })
  next()
  expect(events).toMatchObject([{ type: 'peer-changed', publicKey: a, fields: ['allowedIPs'] }])
})
