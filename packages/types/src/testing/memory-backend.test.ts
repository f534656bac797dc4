import { beforeEach, describe, expect, it } from 'vitest'
import type { Backend } from '../backend.js'
import { AbortError, WireGuardError } from '../errors.js'
import { formatPublicKey } from '../key.js'
import { FakeDevice } from './fake-device.js'
import { type FakeOperation, MemoryBackend } from './memory-backend.js'

const key = formatPublicKey(new Uint8Array(32).fill(1))
let backend: MemoryBackend

beforeEach(async () => {
  backend = new MemoryBackend()
  await backend.create('wg0')
})

const firstPeer = (of: Backend, name: string, options?: object): Promise<unknown> =>
  of.peers(name, options).next()

/** Every call of a backend. */
const calls: Record<FakeOperation, (of: MemoryBackend, options?: object) => Promise<unknown>> = {
  list: (of, options) => of.list(options),
  device: (of, options) => of.device('wg0', options),
  peers: (of, options) => firstPeer(of, 'wg0', options),
  configure: (of, options) => of.configure('wg0', {}, options),
  create: (of, options) => of.create('wg1', options),
  delete: (of, options) => of.delete('wg0', options),
}
const operations = Object.keys(calls) as FakeOperation[]

describe('MemoryBackend', () => {
  it.each(operations)('says where %s failed', async (operation) => {
    const below = new WireGuardError('no', { code: 'EPERM' })
    backend.fail(operation, below)
    await expect(calls[operation](backend)).rejects.toMatchObject({
      code: 'EPERM',
      operation,
      backend: 'userspace',
      cause: below,
    })
    for (const other of operations.filter((name) => name !== operation && name !== 'delete')) {
      await calls[other](backend)
    }
    backend.fail(operation, undefined)
    await calls[operation](new MemoryBackend()).catch((error) => {
      expect(error.code).toBe('ENODEV')
    })
  })

  it('passes again once a failure is taken back', async () => {
    backend.fail('device', new Error('x'))
    await expect(backend.device('wg0')).rejects.toThrow('x')
    backend.fail('device', undefined)
    expect((await backend.device('wg0')).name).toBe('wg0')
  })

  it.each(operations)('does not begin %s when it was aborted before', async (operation) => {
    const signal = AbortSignal.abort()
    await expect(calls[operation](backend, { signal })).rejects.toBeInstanceOf(AbortError)
    expect([...backend.devices.keys()]).toEqual(['wg0'])
  })

  it.each(operations)('checks the options of %s', async (operation) => {
    await expect(calls[operation](backend, { timeout: 0 })).rejects.toBeInstanceOf(RangeError)
    await expect(calls[operation](backend, { signal: 1 })).rejects.toBeInstanceOf(TypeError)
    expect([...backend.devices.keys()]).toEqual(['wg0'])
  })

  it('ends a stream of peers when it is aborted, and by leaving the loop', async () => {
    const peers = [1, 2, 3].map((fill) => ({ publicKey: new Uint8Array(32).fill(fill) }))
    await backend.configure('wg0', { peers })
    const controller = new AbortController()
    const stream = backend.peers('wg0', { signal: controller.signal })
    expect((await stream.next()).done).toBe(false)
    controller.abort()
    await expect(stream.next()).rejects.toBeInstanceOf(AbortError)
    expect((await stream.next()).done).toBe(true)
    for await (const peer of backend.peers('wg0')) {
      expect(peer.publicKey).toBe(formatPublicKey(new Uint8Array(32).fill(1)))
      break
    }
  })

  it('shows the devices to the test', async () => {
    backend.devices.set('wg7', new FakeDevice('wg7'))
    expect(await backend.list()).toEqual(['wg0', 'wg7'])
    backend.devices.get('wg0')?.pretend(key, {})
    await backend.configure('wg0', { peers: [{ publicKey: key }] })
    backend.devices.get('wg0')?.pretend(key, { receivedBytes: 5 })
    expect((await backend.device('wg0')).peers).toMatchObject([{ receivedBytes: 5 }])
  })

  it('can stand for the kernel', async () => {
    const kernel = new MemoryBackend('linux-kernel')
    await kernel.create('wg0')
    expect((await kernel.device('wg0')).kind).toBe('linux-kernel')
    const extra = kernel.configure('wg0', { extra: { later: '1' } })
    await expect(extra).rejects.toMatchObject({ code: 'EUNSUPPORTED', feature: 'extra' })
    await expect(kernel.device('no')).rejects.toMatchObject({ backend: 'linux-kernel' })
  })

  it('has no MTU', async () => {
    const refusal = { code: 'EUNSUPPORTED', feature: 'mtu' }
    await expect(backend.create('wg1', { mtu: 1420 })).rejects.toMatchObject(refusal)
    expect(await backend.list()).toEqual(['wg0'])
  })
})
