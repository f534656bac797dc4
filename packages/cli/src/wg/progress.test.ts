import {
  type ConfigureOptions,
  type DeviceConfig,
  generatePrivateKey,
  publicKey,
} from '@wgctrl/types'
import { MemoryBackend } from '@wgctrl/types/testing'
import { describe, expect, it, vi } from 'vitest'
import { fakeIo } from '../testing.fixture.js'
import { barText, progressBar, withProgress } from './progress.js'

const config = (count: number): DeviceConfig => ({
  listenPort: 5,
  replacePeers: true,
  peers: Array.from({ length: count }, (_, n) => ({
    publicKey: Buffer.alloc(32, `key ${n}`).toString('base64'),
  })),
})

async function configured(count: number, isTTY: boolean) {
  const backend = new MemoryBackend()
  await backend.create('wg0')
  const io = fakeIo({ isTTY, columns: 60 })
  const calls = vi.spyOn(backend, 'configure')
  await using wrapped = withProgress(backend, progressBar(io.stderr))
  await wrapped.configure('wg0', config(count))
  const device = await wrapped.device('wg0')
  return { device, err: io.written.err, calls: calls.mock.calls.length }
}

describe('a long change', () => {
  it('shows on a terminal how far it is, and leaves no trace', async () => {
    const { device, err, calls } = await configured(5001, true)
    expect(device).toMatchObject({ listenPort: 5 })
    expect(device.peers).toHaveLength(5001)
    expect(err).toContain(' 0/5001 peers')
    expect(calls).toBe(1)
    expect(err.endsWith('\r\x1b[K')).toBe(true)
  })

  it('is sent as it is where there is no terminal', async () => {
    const { device, err, calls } = await configured(5001, false)
    expect(device.peers).toHaveLength(5001)
    expect({ err, calls }).toEqual({ err: '', calls: 1 })
  })

  it('names a peer by its place among all', async () => {
    const backend = new MemoryBackend()
    await backend.create('wg0')
    const own = generatePrivateKey()
    await backend.configure('wg0', { privateKey: own })
    const { peers = [] } = config(3000)
    const change = { peers: [...peers, { publicKey: publicKey(own) }] }
    await using wrapped = withProgress(backend, progressBar(fakeIo({ isTTY: true }).stderr))
    await expect(wrapped.configure('wg0', change)).rejects.toMatchObject({
      code: 'EINVAL',
      path: 'peers[3000].publicKey',
    })
  })

  it('shows what the backend tells of one write', async () => {
    const backend = new MemoryBackend()
    await backend.create('wg0')
    const io = fakeIo({ isTTY: true, columns: 60 })
    vi.spyOn(backend, 'configure').mockImplementation(
      async (_, { peers = [] }, options?: ConfigureOptions) => {
        expect(peers).toHaveLength(5001)
        for (const sent of [2500, 6000]) {
          await new Promise((resolve) => setTimeout(resolve, 60))
          options?.onProgress?.(sent)
        }
      },
    )
    await using wrapped = withProgress(backend, progressBar(io.stderr))
    await wrapped.configure('wg0', config(5001))
    expect(io.written.err).toContain(' 2500/5001 peers')
    expect(io.written.err).toContain(' 5001/5001 peers')
  })

  it('goes on where the terminal was closed', async () => {
    const backend = new MemoryBackend()
    await backend.create('wg0')
    const paint = (): never => {
      throw Object.assign(new Error('gone'), { code: 'EIO' })
    }
    await using wrapped = withProgress(
      backend,
      progressBar({ ...fakeIo({ isTTY: true }).stderr, paint }),
    )
    await wrapped.configure('wg0', config(3000))
    expect((await wrapped.device('wg0')).peers).toHaveLength(3000)
  })

  it('leaves no trace of one that failed', async () => {
    const io = fakeIo({ isTTY: true })
    await using wrapped = withProgress(new MemoryBackend(), progressBar(io.stderr))
    await expect(wrapped.configure('wg0', config(3000))).rejects.toMatchObject({ code: 'ENODEV' })
    expect(io.written.err.endsWith('peers\r\x1b[K')).toBe(true)
  })
})

it('a short change shows nothing', async () => {
  const { err, calls } = await configured(100, true)
  expect({ err, calls }).toEqual({ err: '', calls: 1 })
})

it.each([
  [0, 30],
  [1, 30],
  [500, 80],
  [1000, 200],
  [1000, 10],
])('the bar at %i of 1000 fits into %i columns', (done, columns) => {
  const bar = barText(done, 1000, columns)
  expect(bar).toMatch(/^\[#* *\] \d+\/1000 peers$/)
  if (columns > 20) expect(bar.length).toBeLessThan(columns)
  if (done === 1000) expect(bar).not.toContain('# ')
})
