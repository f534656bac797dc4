import { getEventListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import { Rtnl } from '@wgctrl/netlink'
import {
  type Backend,
  type CallOptions,
  type Capabilities,
  type CreateOptions,
  type Device,
  type DeviceConfig,
  type DeviceKind,
  generatePresharedKey,
  generatePrivateKey,
  type Peer,
  publicKey,
  WireGuardError,
} from '@wgctrl/types'
import { MemoryBackend } from '@wgctrl/types/testing'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { open } from './index.js'
import type { Lookup } from './resolve.js'

const KEY = Buffer.alloc(32, 1).toString('base64')

const failure = (promise: Promise<unknown>): Promise<WireGuardError> =>
  promise.then(
    () => {
      throw new Error('it passed')
    },
    (error) => error,
  )

const problem = (code: string): WireGuardError => new WireGuardError(`it is ${code}`, { code })

const latch = () => {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open, opened }
}

/** Notes what it was asked for, and answers every call with what the test says. */
class ScriptedBackend implements Backend {
  readonly capabilities: Capabilities = new MemoryBackend().capabilities
  readonly calls: string[] = []
  readonly options: CallOptions[] = []
  closed = 0
  constructor(
    readonly kind: DeviceKind,
    readonly answer: () => unknown,
  ) {}

  list(options: CallOptions): Promise<string[]> {
    return this.#note('list', options) as Promise<string[]>
  }

  device(name: string, options: CallOptions): Promise<Device> {
    return this.#note(`device ${name}`, options) as Promise<Device>
  }

  peers(name: string, options: CallOptions): AsyncIterableIterator<Peer> {
    const next = () => this.#note(`peers ${name}`, options) as Promise<IteratorResult<Peer>>
    const end = async (): Promise<IteratorResult<Peer>> => {
      this.calls.push('return')
      return { done: true, value: undefined }
    }
    const peers = { next, return: end, [Symbol.asyncIterator]: () => peers }
    return peers
  }

  async configure(name: string, config: DeviceConfig, options: CallOptions): Promise<void> {
    await this.#note(`configure ${name} ${JSON.stringify(config)}`, options)
  }

  async create(name: string, options: CreateOptions): Promise<void> {
    await this.#note(`create ${name}`, options)
  }

  async delete(name: string, options: CallOptions): Promise<void> {
    await this.#note(`delete ${name}`, options)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.closed++
    await this.answer()
  }

  async #note(call: string, options: CallOptions): Promise<unknown> {
    this.calls.push(call)
    this.options.push(options)
    return this.answer()
  }
}

const failing = (kind: DeviceKind, code: string): ScriptedBackend =>
  new ScriptedBackend(kind, () => {
    throw problem(code)
  })

/** A backend with the devices that are named. */
async function memory(kind: DeviceKind, ...names: string[]): Promise<MemoryBackend> {
  const backend = new MemoryBackend(kind)
  for (const name of names) await backend.create(name)
  return backend
}

const lookup: Lookup = async (host) => {
  if (host === 'a.example') return [{ address: '192.0.2.7' }]
  throw Object.assign(new Error('no such host'), { code: 'ENOTFOUND' })
}

describe('open', () => {
  it('says what it found, and why a backend is missing', async () => {
    const backend = new MemoryBackend()
    const wg = await open({ backends: [backend] })
    expect(wg.backends).toEqual([{ kind: 'userspace', available: true, backend }])
  })

  it('can be aborted, and refuses options that are none', async () => {
    expect(await failure(open({ signal: AbortSignal.abort('why') }))).toMatchObject({
      name: 'AbortError',
    })
    expect(await failure(open({ resolve: { retries: -1 } }))).toBeInstanceOf(RangeError)
    expect(await failure(open({ socketDir: 7 as never, backends: ['userspace'] }))).toBeInstanceOf(
      TypeError,
    )
  })
})

describe('devices', () => {
  it('are those of all backends, one name on two of them included', async () => {
    const wg = await open({
      backends: [
        await memory('linux-kernel', 'wg0', 'wg1'),
        await memory('userspace', 'wg0', 'wg2'),
      ],
    })
    const devices = await wg.devices()
    expect(devices.map(({ name, kind }) => `${name} ${kind}`)).toEqual([
      'wg0 linux-kernel',
      'wg1 linux-kernel',
      'wg0 userspace',
      'wg2 userspace',
    ])
    expect(devices.errors).toEqual([])
    expect(await wg.devices({ backend: 'userspace' })).toHaveLength(2)
  })

  it('are not hidden by one that fails, nor by a backend', async () => {
    const backend = await memory('linux-kernel', 'wg0', 'wg1')
    const device = backend.device.bind(backend)
    backend.device = async (name) => {
      if (name === 'wg0') throw problem('EPROTO')
      return device(name)
    }
    const wg = await open({ backends: [backend, failing('userspace', 'EPERM')] })
    const devices = await wg.devices()
    expect(devices.map(({ name }) => name)).toEqual(['wg1'])
    expect(devices.errors).toMatchObject([
      { code: 'EPROTO', device: 'wg0', backend: 'linux-kernel' },
      { code: 'EPERM', backend: 'userspace' },
    ])
    expect(JSON.stringify(devices)).not.toContain('errors')
  })

  it('that went away meanwhile are neither devices nor errors', async () => {
    const backend = await memory('userspace', 'wg0', 'wg1')
    const list = backend.list.bind(backend)
    backend.list = async (options) => {
      const names = await list(options)
      await backend.delete('wg0')
      return names
    }
    const devices = await (await open({ backends: [backend] })).devices()
    expect(devices.map(({ name }) => name)).toEqual(['wg1'])
    expect(devices.errors).toEqual([])
  })

  it('throw what is no device’s failure', async () => {
    const wg = await open({ backends: [await memory('userspace', 'wg0')] })
    expect(await failure(wg.devices({ signal: AbortSignal.abort() }))).toMatchObject({
      name: 'AbortError',
    })
    expect(await failure(wg.devices({ timeout: -1 }))).toBeInstanceOf(RangeError)
    const bug = new ScriptedBackend('userspace', () => {
      throw new SyntaxError('a bug')
    })
    expect(await failure((await open({ backends: [bug] })).devices())).toBeInstanceOf(SyntaxError)
    expect(await failure(wg.devices({ backend: 'linux-kernel' }))).toMatchObject({
      code: 'EUNSUPPORTED',
      feature: 'backend',
    })
  })
})

describe('one signal', () => {
  it('for many calls has one listener, and none when they are over', async () => {
    const names = Array.from({ length: 20 }, (_, at) => `wg${at}`)
    const wg = await open({ backends: [await memory('userspace', ...names)] })
    const { signal } = new AbortController()
    const watchers = names.map((name) => wg.watch(name, { signal }))
    const first = Promise.all(watchers.map((watcher) => watcher.next()))
    const calls = names.map((name) => wg.device(name, { signal }))
    await Promise.all([...calls, wg.devices({ signal })])
    expect(getEventListeners(signal, 'abort')).toHaveLength(1)
    await Promise.all(watchers.map((watcher) => watcher.return()))
    await first
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })
})

describe('a client that was closed', () => {
  it('refuses every call by one code, and closes once', async () => {
    const backend = await memory('userspace', 'wg0')
    const dispose = vi.spyOn(backend, Symbol.asyncDispose)
    const wg = await open({ backends: [backend] })
    const watched = wg.watch(undefined, { initial: true })
    await watched.next()
    const next = watched.next().then(() => watched.next())
    await Promise.all([wg.close(), wg.close()])
    await wg[Symbol.asyncDispose]()
    expect(dispose).toHaveBeenCalledTimes(1)
    expect(await next).toMatchObject({ done: true })
    const calls = [
      () => wg.devices(),
      () => wg.names(),
      () => wg.device('wg0'),
      () => wg.device('wg0', { maxAge: 1000 }),
      () => wg.peers('wg0').next(),
      () => wg.configure('wg0', {}),
      () => wg.create('wg1'),
      () => wg.delete('wg0'),
      () => wg.sync('wg0', {}),
      () => wg.up({ name: 'wg1' }),
      () => wg.down('wg0'),
      () => wg.watch().next(),
      () => wg.handshakes('wg0').next(),
      () => wg.justInTime('wg0', { lookup: () => undefined }),
    ]
    for (const call of calls) expect(await failure(call())).toMatchObject({ code: 'ECLOSED' })
    expect([...backend.devices.keys()]).toEqual(['wg0'])
  })

  it('ends readings under way at once, and lets changes under way end', async () => {
    const backend = await memory('userspace', 'wg0', 'wg1')
    const wg = await open({ backends: [backend] })
    const started = latch()
    const held = latch()
    const read = vi.spyOn(backend, 'device').mockImplementation(
      (_name, { signal } = {}) =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
        }),
    )
    const reading = [wg.device('wg0'), wg.devices()].map(failure)
    await vi.waitFor(() => expect(read).toHaveBeenCalledTimes(3))
    read.mockRestore()
    const { configure } = backend
    backend.configure = async (...call) => {
      started.open()
      await held.opened
      return configure.apply(backend, call)
    }
    const changed = wg.configure('wg1', { listenPort: 7 })
    await started.opened
    const closing = wg.close()
    let isOver = false
    closing.then(() => {
      isOver = true
    })
    for (const error of await Promise.all(reading)) expect(error).toMatchObject({ code: 'ECLOSED' })
    expect(isOver).toBe(false)
    expect(await failure(wg.device('wg0'))).toMatchObject({ code: 'ECLOSED', operation: 'device' })
    held.open()
    await changed
    await closing
    expect((await backend.device('wg1')).listenPort).toBe(7)
  })

  it('lets a sync read and write to its end', async () => {
    const backend = await memory('userspace', 'wg0')
    const wg = await open({ backends: [backend] })
    const { device } = backend
    const reading = latch()
    const held = latch()
    backend.device = async (...call) => {
      reading.open()
      await held.opened
      return device.apply(backend, call)
    }
    const synced = wg.sync('wg0', { listenPort: 9 })
    await reading.opened
    const closing = wg.close()
    held.open()
    expect(await synced).toHaveLength(1)
    await closing
    backend.device = device
    expect((await backend.device('wg0')).listenPort).toBe(9)
  })

  it.each(['close', 'abort'])('lets go of a stream of peers at once: %s', async (way) => {
    const backend = await memory('userspace', 'wg0')
    const peers = [1, 2, 3].map((fill) => ({ publicKey: new Uint8Array(32).fill(fill) }))
    await backend.configure('wg0', { peers })
    const ended = vi.fn()
    const { peers: given } = backend
    backend.peers = async function* (...call) {
      try {
        yield* given.apply(backend, call)
      } finally {
        ended()
      }
    }
    const wg = await open({ backends: [backend] })
    const controller = new AbortController()
    const stream = wg.peers('wg0', { signal: controller.signal })
    await stream.next()
    if (way === 'close') await wg.close()
    else controller.abort()
    await vi.waitFor(() => expect(ended).toHaveBeenCalledTimes(1))
    const error = await failure(stream.next())
    expect(error).toMatchObject({ code: way === 'close' ? 'ECLOSED' : 'ABORT_ERR' })
    expect(await stream.next()).toMatchObject({ done: true })
    await wg.close()
  })
})

describe('devices that are no network interfaces', () => {
  it('are not brought up or down, and the machine is left alone', async () => {
    const wg = await open({ backends: [await memory('userspace', 'wg0')] })
    const opened = vi.spyOn(Rtnl, 'open')
    onTestFinished(() => opened.mockRestore())
    const config = { addresses: ['10.99.0.1/24'], peers: [] }
    const calls = {
      up: () => wg.up({ name: 'wg0', ...config }),
      down: () => wg.down('wg0'),
      reconcile: () => wg.reconcile('wg0', config),
      reresolve: () =>
        wg.reresolve('wg0', { peers: [{ publicKey: KEY, endpoint: 'a.example:1' }] }),
    }
    for (const [operation, call] of Object.entries(calls)) {
      expect(await failure(call())).toMatchObject({
        code: 'EUNSUPPORTED',
        feature: 'links',
        operation,
        device: 'wg0',
      })
    }
    expect(opened).not.toHaveBeenCalled()
  })

  it('are not listened for', async () => {
    await using wg = await open({ backends: [await memory('userspace', 'wg0')] })
    const refusal = { code: 'EUNSUPPORTED', feature: 'links' }
    const gateway = wg.justInTime('wg0', { lookup: () => undefined })
    for (const call of [wg.handshakes('wg0').next(), gateway]) {
      expect(await failure(call)).toMatchObject(refusal)
    }
  })
})

describe('of several backends', () => {
  it('the first that has the device is asked', async () => {
    const first = await memory('linux-kernel', 'wg1')
    const second = await memory('userspace', 'wg0', 'wg1')
    const wg = await open({ backends: [first, second] })
    expect((await wg.device('wg0')).kind).toBe('userspace')
    expect((await wg.device('wg1')).kind).toBe('linux-kernel')
    expect((await wg.device('wg1', { backend: 'userspace' })).kind).toBe('userspace')
    await wg.configure('wg0', { listenPort: 7 })
    expect(second.devices.get('wg0')?.snapshot().listenPort).toBe(7)
    await wg.delete('wg0')
    expect([...second.devices.keys()]).toEqual(['wg1'])
    await wg.delete('wg1')
    expect([first.devices.size, second.devices.size]).toEqual([0, 1])
  })

  it.each([
    ['ENODEV', 'EPERM', 'EPERM'],
    ['EPERM', 'ENODEV', 'EPERM'],
    ['ENODEV', 'ENODEV', 'ENODEV'],
    ['ENOTWIREGUARD', 'ENODEV', 'ENOTWIREGUARD'],
    ['ENOTWIREGUARD', 'EPERM', 'EPERM'],
    ['ENOTWIREGUARD', 'ECONNREFUSED', 'ECONNREFUSED'],
    ['EUNSUPPORTED', 'EPERM', 'EPERM'],
    ['EUNSUPPORTED', 'ENODEV', 'EUNSUPPORTED'],
    ['ENODEV', 'EUNSUPPORTED', 'EUNSUPPORTED'],
    ['ENOBACKEND', 'EUNSUPPORTED', 'ENOBACKEND'],
  ])('that say %s and %s the telling one is thrown: %s', async (first, second, code) => {
    const backends = [failing('linux-kernel', first), failing('userspace', second)]
    const wg = await open({ backends })
    const calls = {
      device: () => wg.device('wg0'),
      configure: () => wg.configure('wg0', {}),
      delete: () => wg.delete('wg0'),
      create: () => wg.create('wg0'),
      peers: () => wg.peers('wg0').next(),
    }
    for (const [operation, call] of Object.entries(calls)) {
      const error = await failure(call())
      expect(error).toMatchObject({ code, operation, device: 'wg0' })
      expect(error.message).toMatch(new RegExp(`^${operation} wg0: it is ${code}$`))
    }
    for (const backend of backends) expect(backend.calls).toHaveLength(6)
  })

  it.each(['EEXIST', 'EINVAL', 'EADDRINUSE', 'ETIMEDOUT', 'EPROTO', 'EINTR'])(
    'the next is not asked after %s',
    async (code) => {
      const second = await memory('userspace', 'wg0')
      const wg = await open({ backends: [failing('linux-kernel', code), second] })
      expect(await failure(wg.device('wg0'))).toMatchObject({ code })
      expect(await failure(wg.create('wg1'))).toMatchObject({ code })
      expect(second.devices.has('wg1')).toBe(false)
    },
  )

  it('the next is not asked when this one has done a part', async () => {
    const first = new ScriptedBackend('linux-kernel', () => {
      throw new WireGuardError('no more', { code: 'EPERM', appliedPeers: 3 })
    })
    const second = await memory('userspace', 'wg0')
    const wg = await open({ backends: [first, second] })
    const error = await failure(wg.configure('wg0', { listenPort: 7 }))
    expect(error).toMatchObject({ code: 'EPERM', appliedPeers: 3 })
    expect(second.devices.get('wg0')?.snapshot().listenPort).toBe(0)
  })

  it('create goes to the first that can', async () => {
    const [first, second] = [await memory('linux-kernel'), await memory('userspace')]
    const wg = await open({ backends: [failing('linux-kernel', 'ENOBACKEND'), first, second] })
    await wg.create('wg0')
    expect([first.devices.size, second.devices.size]).toEqual([1, 0])
    await wg.create('wg0', { backend: 'userspace' })
    expect(second.devices.size).toBe(1)
    expect(await failure(wg.create('wg0'))).toMatchObject({ code: 'EEXIST', operation: 'create' })
  })

  it('one that makes and removes nothing is passed over', async () => {
    const first: Partial<ScriptedBackend> = failing('linux-kernel', 'ENODEV')
    Object.assign(first, { create: undefined, delete: undefined })
    const alone = await open({ backends: [first as Backend] })
    expect(await failure(alone.create('wg0'))).toMatchObject({
      code: 'EUNSUPPORTED',
      feature: 'create',
    })
    expect(await failure(alone.delete('wg0'))).toMatchObject({
      code: 'EUNSUPPORTED',
      feature: 'delete',
    })
    const second = await memory('userspace')
    const wg = await open({ backends: [first as Backend, second] })
    await wg.create('wg0')
    await wg.delete('wg0')
    expect(second.devices.size).toBe(0)
  })

  it('one that is missing gives its reason when it is asked for', async () => {
    const backends = ['userspace', await memory('linux-kernel', 'wg0')] as const
    vi.stubEnv('PATH', '/nonexistent')
    const wg = await open({ backends, socketDir: '/nonexistent' })
    vi.unstubAllEnvs()
    expect(wg.backends[0]).toMatchObject({ kind: 'userspace', available: false })
    expect((await wg.device('wg0')).kind).toBe('linux-kernel')
    expect(await failure(wg.device('wg0', { backend: 'userspace' }))).toMatchObject({
      code: 'ENOBACKEND',
      message: expect.stringContaining('wireguard-go'),
    })
  })
})

describe('peers', () => {
  const config = (count: number): DeviceConfig => ({
    peers: Array.from({ length: count }, (_, n) => ({ publicKey: Buffer.alloc(32, n) })),
  })

  it('fall through to the backend that has them; the stream before is closed', async () => {
    const first = failing('linux-kernel', 'ENODEV')
    const second = await memory('userspace', 'wg0')
    await second.configure('wg0', config(3))
    const wg = await open({ backends: [first, second] })
    const seen: string[] = []
    for await (const peer of wg.peers('wg0')) seen.push(peer.publicKey)
    expect(seen).toHaveLength(3)
    expect(first.calls).toEqual(['peers wg0', 'return'])
  })

  it('end the stream below when the loop is left, and when its body fails', async () => {
    const peer = {} as Peer
    const leave: ((stop: () => void) => void)[] = [
      (stop) => stop(),
      () => {
        throw new Error('the body failed')
      },
    ]
    for (const end of leave) {
      const backend = new ScriptedBackend('userspace', () => ({ done: false, value: peer }))
      const wg = await open({ backends: [backend] })
      const loop = async (): Promise<void> => {
        for await (const _ of wg.peers('wg0')) {
          let isLeft = false
          end(() => {
            isLeft = true
          })
          if (isLeft) break
        }
      }
      await loop().catch((error) => expect(error.message).toBe('the body failed'))
      expect(backend.calls).toEqual(['peers wg0', 'return'])
    }
  })

  it('ask nothing before the first is taken', async () => {
    const backend = failing('userspace', 'ENODEV')
    const wg = await open({ backends: [backend] })
    await wg.peers('wg0').return()
    expect(backend.calls).toEqual([])
  })

  it('of no device throw, with what was asked', async () => {
    const wg = await open({ backends: [new MemoryBackend()] })
    expect(await failure(wg.peers('wg0').next())).toMatchObject({
      code: 'ENODEV',
      operation: 'peers',
      device: 'wg0',
    })
    expect(await failure(wg.peers('a/b').next())).toMatchObject({ code: 'EINVAL', path: 'name' })
  })
})

describe('calls on one device', () => {
  it('are carried out in order, whoever has the device', async () => {
    const backend = await memory('userspace', 'wg0')
    const wg = await open({ backends: [failing('linux-kernel', 'ENODEV'), backend] })
    const marks = [1, 2, 3, 4, 5]
    const calls = marks.map(async (firewallMark) => {
      const change = wg.configure('wg0', { firewallMark })
      const read = wg.device('wg0')
      await change
      return (await read).firewallMark
    })
    expect(await Promise.all(calls)).toEqual(marks)
  })

  it('keep their order also where one waits for a name; reads do not wait', async () => {
    const backend = await memory('userspace', 'wg0')
    let answer = (): void => {}
    const slow: Lookup = () =>
      new Promise((resolve) => {
        answer = () => resolve([{ address: '192.0.2.7' }])
      })
    const wg = await open({ backends: [backend], resolve: { lookup: slow } })
    const peers = [{ publicKey: KEY, endpoint: 'a.example:1' }]
    const named = wg.configure('wg0', { firewallMark: 1, peers })
    const plain = wg.configure('wg0', { firewallMark: 2 })
    const removal = wg.delete('wg0')
    expect((await wg.device('wg0')).firewallMark).toBe(0)
    await sleep(5)
    expect((await wg.device('wg0')).firewallMark).toBe(0)
    answer()
    await Promise.all([named, plain, removal])
    expect(backend.devices.size).toBe(0)
    await wg.create('wg0')
    expect((await wg.device('wg0')).peers).toEqual([])
  })

  it('wait for name servers as long as there are tries, and no longer than a timeout of the caller’s', async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    let tries = 0
    const late: Lookup = async () => {
      if (++tries > 15) return [{ address: '192.0.2.7' }]
      throw Object.assign(new Error('no answer'), { code: 'EAI_AGAIN' })
    }
    const backend = await memory('userspace', 'wg0')
    const endpoint = 'late.example:1'
    const config = { peers: [{ publicKey: KEY, endpoint }] }
    for (const call of ['configure', 'sync'] as const) {
      tries = 0
      const wg = await open({ backends: [backend], resolve: { lookup: late } })
      const named = wg[call]('wg0', config)
      // Sixteen tries take 72 seconds, more than the minute that a device has.
      await vi.advanceTimersByTimeAsync(80_000)
      await named
      tries = 0
      const error = failure(wg[call]('wg0', config, { timeout: 10_000 }))
      await vi.advanceTimersByTimeAsync(10_000)
      expect(await error).toMatchObject({ code: 'EAI_AGAIN', path: 'peers[0].endpoint' })
    }
  })

  it('that wait have one timeout altogether', async () => {
    const backend = new ScriptedBackend('userspace', () => sleep(200))
    const wg = await open({ backends: [backend], resolve: { lookup } })
    const first = wg.device('wg0')
    const peers = [{ publicKey: KEY, endpoint: 'a.example:1' }]
    await wg.configure('wg0', { peers }, { timeout: 60_000 })
    await first
    const left = backend.options.at(-1)?.timeout ?? 0
    expect(left).toBeLessThan(59_950)
    expect(left).toBeGreaterThan(0)
    const others = [wg.device('wg0'), failure(wg.device('wg0', { timeout: 20 }))] as const
    expect(await others[1]).toMatchObject({ code: 'ETIMEDOUT', device: 'wg0' })
    await others[0]
  })

  it('that wait can be aborted, and leave nothing behind', async () => {
    const backend = new ScriptedBackend('userspace', () => sleep(50))
    const wg = await open({ backends: [backend] })
    const first = wg.device('wg0')
    const abort = new AbortController()
    const { signal } = abort
    const calls = [
      wg.device('wg0', { signal }),
      wg.configure('wg0', {}, { signal }),
      wg.peers('wg0', { signal }).next(),
    ].map(failure)
    abort.abort('why')
    for (const call of calls) expect(await call).toMatchObject({ name: 'AbortError' })
    expect(getEventListeners(signal, 'abort')).toEqual([])
    await first
    expect(backend.calls).toEqual(['device wg0'])
  })
})

describe('configure', () => {
  it('resolves names, once for all backends', async () => {
    const hosts: string[] = []
    const counting: Lookup = (host) => {
      hosts.push(host)
      return lookup(host)
    }
    const second = await memory('userspace', 'wg0')
    const wg = await open({
      backends: [failing('linux-kernel', 'ENODEV'), second],
      resolve: { lookup: counting },
    })
    const config = { peers: [{ publicKey: KEY, endpoint: 'a.example:7' }] }
    await wg.configure('wg0', config)
    expect((await wg.device('wg0')).peers[0]?.endpoint).toEqual({
      address: '192.0.2.7',
      port: 7,
      family: 4,
    })
    expect(hosts).toEqual(['a.example'])
    expect(config.peers[0]?.endpoint).toBe('a.example:7')
  })

  it('says which name it cannot resolve, and asks no backend', async () => {
    const backend = failing('userspace', 'ENODEV')
    const wg = await open({ backends: [backend], resolve: { lookup } })
    const peers = [{ publicKey: KEY }, { publicKey: KEY, endpoint: 'b.example:7' }]
    expect(await failure(wg.configure('wg0', { peers }))).toMatchObject({
      code: 'ENOTFOUND',
      path: 'peers[1].endpoint',
      operation: 'configure',
      device: 'wg0',
    })
    expect(backend.calls).toEqual([])
  })

  it('checks the rest of the config before it asks a name server', async () => {
    const asked = vi.fn(lookup)
    const wg = await open({ backends: [new MemoryBackend()], resolve: { lookup: asked } })
    const peers = [{ publicKey: KEY, endpoint: 'a.example:7', allowedIPs: ['x'] }]
    expect(await failure(wg.configure('wg0', { peers }))).toMatchObject({
      code: 'EINVAL',
      path: 'peers[0].allowedIPs[0]',
      operation: 'configure',
    })
    expect(asked).not.toHaveBeenCalled()
  })

  it('can be aborted while it waits for a name server, and runs out of time there', async () => {
    const never: Lookup = () => new Promise(() => {})
    const wg = await open({
      backends: [await memory('userspace', 'wg0')],
      resolve: { lookup: never },
    })
    const config = { peers: [{ publicKey: KEY, endpoint: 'a.example:7' }] }
    const abort = new AbortController()
    const aborted = failure(wg.configure('wg0', config, { signal: abort.signal }))
    abort.abort('why')
    expect(await aborted).toMatchObject({ name: 'AbortError', cause: 'why' })
    const error = await failure(wg.configure('wg0', config, { timeout: 20 }))
    expect(error).toMatchObject({ code: 'EAI_AGAIN', path: 'peers[0].endpoint', device: 'wg0' })
    expect(error.message).toContain('cannot resolve a.example: no name server answered in time')
  })

  it('uses the config as it was when it was given', async () => {
    const backend = await memory('userspace', 'wg0')
    const wg = await open({ backends: [failing('linux-kernel', 'ENODEV'), backend] })
    const privateKey = generatePrivateKey()
    const expected = publicKey(privateKey)
    const presharedKey = Buffer.alloc(32, 3)
    const peers = [{ publicKey: KEY, presharedKey }]
    const before = wg.device('wg0')
    const change = wg.configure('wg0', { privateKey, peers })
    privateKey.wipe()
    presharedKey.fill(0)
    peers.pop()
    await Promise.all([before, change])
    const device = await wg.device('wg0')
    expect(device.publicKey).toBe(expected)
    expect(device.peers[0]?.presharedKey?.toBytes()).toEqual(new Uint8Array(32).fill(3))
  })

  it('refuses what is no config, and a key that was wiped, with what was asked', async () => {
    const wg = await open({ backends: [await memory('userspace', 'wg0')] })
    for (const config of [null, 7, [], { other: 1 }, { peers: 7 }, { peers: [null] }]) {
      expect(await failure(wg.configure('wg0', config as never))).toBeInstanceOf(TypeError)
    }
    const privateKey = generatePrivateKey()
    privateKey.wipe()
    expect(await failure(wg.configure('wg0', { privateKey }))).toMatchObject({
      code: 'EINVAL',
      operation: 'configure',
      device: 'wg0',
    })
  })
})

describe('close', () => {
  it('lets go of every backend, also when one fails', async () => {
    const bad = failing('linux-kernel', 'EIO')
    const good = new ScriptedBackend('userspace', () => undefined)
    const wg = await open({ backends: [bad, good] })
    expect(await failure(wg.close())).toMatchObject({ code: 'EIO' })
    expect([bad.closed, good.closed]).toEqual([1, 1])
    await using other = await open({ backends: [good] })
    await other.close()
    expect(good.closed).toBe(2)
  })
})

describe('a device', () => {
  it('shows no secret, and becomes JSON', async () => {
    const backend = await memory('userspace', 'wg0')
    const privateKey = generatePrivateKey()
    const presharedKey = generatePresharedKey()
    const wg = await open({ backends: [backend] })
    await wg.configure('wg0', { privateKey, peers: [{ publicKey: KEY, presharedKey }] })
    backend.devices.get('wg0')?.pretend(KEY, {
      receivedBytes: 2n ** 63n,
      transmittedBytes: 7,
      lastHandshake: new Date(0),
    })
    const devices = await wg.devices()
    const shown = [
      inspect(devices, { depth: 9, showHidden: true }),
      inspect(wg, { depth: 9, showHidden: true }),
      JSON.stringify(devices),
      `${devices[0]?.privateKey} ${devices[0]?.peers[0]?.presharedKey}`,
    ].join()
    for (const secret of [privateKey, presharedKey]) {
      expect(shown).not.toContain(secret.toBase64())
      expect(shown).not.toContain(Buffer.from(secret.toBytes()).toString('hex'))
    }
    expect(JSON.parse(JSON.stringify(devices))).toMatchObject([
      {
        privateKey: '(hidden)',
        peers: [
          {
            presharedKey: '(hidden)',
            receivedBytes: 2 ** 63,
            transmittedBytes: 7,
            exactBytes: { received: `${2n ** 63n}`, transmitted: '7' },
            lastHandshake: '1970-01-01T00:00:00.000Z',
          },
        ],
      },
    ])
  })
})
