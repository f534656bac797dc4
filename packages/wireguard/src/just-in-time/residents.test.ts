import { type Device, type Peer, runAtOnce } from '@wgctrl/types'
import { describe, expect, it, vi } from 'vitest'
import { busiestStep } from '../counted-steps.fixture.js'
import { type Leaver, Residents } from './residents.js'

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

const update = (residents: Residents, reading: Device, at: number, now: number): number =>
  runAtOnce(residents.update(reading, at, now))

const idle = (residents: Residents, time: number, now: number): Leaver[] =>
  runAtOnce(residents.idle(time, now))

const keys = (leavers: { publicKey: string }[]): string[] => leavers.map((one) => one.publicKey)
const ago = (milliseconds: number): Date => new Date(Date.now() - milliseconds)

describe('Residents', () => {
  it('counts handshakes and received bytes as life, and sent bytes not', () => {
    const residents = new Residents(() => false)
    update(residents, device(peer('a'), peer('b'), peer('c')), 0, 0)
    const heard = peer('a', { receivedBytes: 1 })
    const shook = peer('b', { lastHandshake: ago(0) })
    const sent = peer('c', { transmittedBytes: 99 })
    update(residents, device(heard, shook, sent), 1000, 1000)
    expect(keys(idle(residents, 500, 1000))).toEqual(['c'])
    expect(keys(idle(residents, 500, 1600)).sort()).toEqual(['a', 'b', 'c'])
    update(residents, device(heard, shook, sent), 1600, 1600)
    expect(keys(idle(residents, 500, 1600)).sort()).toEqual(['a', 'b', 'c'])
  })

  it('takes who goes first from the handshakes of those it finds, and who is idle from its own clock', () => {
    const residents = new Residents(() => false)
    update(residents, device(peer('a', { lastHandshake: ago(60_000) }), peer('b')), 0, 0)
    expect(idle(residents, 30_000, 0)).toEqual([])
    expect(keys(residents.longestIdle(1, 0))).toEqual(['a'])
    expect(keys(idle(residents, 30_000, 30_001)).sort()).toEqual(['a', 'b'])
  })

  it('lets several go in order, each once, without asking for each anew', () => {
    const isPinned = vi.fn(() => false)
    const residents = new Residents(isPinned)
    const peers = Array.from({ length: 2000 }, (_, n) =>
      peer(`${n}`, { lastHandshake: ago(1000 * n + 1000) }),
    )
    update(residents, device(...peers), 0, 0)
    const leavers = residents.longestIdle(1990, 0)
    expect(keys(leavers)).toEqual(Array.from({ length: 1990 }, (_, n) => `${1999 - n}`))
    expect(isPinned).toHaveBeenCalledTimes(2000)
  })

  it('takes over a large reading in steps, between which who comes and goes counts', () => {
    const residents = new Residents(() => false)
    const reading = device(...Array.from({ length: 20_000 }, (_, n) => peer(`${n}`)))
    expect(busiestStep(residents.update(reading, 0, 0)).most).toBeLessThan(15_000)
    const steps = residents.update(reading, 10, 10)
    steps.next()
    residents.add('new', 11)
    residents.remove('0', 11)
    residents.remove('19999', 11)
    expect(runAtOnce(steps)).toBe(0)
    expect(['new', '0', '19999', '1'].map((key) => residents.has(key))).toEqual([
      true,
      false,
      false,
      true,
    ])
  })

  it('has back whom it took out', () => {
    const residents = new Residents(() => false)
    residents.add('a', 0)
    const undo = residents.remove('a', 10)
    expect(residents.has('a')).toBe(false)
    undo()
    update(residents, device(peer('a')), 5, 20)
    expect([residents.has('a'), residents.size]).toEqual([true, 1])
  })

  it('has back whom a reading showed while it was out', () => {
    const residents = new Residents(() => false)
    const reading = device(...Array.from({ length: 2000 }, (_, n) => peer(`${n}`)))
    update(residents, reading, 0, 0)
    const undo = residents.remove('0', 20)
    const steps = residents.update(reading, 10, 30)
    steps.next()
    undo()
    expect(runAtOnce(steps)).toBe(0)
    expect(residents.has('0')).toBe(true)
  })

  it('follows what others add and remove', () => {
    const residents = new Residents(() => false)
    expect(update(residents, device(peer('a'), peer('b')), 0, 0)).toBe(0)
    expect(update(residents, device(peer('b'), peer('c')), 10, 10)).toBe(1)
    expect([residents.has('a'), residents.has('c'), residents.size]).toEqual([false, true, 2])
  })

  it('does not believe a reading that began before its own deeds', () => {
    const residents = new Residents(() => false)
    update(residents, device(peer('old')), 0, 0)
    residents.remove('old', 20)
    residents.add('new', 20)
    update(residents, device(peer('old')), 10, 30)
    expect([residents.has('old'), residents.has('new')]).toEqual([false, true])
    update(residents, device(peer('old'), peer('new')), 40, 50)
    expect([residents.has('old'), residents.has('new')]).toEqual([true, true])
  })

  it('does not call those idle who went or came while it looked', () => {
    const residents = new Residents(() => false)
    update(residents, device(...Array.from({ length: 2000 }, (_, n) => peer(`${n}`))), 0, 0)
    const looking = residents.idle(500, 1000)
    expect(looking.next().done).toBe(false)
    residents.remove('0', 1000)
    residents.remove('1', 1000)
    residents.add('1', 1000)
    const found = keys(runAtOnce(looking))
    expect(found).toHaveLength(1998)
    expect(found).not.toContain('1')
  })

  it('never lets the pinned go', () => {
    const residents = new Residents((key) => key === 'pin')
    update(residents, device(peer('pin'), peer('a')), 0, 0)
    expect(keys(idle(residents, 1, 100))).toEqual(['a'])
    expect(keys(residents.longestIdle(1, 100))).toEqual(['a'])
    residents.remove('a', 100)
    expect(residents.longestIdle(1, 100)).toEqual([])
  })

  it('lets those who never answered go before those who did', () => {
    const residents = new Residents(() => false)
    update(residents, device(peer('true', { lastHandshake: ago(60_000) })), 0, 0)
    residents.add('replayed', 1000)
    expect(keys(residents.longestIdle(1, 10_000))).toEqual(['true'])
    expect(keys(residents.longestIdle(1, 17_000))).toEqual(['replayed'])
  })
})
