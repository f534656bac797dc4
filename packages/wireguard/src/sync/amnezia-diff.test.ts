import { type AmneziaConfig, checkConfig, type DeviceConfig, SecretKey } from '@wgctrl/types'
import { FakeDevice } from '@wgctrl/types/testing'
import { expect, it } from 'vitest'
import { describeChange } from './describe.js'
import { diffDevice } from './diff.js'

const PEER = Buffer.alloc(32, 0xa1).toString('base64')
const KEY = SecretKey.from(Buffer.alloc(32, 0x22))
const OTHER = SecretKey.from(Buffer.alloc(32, 0x33))

function diff(current: DeviceConfig, desired: DeviceConfig) {
  const device = new FakeDevice('awg0')
  device.apply(checkConfig(current))
  return diffDevice(device.snapshot(), desired)
}

const of = (amnezia: AmneziaConfig): DeviceConfig => ({ amnezia })

it('finds nothing where both are the same, however it is spelled', () => {
  const current = of({ jc: 4, h1: '5-9', headerProtectionKey: KEY, randomTrailers: false })
  const desired = of({ jc: 4, h1: '5-9', h2: '2', i1: '', headerProtectionKey: KEY.toBase64() })
  expect(diff(current, desired)).toEqual({ changes: [], config: {} })
  expect(diff(of({ h1: 1, h2: 2, randomTrailers: false }), of({}))).toEqual({
    changes: [],
    config: {},
  })
})

it('leaves parameters alone where none are given', () => {
  expect(diff(of({ jc: 4 }), { listenPort: 0 }).changes).toEqual([])
})

it('takes what is given for all, and sends the differences alone', () => {
  const { changes, config } = diff(
    of({ jc: 4, jmin: 40, jmax: 70 }),
    of({ jc: 5, jmin: 40, h1: '5-9' }),
  )
  expect(config).toEqual({ amnezia: { jc: 5, jmax: null, h1: '5-9' } })
  expect(changes.map((change) => describeChange(change))).toEqual([
    'jc: 4 → 5',
    'jmax: 70 → 0',
    'h1: 1 → 5-9',
  ])
})

it.each([
  [undefined, KEY, 'headerProtectionKey: (none) → (hidden)', KEY],
  [KEY, OTHER, 'headerProtectionKey: (hidden) → (hidden)', OTHER],
  [KEY, undefined, 'headerProtectionKey: (hidden) → (none)', null],
])('never shows a key: from %s to %s', (from, to, text, sent) => {
  const { changes, config } = diff(
    of({ headerProtectionKey: from }),
    of({ headerProtectionKey: to }),
  )
  expect(changes.map((change) => describeChange(change))).toEqual([text])
  expect(config.amnezia?.headerProtectionKey).toBe(sent)
})

it('refuses what no device takes', () => {
  expect(() => diff({}, of({ jmin: 9, jmax: 8 }))).toThrow(
    expect.objectContaining({ code: 'EINVAL', path: 'amnezia.jmin' }),
  )
})

it('compares ranges of keepalives', () => {
  const peers = (fields: object) => ({ peers: [{ publicKey: PEER, ...fields }] })
  const range = peers({ persistentKeepaliveRange: '15-30' })
  expect(diff(range, range).changes).toEqual([])
  const whole = peers({ persistentKeepalive: 15, persistentKeepaliveRange: '15-30' })
  expect(diff(range, whole).changes).toEqual([])
  const wider = diff(range, peers({ persistentKeepaliveRange: '15-40' }))
  expect(wider.changes.map((change) => describeChange(change))).toEqual([
    `peer ${PEER}: range of keepalives 15-30 → 15-40`,
  ])
  expect(wider.config.peers).toEqual([
    {
      publicKey: PEER,
      updateOnly: true,
      persistentKeepalive: 15,
      persistentKeepaliveRange: '15-40',
    },
  ])
  const single = diff(range, peers({ persistentKeepalive: 15 }))
  expect(single.config.peers).toEqual([
    { publicKey: PEER, updateOnly: true, persistentKeepalive: 15 },
  ])
})

it('sends keys that a daemon shows with another value, and to a new peer all', () => {
  const device = new FakeDevice('awg0').snapshot()
  const peer = { ...peerOf(), extra: { mark: '1' } }
  const current = { ...device, extra: { mode: 'fast', route: ['a', 'b'] }, peers: [peer] }
  const extra = { mode: 'slow', route: ['a', 'b'], hidden: '1' }
  const fresh = Buffer.alloc(32, 0xb2).toString('base64')
  const peers = [
    { publicKey: PEER, extra: { mark: '2', hidden: '1' } },
    { publicKey: fresh, extra: { hidden: '1' } },
  ]
  const { changes, config } = diffDevice(current, { extra, peers })
  expect(config.extra).toEqual({ mode: 'slow' })
  expect(config.peers).toEqual([
    { publicKey: PEER, updateOnly: true, extra: { mark: '2' } },
    { publicKey: fresh, extra: { hidden: '1' } },
  ])
  expect(changes.map((change) => describeChange(change)).slice(0, 2)).toEqual([
    'mode: slow',
    `peer ${PEER}: mark changed`,
  ])
  const same = diffDevice(current, { extra: { mode: 'fast' }, peers: [{ publicKey: PEER }] })
  expect(same.changes).toEqual([])
})

function peerOf() {
  const device = new FakeDevice('awg0')
  device.apply(checkConfig({ peers: [{ publicKey: PEER }] }))
  return device.snapshot().peers[0] as NonNullable<ReturnType<typeof device.snapshot>['peers'][0]>
}
