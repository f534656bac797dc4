import type { Backend, DeviceKind, WireGuardError as Failure } from '@wgctrl/types'
import { WireGuardError } from '@wgctrl/types'
import { MemoryBackend } from '@wgctrl/types/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type BackendStatus, Backends } from './backends.js'
import { WireGuard } from './client.js'
import { EndpointResolver } from './resolve.js'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] })
})

afterEach(() => {
  vi.useRealTimers()
})

const failure = (promise: Promise<unknown>): Promise<Failure> =>
  promise.then(
    () => {
      throw new Error('it passed')
    },
    (error) => error,
  )

const statusOf = (kind: DeviceKind, given: Backend | string): BackendStatus =>
  typeof given === 'string'
    ? {
        kind,
        available: false,
        reason: new WireGuardError(`open: it is ${given}`, {
          code: given,
          operation: 'open',
          backend: kind,
        }),
      }
    : { kind, available: true, backend: given }

/** A client of a machine whose kernel has what the test says, when it is looked for. */
class Late {
  looks = 0
  readonly userspace = new MemoryBackend('userspace')
  readonly wg: WireGuard
  constructor(public kernel: Backend | string) {
    const memory = statusOf('userspace', this.userspace)
    const look = async () => {
      this.looks++
      return statusOf('linux-kernel', this.kernel)
    }
    const statuses = [statusOf('linux-kernel', kernel), memory]
    const backends = new Backends([look, async () => memory], statuses)
    this.wg = new WireGuard(backends, new EndpointResolver())
  }
}

describe('a backend that is here and refuses', () => {
  it.each(['EPERM', 'EUNSUPPORTED', 'ENOENT'])('by %s is said by every call', async (code) => {
    const { wg, userspace } = new Late(code)
    await userspace.create('wg1')
    const devices = await wg.devices()
    expect(devices.map(({ name }) => name)).toEqual(['wg1'])
    expect(devices.errors).toMatchObject([{ code, backend: 'linux-kernel' }])
    expect(await failure(wg.names())).toMatchObject({ code, backend: 'linux-kernel' })
    const calls = {
      device: () => wg.device('wg0'),
      peers: () => wg.peers('wg0').next(),
      configure: () => wg.configure('wg0', {}),
      delete: () => wg.delete('wg0'),
    }
    for (const [operation, call] of Object.entries(calls)) {
      const error = await failure(call())
      expect(error).toMatchObject({ code, operation, device: 'wg0', backend: 'linux-kernel' })
      expect(error.message).toBe(
        `${operation} wg0: the linux-kernel backend cannot be used: it is ${code}`,
      )
    }
    expect(await failure(wg.sync('wg0', {}))).toMatchObject({ code, device: 'wg0' })
    expect(await wg.names({ backend: 'userspace' })).toEqual(['wg1'])
    expect(await failure(wg.device('wg0', { backend: 'userspace' }))).toMatchObject({
      code: 'ENODEV',
    })
    expect((await wg.device('wg1')).kind).toBe('userspace')
  })

  it('says less than one that knows the device', async () => {
    const { wg, userspace } = new Late('EUNSUPPORTED')
    for (const code of ['ECONNREFUSED', 'EPERM']) {
      userspace.fail('device', new WireGuardError('it is so', { code }))
      expect(await failure(wg.device('wg0'))).toMatchObject({ code, backend: 'userspace' })
    }
  })

  it('is told to who watches, once, beside the devices that can be seen, and so is its return', async () => {
    const machine = new Late('EPERM')
    const { wg, userspace } = machine
    await userspace.create('wg1')
    const events = wg.watch(undefined, { initial: true, interval: 10 })
    const heard = [await events.next(), await events.next()].map(({ value }) => value)
    expect(heard).toMatchObject([
      { type: 'backend-failed', backend: 'linux-kernel', error: { code: 'EPERM' } },
      { type: 'device-added', device: 'wg1' },
    ])
    vi.advanceTimersByTime(5000)
    await userspace.create('wg2')
    expect((await events.next()).value).toMatchObject({ type: 'device-added', device: 'wg2' })
    const kernel = new MemoryBackend('linux-kernel')
    await kernel.create('wg0')
    machine.kernel = kernel
    vi.advanceTimersByTime(5000)
    const then = [await events.next(), await events.next()].map(({ value }) => value)
    expect(then).toEqual([
      { type: 'backend-recovered', backend: 'linux-kernel' },
      { type: 'device-added', device: 'wg0' },
    ])
    await events.return()
  })
})

describe('a backend that this machine does not have', () => {
  it('is no failure', async () => {
    const { wg } = new Late('ENOBACKEND')
    expect(await wg.names()).toEqual([])
    expect((await wg.devices()).errors).toEqual([])
    expect(await failure(wg.device('wg0'))).toMatchObject({ code: 'ENODEV' })
    expect(await failure(wg.device('wg0', { backend: 'linux-kernel' }))).toMatchObject({
      code: 'ENOBACKEND',
      operation: 'device',
    })
  })
})

describe('a backend that comes later', () => {
  /** The kernel as it is when its module was loaded. */
  async function loaded(): Promise<MemoryBackend> {
    const kernel = new MemoryBackend('linux-kernel')
    await kernel.create('wg0')
    return kernel
  }

  it.each([
    ['names', async ({ wg }: Late) => expect(await wg.names()).toEqual(['wg0'])],
    ['devices', async ({ wg }: Late) => expect(await wg.devices()).toHaveLength(1)],
    ['device', async ({ wg }: Late) => expect((await wg.device('wg0')).name).toBe('wg0')],
    ['configure', async ({ wg }: Late) => wg.configure('wg0', { listenPort: 7 })],
    ['delete', async ({ wg }: Late) => wg.delete('wg0')],
    ['one kind', async ({ wg }: Late) => wg.device('wg0', { backend: 'linux-kernel' })],
    [
      'create',
      async ({ wg, userspace }: Late) => {
        await wg.create('wg7')
        expect((await wg.device('wg7')).kind).toBe('linux-kernel')
        expect(userspace.devices.size).toBe(0)
      },
    ],
  ])('is found by %s', async (_, call) => {
    const late = new Late('ENOBACKEND')
    vi.advanceTimersByTime(2000)
    late.kernel = await loaded()
    await call(late)
    expect(late.wg.backends).toMatchObject([{ available: true }, { available: true }])
    expect(late.looks).toBe(1)
  })

  it('is looked for once a second at most, by one look for all, and no more when it is there', async () => {
    const late = new Late('ENOBACKEND')
    const ask = () => Promise.all(Array.from({ length: 20 }, () => late.wg.names()))
    await ask()
    expect(late.looks).toBe(0)
    for (const looks of [1, 2]) {
      vi.advanceTimersByTime(1001)
      await ask()
      expect(late.looks).toBe(looks)
    }
    late.kernel = await loaded()
    vi.advanceTimersByTime(1001)
    await ask()
    vi.advanceTimersByTime(1001)
    await ask()
    expect(late.looks).toBe(3)
  })

  it('is not looked for by who gets what he asks for', async () => {
    const late = new Late('ENOBACKEND')
    await late.userspace.create('wg1')
    vi.advanceTimersByTime(2000)
    await late.wg.device('wg1')
    expect(late.looks).toBe(0)
  })
})
