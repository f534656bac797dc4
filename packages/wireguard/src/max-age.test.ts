import { generatePrivateKey, publicKey } from '@wgctrl/types'
import { MemoryBackend } from '@wgctrl/types/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { open, type WireGuard } from './index.js'

const PEER = publicKey(generatePrivateKey())

let wg: WireGuard

/** A client of a device in memory, and how often that was read. */
async function client() {
  const backend = new MemoryBackend()
  await backend.create('wg0')
  await backend.configure('wg0', { privateKey: generatePrivateKey(), peers: [{ publicKey: PEER }] })
  const read = vi.spyOn(backend, 'device')
  wg = await open({ backends: [backend] })
  return { backend, reads: () => read.mock.calls.length }
}

afterEach(() => wg.close())

describe('device with maxAge', () => {
  it('is read once for all who accept its age, and anew for others', async () => {
    const { reads } = await client()
    const asked = Array.from({ length: 20 }, () => wg.device('wg0', { maxAge: 60_000 }))
    for (const device of await Promise.all(asked)) expect(device.peers).toHaveLength(1)
    await wg.device('wg0', { maxAge: 60_000 })
    expect(reads()).toBe(1)
    await wg.device('wg0')
    await wg.device('wg0', { maxAge: 0 })
    expect(reads()).toBe(3)
  })

  it('is read anew when the last reading is older', async () => {
    const { reads } = await client()
    await wg.device('wg0', { maxAge: 60_000 })
    await new Promise((resolve) => setTimeout(resolve, 20))
    await wg.device('wg0', { maxAge: 10 })
    expect(reads()).toBe(2)
  })

  it('shares the readings of who watches', async () => {
    const { reads } = await client()
    const watcher = wg.watch('wg0', { interval: 60_000, initial: true })
    for await (const event of watcher) {
      if (event.type !== 'peer-added') continue
      const before = reads()
      expect((await wg.device('wg0', { maxAge: 60_000 })).peers[0]?.publicKey).toBe(PEER)
      expect(reads()).toBe(before)
      break
    }
  })

  it('shows what this client changed, also when the change was not waited for', async () => {
    const { reads } = await client()
    await wg.device('wg0', { maxAge: 60_000 })
    const change = wg.configure('wg0', { listenPort: 4711 })
    const device = await wg.device('wg0', { maxAge: 60_000 })
    await change
    expect(device.listenPort).toBe(4711)
    expect((await wg.device('wg0', { maxAge: 60_000 })).listenPort).toBe(4711)
    expect(reads()).toBeGreaterThan(1)
  })

  it('belongs to who asked: his key and list can be changed', async () => {
    await client()
    const one = await wg.device('wg0', { maxAge: 60_000 })
    one.privateKey?.wipe()
    one.peers.length = 0
    const other = await wg.device('wg0', { maxAge: 60_000 })
    expect(other.privateKey?.toBytes()).toHaveLength(32)
    expect(other.peers).toHaveLength(1)
  })

  it('comes from the backend that is asked for', async () => {
    const [kernel, userspace] = [new MemoryBackend('linux-kernel'), new MemoryBackend('userspace')]
    for (const backend of [kernel, userspace]) await backend.create('wg0')
    wg = await open({ backends: [kernel, userspace] })
    const kindOf = async (backend?: 'linux-kernel' | 'userspace') =>
      (await wg.device('wg0', { maxAge: 60_000, backend })).kind
    expect(await kindOf()).toBe('linux-kernel')
    expect(await kindOf('linux-kernel')).toBe('linux-kernel')
    expect(await kindOf('userspace')).toBe('userspace')
  })

  it('fails as a reading does, can be aborted, and refuses an age that is none', async () => {
    const { reads } = await client()
    const options = { maxAge: 1000 }
    await expect(wg.device('wg1', options)).rejects.toMatchObject({
      code: 'ENODEV',
      operation: 'device',
      device: 'wg1',
    })
    await expect(wg.device('', options)).rejects.toMatchObject({ code: 'EINVAL' })
    const signal = AbortSignal.abort()
    await expect(wg.device('wg0', { ...options, signal })).rejects.toMatchObject({
      name: 'AbortError',
    })
    await expect(wg.device('wg0', { maxAge: -1 })).rejects.toBeInstanceOf(RangeError)
    await expect(wg.device('wg0', { maxAge: Number.NaN })).rejects.toBeInstanceOf(RangeError)
    await expect(wg.device('wg0', { maxAge: '1' as never })).rejects.toBeInstanceOf(TypeError)
    expect(reads()).toBe(1)
  })

  it('has one timeout, also when it waits for the reading of another', async () => {
    const { backend } = await client()
    vi.spyOn(backend, 'device').mockImplementation(() => new Promise(() => {}))
    const asked = [5, 10].map((timeout) => wg.device('wg0', { maxAge: 1000, timeout }))
    for (const one of asked) await expect(one).rejects.toMatchObject({ code: 'ETIMEDOUT' })
  })
})
