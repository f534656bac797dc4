import { AbortError, type CallOptions, type Device, generatePrivateKey } from '@wgctrl/types'
import { describe, expect, it, vi } from 'vitest'
import { ownCopy, SharedReader } from './shared-reader.js'

const device = (listenPort: number, peers: Device['peers'] = []): Device => ({
  name: 'wg0',
  kind: 'userspace',
  privateKey: generatePrivateKey(),
  listenPort,
  firewallMark: 0,
  peers,
})

/** A backend whose reads end when the test says so. */
function slowReads(peers?: Device['peers']) {
  const pending: { resolve: () => void; reject: (error: Error) => void; signal: AbortSignal }[] = []
  let count = 0
  const read = (_name: string, { signal }: CallOptions): Promise<Device> =>
    new Promise((resolve, reject) => {
      const port = ++count
      pending.push({
        resolve: () => resolve(device(port, peers)),
        reject,
        signal: signal as AbortSignal,
      })
      signal?.addEventListener('abort', () => reject(signal.reason))
    })
  return { read, pending, count: () => count }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))
const port = async (reading: Promise<{ device: Device }>): Promise<number> =>
  (await reading).device.listenPort

describe('SharedReader', () => {
  it('lets each who shares a large device go on in a turn of its own', async () => {
    const { read, pending } = slowReads(Array(1001).fill(device(1)))
    const reader = new SharedReader(read)
    let turn = 0
    const count = (): void => {
      turn++
      next = setImmediate(count)
    }
    let next = setImmediate(count)
    const asked = Array.from({ length: 4 }, () => reader.reading('wg0', { maxAge: 1000 }))
    const turns = asked.map((reading) => reading.then(() => turn))
    pending[0]?.resolve()
    expect(new Set(await Promise.all(turns)).size).toBe(4)
    clearImmediate(next)
  })

  it('gives a large device to nobody who gave up before its turn', async () => {
    const { read, pending } = slowReads(Array(1001).fill(device(1)))
    const reader = new SharedReader(read)
    const controller = new AbortController()
    const { signal } = controller
    const asked = reader.reading('wg0', { signal })
    pending[0]?.resolve()
    for (let turn = 0; turn < 20; turn++) await Promise.resolve()
    controller.abort()
    await expect(asked).rejects.toBeInstanceOf(AbortError)
  })

  it('gives one read to all who ask at once and accept its age', async () => {
    const { read, pending, count } = slowReads()
    const reader = new SharedReader(read)
    const asked = Array.from({ length: 50 }, () => reader.reading('wg0', { maxAge: 1000 }))
    pending[0]?.resolve()
    expect(new Set(await Promise.all(asked.map(port)))).toEqual(new Set([1]))
    expect(await port(reader.reading('wg0', { maxAge: 1000 }))).toBe(1)
    expect(count()).toBe(1)
  })

  it('never reads a device twice at a time, and reads anew for who accepts no age', async () => {
    const { read, pending, count } = slowReads()
    const reader = new SharedReader(read)
    const first = reader.reading('wg0', { maxAge: 1000 })
    await new Promise((resolve) => setTimeout(resolve, 2))
    const later = [reader.reading('wg0'), reader.reading('wg0')]
    await settled()
    expect(count()).toBe(1)
    pending[0]?.resolve()
    expect(await port(first)).toBe(1)
    await settled()
    expect(count()).toBe(2)
    pending[1]?.resolve()
    expect(await Promise.all(later.map(port))).toEqual([2, 2])
  })

  it('reads other devices meanwhile', async () => {
    const { read, pending } = slowReads()
    const reader = new SharedReader(read)
    const both = [reader.reading('wg0'), reader.reading('wg1')]
    await settled()
    for (const one of pending) one.resolve()
    expect(await Promise.all(both.map(port))).toEqual([1, 2])
  })

  it('does not give out what was read before a write', async () => {
    const { read, pending } = slowReads()
    const reader = new SharedReader(read)
    const before = reader.reading('wg0', { maxAge: 10_000 })
    await new Promise((resolve) => setTimeout(resolve, 2))
    reader.invalidate('wg0')
    const after = reader.reading('wg0', { maxAge: 10_000 })
    pending[0]?.resolve()
    expect(await port(before)).toBe(1)
    await settled()
    pending[1]?.resolve()
    expect(await port(after)).toBe(2)
    reader.invalidate('wg0')
    const again = reader.reading('wg0', { maxAge: 10_000 })
    await settled()
    pending[2]?.resolve()
    expect(await port(again)).toBe(3)
  })

  it('gives a reading from before a change of peers to those who take it, and none from before another change', async () => {
    let reads = 0
    const reader = new SharedReader(async () => device(++reads))
    const read = (beforePeers: boolean) =>
      port(reader.reading('wg0', { maxAge: 10_000, beforePeers }))
    expect(await read(false)).toBe(1)
    await new Promise((resolve) => setTimeout(resolve, 2))
    reader.invalidate('wg0', true)
    expect(await read(true)).toBe(1)
    expect(await read(false)).toBe(2)
    expect(await read(true)).toBe(2)
    await new Promise((resolve) => setTimeout(resolve, 2))
    reader.invalidate('wg0')
    expect(await read(true)).toBe(3)
    reader.close()
  })

  it('gives up a read that nobody waits for, and no other', async () => {
    const { read, pending } = slowReads()
    const reader = new SharedReader(read)
    const [one, two] = [new AbortController(), new AbortController()]
    const first = reader.reading('wg0', { maxAge: 99, signal: one.signal })
    const second = reader.reading('wg0', { maxAge: 99, signal: two.signal })
    one.abort(new Error('one'))
    await expect(first).rejects.toMatchObject({ code: 'ABORT_ERR', cause: new Error('one') })
    expect(pending[0]?.signal.aborted).toBe(false)
    two.abort(new Error('two'))
    await expect(second).rejects.toMatchObject({ code: 'ABORT_ERR', cause: new Error('two') })
    expect(pending[0]?.signal.aborted).toBe(true)
    const third = reader.reading('wg0', { maxAge: 99 })
    await settled()
    pending[1]?.resolve()
    expect(await port(third)).toBe(2)
    await expect(reader.reading('wg0', { signal: AbortSignal.abort() })).rejects.toThrow(AbortError)
  })

  it('throws what the backend throws, to each who waits, and reads anew afterwards', async () => {
    const { read, pending } = slowReads()
    const reader = new SharedReader(read)
    const asked = [reader.reading('wg0', { maxAge: 99 }), reader.reading('wg0', { maxAge: 99 })]
    pending[0]?.reject(new Error('gone'))
    for (const one of asked) await expect(one).rejects.toThrow('gone')
    const next = reader.reading('wg0', { maxAge: 99 })
    await settled()
    pending[1]?.resolve()
    expect(await port(next)).toBe(2)
  })

  it('forgets a reading once it is older than anybody accepted', async () => {
    vi.useFakeTimers()
    try {
      const read = vi.fn(async () => device(7))
      const reader = new SharedReader(read)
      await reader.reading('wg0', { maxAge: 100 })
      await reader.reading('wg0', { maxAge: 100 })
      expect(read).toHaveBeenCalledTimes(1)
      vi.advanceTimersByTime(101)
      expect(vi.getTimerCount()).toBe(0)
      await reader.reading('wg0', { maxAge: 5 })
      expect(read).toHaveBeenCalledTimes(2)
      reader.close()
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  })

  it('has copies for those who keep one: a key of its own', async () => {
    const reader = new SharedReader(async () => device(7))
    const one = ownCopy(await reader.reading('wg0', { maxAge: 1000 }))
    one.privateKey?.wipe()
    one.peers.length = 0
    const other = ownCopy(await reader.reading('wg0', { maxAge: 1000 }))
    expect(other.privateKey?.toBytes()).toHaveLength(32)
    reader.close()
  })
})
