import { describe, expect, it } from 'vitest'
import type { WatchEvent } from './events.js'
import { MergedQueue } from './merged-queue.js'

const peer = { publicKey: 'k' } as never
const of = { device: 'wg0', publicKey: 'k' }
const added: WatchEvent = { ...of, type: 'peer-added', peer }
const removed: WatchEvent = { ...of, type: 'peer-removed', peer }
const transfer = (received: number, duration: number): WatchEvent => ({
  ...of,
  type: 'peer-transfer',
  received,
  transmitted: 0,
  receiveRate: 0,
  transmitRate: 0,
  duration,
})
const roamed = (port: number, from?: number): WatchEvent => {
  const at = (number: number) => ({ address: '10.0.0.1', port: number, family: 4 }) as const
  return { ...of, type: 'peer-roamed', endpoint: at(port), ...(from && { from: at(from) }) }
}
const changed = (...fields: ('allowedIPs' | 'presharedKey')[]): WatchEvent => ({
  ...of,
  type: 'peer-changed',
  fields,
  peer,
})
const device = (type: 'added' | 'removed' | 'up' | 'down', name = 'wg0'): WatchEvent => ({
  device: name,
  type: `device-${type}`,
})
const renamed = (from: string, to: string): WatchEvent => ({
  type: 'device-renamed',
  device: to,
  from,
})

function through(...events: WatchEvent[]): WatchEvent[] {
  const queue = new MergedQueue()
  for (const event of events) queue.push(event)
  const out: WatchEvent[] = []
  for (let event = queue.shift(); event; event = queue.shift()) out.push(event)
  return out
}

describe('MergedQueue', () => {
  it('keeps what is about different things, in order', () => {
    const other = { ...added, publicKey: 'other' }
    expect(through(added, other, changed('allowedIPs'))).toEqual([
      added,
      other,
      changed('allowedIPs'),
    ])
  })

  it('adds transfers up, with the rate over all of their time', () => {
    expect(through(transfer(100, 1000), transfer(300, 3000))).toMatchObject([
      { received: 400, duration: 4000, receiveRate: 100 },
    ])
  })

  it('joins changes, and roaming from the first place to the last', () => {
    expect(through(changed('allowedIPs'), changed('presharedKey', 'allowedIPs'))).toEqual([
      changed('allowedIPs', 'presharedKey'),
    ])
    expect(through(roamed(2, 1), roamed(3, 2))).toEqual([roamed(3, 1)])
    expect(through(roamed(2), roamed(3, 2))).toEqual([roamed(3)])
  })

  it('forgets what came and went unseen', () => {
    expect(through(added, transfer(1, 1), removed)).toEqual([])
    expect(through(device('added'), added, device('removed'))).toEqual([])
    expect(through(device('up'), device('down'))).toEqual([])
    expect(through(renamed('a', 'b'), renamed('b', 'a'))).toEqual([])
    expect(through(renamed('a', 'b'), renamed('b', 'c'))).toEqual([renamed('a', 'c')])
  })

  it('tells that what was known is gone, and nothing else of it', () => {
    expect(through(transfer(1, 1), changed('allowedIPs'), removed)).toEqual([removed])
    expect(through(transfer(1, 1), device('up'), device('removed'))).toEqual([device('removed')])
  })

  it('tells of what was known, went and returned both times', () => {
    expect(through(removed, added)).toEqual([removed, added])
    expect(through(removed, added, removed)).toEqual([removed])
    expect(through(device('removed'), device('added'))).toEqual([
      device('removed'),
      device('added'),
    ])
    expect(through(device('removed'), device('added'), added, device('removed'))).toEqual([
      device('removed'),
    ])
  })

  it('does not grow with what happens, only with what there is', () => {
    const queue = new MergedQueue()
    for (let round = 0; round < 1000; round++) {
      for (let index = 0; index < 10; index++) {
        const publicKey = `${index}`
        queue.push({ ...transfer(1, 1), publicKey } as WatchEvent)
        queue.push({ ...roamed(round + 1), publicKey } as WatchEvent)
        queue.push({ ...added, publicKey: `passing${round}` })
        queue.push({ ...removed, publicKey: `passing${round}` })
      }
    }
    expect(queue.size).toBe(20)
  })
})
