import {
  checkConfig,
  type DeviceConfig,
  formatPublicKey,
  type PeerConfig,
  runAtOnce,
} from '@wgctrl/types'
import { FakeDevice } from '@wgctrl/types/testing'
import { describe, expect, it } from 'vitest'
import { parseConfig, toDeviceConfig, toInterfaceConfig } from '../config-file/index.js'
import { busiestStep } from '../counted-steps.fixture.js'
import { diffDevice, diffSteps } from './diff.js'
import { withoutPassing } from './passing-networks.js'

const key = (fill: number): string => formatPublicKey(new Uint8Array(32).fill(fill))
const [A, B] = [key(1), key(2)] as [string, string]
const section = (publicKey: string, lines: string) => `[Peer]\nPublicKey = ${publicKey}\n${lines}\n`
const given = (publicKey: string, ...allowedIPs: string[]): PeerConfig => ({
  publicKey,
  replaceAllowedIPs: false,
  allowedIPs,
})

/** What a device has once `desired` was brought about, which has to leave nothing to do. */
function reached(device: FakeDevice, desired: DeviceConfig): Record<string, string[]> {
  device.apply(checkConfig(diffDevice(device.snapshot(), desired).config))
  expect(diffDevice(device.snapshot(), desired).changes).toEqual([])
  const { peers } = device.snapshot()
  return Object.fromEntries(peers.map((peer) => [peer.publicKey, [...peer.allowedIPs].sort()]))
}

describe('a file that gives a network and takes it again', () => {
  const files: [string, string][] = [
    ['in two lines', section(A, 'AllowedIPs = 10.0.0.1\nAllowedIPs = -10.0.0.1')],
    ['in one line', section(A, 'AllowedIPs = 10.0.0.1, -10.0.0.1')],
    ['twice', section(A, 'AllowedIPs = 10.0.0.1, -10.0.0.1\nAllowedIPs = +fd00::1, -fd00::1')],
    ['and is replaced', section(A, 'AllowedIPs = 10.0.0.1, -10.0.0.1\nAllowedIPs = 10.0.0.2')],
    [
      'beside a peer that has more',
      section(A, 'AllowedIPs = +10.0.0.1, -10.0.0.1') + section(B, 'AllowedIPs = +10.0.0.7'),
    ],
  ]
  const owners: [string, DeviceConfig][] = [
    ['a device without peers', {}],
    ['a device where the peer has it', { peers: [{ publicKey: A, allowedIPs: ['10.0.0.1'] }] }],
    ['a device where another has it', { peers: [{ publicKey: B, allowedIPs: ['10.0.0.1'] }] }],
  ]
  const cases = files.flatMap(([how, text]) =>
    owners.map(([on, has]) => [how, on, text, has] as const),
  )

  it.each(cases)('%s, on %s, ends where up ends', (_how, _on, text, has) => {
    const [ours, theirs] = [new FakeDevice('wg0'), new FakeDevice('wg0')]
    for (const device of [ours, theirs]) device.apply(checkConfig(has))
    const file = parseConfig(text)
    const config = toDeviceConfig(file, { mode: 'addconf' })
    expect(toInterfaceConfig(file, 'wg0').peers).toEqual(config.peers)
    // Up adds to what a hook may have made; peers of which the file knows nothing are no matter here.
    const peers = theirs.snapshot().peers.filter(({ publicKey }) => !text.includes(publicKey))
    theirs.apply(checkConfig(config))
    const removed = peers.map(({ publicKey }) => ({ publicKey, remove: true }))
    theirs.apply(checkConfig({ peers: removed }))
    const wanted = theirs
      .snapshot()
      .peers.map((peer) => [peer.publicKey, [...peer.allowedIPs].sort()])
    expect(reached(ours, config)).toEqual(Object.fromEntries(wanted))
  })
})

describe('withoutPassing', () => {
  const merged = (...peers: PeerConfig[]) => runAtOnce(withoutPassing(peers, []))

  it('leaves a list alone where nobody is named twice', () => {
    const peers = [given(A, '10.0.0.1'), { publicKey: B }]
    expect(runAtOnce(withoutPassing(peers, []))).toEqual({ peers, passed: new Set() })
  })

  it('adds to a list that is a change, and not to one that is the whole', () => {
    const change = { ...given(A, '10.0.0.2'), persistentKeepalive: 5 }
    expect(merged(given(A, '10.0.0.1'), change).peers[1]).toEqual({
      ...change,
      allowedIPs: ['10.0.0.2', '10.0.0.1/32'],
    })
    const whole = { publicKey: A, allowedIPs: ['10.0.0.2'] }
    expect(merged(given(A, '10.0.0.1'), whole)).toEqual({
      peers: [given(A, '10.0.0.1'), whole],
      passed: new Set([0]),
    })
  })

  it('takes work that grows with the numbers alone, where many are dropped and many lists are changes', () => {
    const COUNT = 1000
    const keys = Array.from({ length: COUNT }, (_, at) =>
      formatPublicKey(Buffer.from([...Buffer.alloc(30), at >> 8, at & 255])),
    )
    const network = (at: number) => `10.0.${at >> 8}.${at & 255}/32`
    const lines = keys.map((_, at) => `AllowedIPs = +${network(at)}, -${network(at)}`)
    const sections = keys.map((one) => section(one, 'AllowedIPs = +fd00::1, -fd00::2'))
    const text = [section(A, lines.join('\n')), ...sections].join('')
    const device = new FakeDevice('wg0')
    const peers = keys.map((publicKey, at) => ({ publicKey, allowedIPs: [network(at)] }))
    device.apply(checkConfig({ peers }))
    for (const mode of ['addconf', 'syncconf'] as const) {
      function* work() {
        const desired = toDeviceConfig(parseConfig(text), { mode, conflicts: 'last-wins' })
        return yield* diffSteps(device.snapshot(), desired)
      }
      const { value, all } = busiestStep(work())
      const removed = value.changes.filter(({ kind }) => kind === 'allowed-ip-removed')
      expect(removed, mode).toHaveLength(COUNT)
      expect(all / COUNT, mode).toBeLessThan(150)
    }
  })

  it('leaves a peer that is named twice in another way to be refused', () => {
    const device = new FakeDevice('wg0').snapshot()
    const twice = [{ publicKey: A, allowedIPs: ['10.0.0.1'] }, { publicKey: A }]
    expect(() => diffDevice(device, { peers: twice })).toThrow(/^peers\[1\]\.publicKey: .* twice/)
  })

  it('leaves what is no peer and no network to be refused, by its own place', () => {
    const device = new FakeDevice('wg0').snapshot()
    const bad: [unknown[], string][] = [
      [[given(A, '10.0.0.1'), given(A, 'x')], 'peers[1].allowedIPs[0]'],
      [[given(A, 'x'), { publicKey: A }], 'peers[0].allowedIPs[0]'],
      [[given(A, '10.0.0.1'), 7], 'peers[1]'],
      [[given(A, '10.0.0.1'), { publicKey: A, allowedIPs: 7 }], 'peers[1].allowedIPs'],
    ]
    for (const [peers, path] of bad) {
      const desired = { peers } as DeviceConfig
      expect(() => diffDevice(device, desired)).toThrow(
        expect.objectContaining({ code: 'EINVAL', path }),
      )
    }
  })
})
