import { checkConfig, type DeviceConfig, type PeerConfig } from '@wgctrl/types'
import { FakeDevice } from '@wgctrl/types/testing'
import { describe, expect, it } from 'vitest'
import { countApplied } from './applied.js'

const key = (n: number): string => Buffer.alloc(32, n).toString('base64')

function count(config: DeviceConfig, ...applied: PeerConfig[]): number {
  const device = new FakeDevice('wg0')
  device.apply(checkConfig({ peers: applied }))
  return countApplied(checkConfig(config), device.snapshot())
}

const peers: PeerConfig[] = [1, 2, 3].map((n) => ({
  publicKey: key(n),
  presharedKey: key(100 + n),
  endpoint: `127.0.0.1:${n}`,
  persistentKeepalive: n,
  allowedIPs: [`10.0.0.${n}`],
}))

describe('counts the leading entries that show', () => {
  it.each([0, 1, 2, 3])('%i of 3', (n) => {
    expect(count({ peers }, ...peers.slice(0, n))).toBe(n)
  })

  it('and not those behind one that does not', () => {
    expect(count({ peers }, ...peers.slice(1))).toBe(0)
  })
})

describe('an entry shows when', () => {
  const full: PeerConfig = { publicKey: key(1), ...peers[0] }
  const shows = (wanted: PeerConfig, ...there: PeerConfig[]): boolean =>
    count({ peers: [wanted] }, ...there) === 1

  it.each([
    ['the preshared key', { presharedKey: key(9) }],
    ['the address', { endpoint: '127.0.0.2:1' }],
    ['the port', { endpoint: '127.0.0.1:9' }],
    ['the keepalive', { persistentKeepalive: 9 }],
    ['a network', { allowedIPs: ['10.0.0.1', '10.0.0.9'] }],
  ])('%s is the same', (_, other) => {
    expect(shows(full, full)).toBe(true)
    expect(shows({ ...full, ...other }, full)).toBe(false)
  })

  it('what is cleared is gone', () => {
    const cleared = { publicKey: key(1), presharedKey: null, persistentKeepalive: null }
    expect(shows(cleared, { publicKey: key(1) })).toBe(true)
    expect(shows({ publicKey: key(1), presharedKey: null }, full)).toBe(false)
  })

  it('a removed peer is gone', () => {
    const removal = { publicKey: key(1), remove: true }
    expect(shows(removal)).toBe(true)
    expect(shows(removal, full)).toBe(false)
  })

  it('a removed network is gone', () => {
    const removal = { publicKey: key(1), allowedIPs: [{ cidr: '10.0.0.1', remove: true }] }
    expect(shows(removal, { publicKey: key(1) })).toBe(true)
    expect(shows(removal, full)).toBe(false)
  })

  it('a replaced list is that list', () => {
    const replaced = { publicKey: key(1), replaceAllowedIPs: true, allowedIPs: ['10.0.0.1'] }
    expect(shows(replaced, full)).toBe(true)
    expect(shows(replaced, { ...full, allowedIPs: ['10.0.0.1', '10.0.0.2'] })).toBe(false)
    expect(shows({ ...replaced, allowedIPs: [] }, full)).toBe(false)
    expect(shows({ ...replaced, allowedIPs: ['10.0.0.1', '10.0.0.1/32'] }, full)).toBe(true)
  })

  it('an update of a peer that is not there did nothing', () => {
    expect(shows({ publicKey: key(1), updateOnly: true, persistentKeepalive: 1 })).toBe(true)
    expect(shows({ publicKey: key(1) })).toBe(false)
  })
})
