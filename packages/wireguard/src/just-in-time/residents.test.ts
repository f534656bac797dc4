import type { Device, Peer } from '@wgctrl/types'
import { describe, expect, it } from 'vitest'
import { Residents } from './residents.js'

const peer = (publicKey: string, fields: Partial<Peer> = {}): Peer => ({
  publicKey,
  persistentKeepalive: 0,
  receivedBytes: 0,
  transmittedBytes: 0,
  allowedIPs: [],
  protocolVersion: 1,
  ...fields,
})

const device = (...peers: Peer[]): Device => ({
  name: 'wg0',
  kind: 'userspace',
  listenPort: 1,
  firewallMark: 0,
  peers,
})

const keys = (leavers: { publicKey: string }[]): string[] => leavers.map((one) => one.publicKey)
const ago = (milliseconds: number): Date => new Date(Date.now() - milliseconds)

describe('Residents', () => {
  it('counts handshakes and received bytes as life, and sent bytes not', () => {
    const residents = new Residents(() => false)
    residents.update(device(peer('a'), peer('b'), peer('c')), 0, 0)
    const heard = peer('a', { receivedBytes: 1 })
    const shook = peer('b', { lastHandshake: ago(0) })
    const sent = peer('c', { transmittedBytes: 99 })
    residents.update(device(heard, shook, sent), 1000, 1000)
    expect(keys(residents.idle(500, 1000))).toEqual(['c'])
    expect(keys(residents.idle(500, 1600)).sort()).toEqual(['a', 'b', 'c'])
    residents.update(device(heard, shook, sent), 1600, 1600)
    expect(keys(residents.idle(500, 1600)).sort()).toEqual(['a', 'b', 'c'])
  })

  it('takes the age of those it finds from their handshakes', () => {
    const residents = new Residents(() => false)
    residents.update(device(peer('a', { lastHandshake: ago(60_000) }), peer('b')), 0, 0)
    expect(keys(residents.idle(30_000, 0))).toEqual(['a'])
    expect(residents.longestIdle(0)?.publicKey).toBe('a')
  })

  it('follows what others add and remove', () => {
    const residents = new Residents(() => false)
    expect(residents.update(device(peer('a'), peer('b')), 0, 0)).toBe(0)
    expect(residents.update(device(peer('b'), peer('c')), 10, 10)).toBe(1)
    expect([residents.has('a'), residents.has('c'), residents.size]).toEqual([false, true, 2])
  })

  it('does not believe a reading that began before its own deeds', () => {
    const residents = new Residents(() => false)
    residents.update(device(peer('old')), 0, 0)
    residents.remove('old', 20)
    residents.add('new', 20)
    residents.update(device(peer('old')), 10, 30)
    expect([residents.has('old'), residents.has('new')]).toEqual([false, true])
    residents.update(device(peer('old'), peer('new')), 40, 50)
    expect([residents.has('old'), residents.has('new')]).toEqual([true, true])
  })

  it('never lets the pinned go', () => {
    const residents = new Residents((key) => key === 'pin')
    residents.update(device(peer('pin'), peer('a')), 0, 0)
    expect(keys(residents.idle(1, 100))).toEqual(['a'])
    expect(residents.longestIdle(100)?.publicKey).toBe('a')
    residents.remove('a', 100)
    expect(residents.longestIdle(100)).toBeUndefined()
  })

  it('lets those who never answered go before those who did', () => {
    const residents = new Residents(() => false)
    residents.update(device(peer('true', { lastHandshake: ago(60_000) })), 0, 0)
    residents.add('replayed', 1000)
    expect(residents.longestIdle(10_000)?.publicKey).toBe('true')
    expect(residents.longestIdle(17_000)?.publicKey).toBe('replayed')
  })
})
