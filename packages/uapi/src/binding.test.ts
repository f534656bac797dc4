import { join } from 'node:path'
import { type CallOptions, checkConfig, type DeviceConfig, WireGuardError } from '@wgctrl/types'
import { FakeDevice } from '@wgctrl/types/testing'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { UserspaceBackend } from './backend.js'
import { serve, temporaryDirectory } from './sockets.fixture.js'
import { type FakeImplementation, FakeUapiServer } from './testing/index.js'

const privateKey = Buffer.alloc(32, 2)
const peers = [{ publicKey: Buffer.alloc(32, 3), allowedIPs: ['10.0.0.2/32'] }]

async function stage(config: DeviceConfig, implementation: FakeImplementation = 'wireguard-go') {
  const socketDir = await temporaryDirectory()
  const device = new FakeDevice('wg0')
  device.apply(checkConfig(config))
  const fake = await FakeUapiServer.listen(join(socketDir, 'wg0.sock'), device, implementation)
  onTestFinished(() => fake[Symbol.asyncDispose]())
  const dialect = implementation === 'amneziawg-go' ? 'amneziawg' : 'wireguard'
  return { backend: new UserspaceBackend({ socketDir, dialect }), fake }
}

const failure = (call: Promise<void>): Promise<WireGuardError> =>
  call.then(
    () => {
      throw new Error('it passed')
    },
    (error) => error,
  )

const shown = (fake: FakeUapiServer) => {
  const { publicKey, listenPort, firewallMark, peers } = fake.device.snapshot()
  return { publicKey, listenPort, firewallMark, peers }
}

describe.each(['wireguard-go', 'wireguard-go-2022', 'boringtun'] as const)('%s', (kind) => {
  it.each<[string, DeviceConfig]>([
    ['alone', {}],
    ['beside a mark', { firewallMark: 9 }],
    [
      'beside all else',
      { privateKey: Buffer.alloc(32, 7), firewallMark: 9, replacePeers: true, peers },
    ],
  ])('a port that is refused %s leaves the device as it was, on its port', async (_, more) => {
    const config = { privateKey, listenPort: 1000, firewallMark: 5, peers }
    const { backend, fake } = await stage(config, kind)
    const before = shown(fake)
    fake.takenPorts.add(2000)
    for (let round = 0; round < 2; round++) {
      const error = await failure(backend.configure('wg0', { ...more, listenPort: 2000 }))
      expect(error).toMatchObject({ code: 'EADDRINUSE', errno: 98, operation: 'configure' })
      expect(error).not.toHaveProperty('lostPort')
      expect(error.message).toContain('the listen port 2000 is taken')
      expect(shown(fake)).toEqual(before)
      expect(fake.isDeaf).toBe(false)
    }
  })

  it('says which port is lost when it cannot be put back', async () => {
    const { backend, fake } = await stage({ privateKey, listenPort: 1000 }, kind)
    for (const port of [1000, 2000]) fake.takenPorts.add(port)
    const error = await failure(backend.configure('wg0', { listenPort: 2000 }))
    expect(error).toMatchObject({ code: 'EADDRINUSE', lostPort: 1000, device: 'wg0' })
    expect(error.message).toContain('its port 1000 could not be put back')
    expect(fake.isDeaf).toBe(true)
    fake.takenPorts.clear()
    await backend.configure('wg0', { listenPort: 1000 })
    expect(fake.isDeaf).toBe(false)
  })

  it('a mark that is refused is EPERM, and leaves port and mark as they were', async () => {
    const { backend, fake } = await stage({ privateKey, listenPort: 1000, firewallMark: 5 }, kind)
    const before = shown(fake)
    fake.mayMark = false
    for (const more of [{}, { listenPort: 2000 }, { listenPort: 1000 }]) {
      const error = await failure(backend.configure('wg0', { ...more, firewallMark: 9, peers }))
      expect(error).toMatchObject({ code: 'EPERM', appliedPeers: 0 })
      expect(shown(fake)).toEqual(before)
    }
  })
})

it('a device that had no port is given none', async () => {
  const { backend, fake } = await stage({ privateKey })
  fake.takenPorts.add(2000)
  const error = await failure(backend.configure('wg0', { listenPort: 2000 }))
  expect(error).toMatchObject({ code: 'EADDRINUSE' })
  expect(fake.requests).toEqual(['get=1', 'set=1\nlisten_port=2000', 'get=1'])
})

it('asks for the port that a device has only where it may be lost', async () => {
  const { backend, fake } = await stage({ privateKey, listenPort: 1000 })
  await backend.configure('wg0', { privateKey: Buffer.alloc(32, 7) })
  expect(fake.requests).toEqual([expect.stringContaining('set=1')])
  await backend.configure('wg0', { listenPort: 2000, peers })
  expect(fake.requests.map((text) => text.slice(0, 5))).toEqual(['set=1', 'get=1', 'set=1'])
})

/** A daemon that never answers sets of more than a port, which it refuses without saying so. */
async function secretive(refusesAll: boolean) {
  let port = 1000
  const sets: string[] = []
  const server = await serve((socket) => {
    socket.on('data', (chunk) => {
      const text = chunk.toString()
      if (text.startsWith('get')) {
        socket.write(`${port > 0 ? `listen_port=${port}\n` : ''}errno=0\n\n`)
        return
      }
      sets.push(text)
      const isFirst = sets.length === 1
      port = isFirst || refusesAll ? 0 : Number(/listen_port=(\d+)/.exec(text)?.[1])
      if (!isFirst) socket.write(`errno=${refusesAll ? -98 : 0}\n\n`)
    })
  })
  const backend = new UserspaceBackend({ socketDir: join(server.path, '..') })
  return { backend, sets, port: () => port }
}

const ends = {
  'is aborted': (sets: string[]) => {
    const abort = new AbortController()
    const timer = setInterval(() => {
      if (sets.length > 0) abort.abort('why')
    }, 1)
    onTestFinished(() => clearInterval(timer))
    return { signal: abort.signal }
  },
  'runs out of time': (sets: string[]) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const timer = setInterval(() => {
      if (sets.length === 0) return
      clearInterval(timer)
      vi.advanceTimersByTime(300)
    }, 1)
    onTestFinished(() => clearInterval(timer))
    return { timeout: 300 }
  },
}

describe.each(Object.entries(ends))('a call that %s while the port is refused', (kind, options) => {
  it('puts the port back', async () => {
    const { backend, sets, port } = await secretive(false)
    const call = backend.configure('wg0', { listenPort: 2000 }, options(sets))
    const code = kind === 'is aborted' ? 'ABORT_ERR' : 'ETIMEDOUT'
    expect(await failure(call)).toMatchObject({ code })
    expect(sets).toEqual(['set=1\nlisten_port=2000\n\n', 'set=1\nlisten_port=1000\n\n'])
    expect(port()).toBe(1000)
  })

  it('says so when it cannot', async () => {
    const { backend, sets } = await secretive(true)
    const call = backend.configure('wg0', { listenPort: 2000 }, options(sets))
    const error = await failure(call)
    expect(error).toBeInstanceOf(WireGuardError)
    expect(error).toMatchObject({ code: 'EADDRINUSE', lostPort: 1000, operation: 'configure' })
  })
})

it.each<[string, () => CallOptions]>([
  ['aborted', () => ({ signal: AbortSignal.timeout(300) })],
  ['out of time', () => ({ timeout: 300 })],
])('a call that is %s while the port is put back ends soon', async (_, options) => {
  const sets: string[] = []
  const server = await serve((socket) => {
    socket.on('data', (chunk) => {
      const text = chunk.toString()
      if (text.startsWith('get')) socket.write('listen_port=1000\nerrno=0\n\n')
      else if (sets.push(text) === 1) socket.write('errno=-98\n\n')
    })
  })
  const backend = new UserspaceBackend({ socketDir: join(server.path, '..') })
  const begun = performance.now()
  const error = await failure(backend.configure('wg0', { listenPort: 2000 }, options()))
  expect(error).toMatchObject({ code: 'EADDRINUSE', lostPort: 1000 })
  expect(sets).toEqual(['set=1\nlisten_port=2000\n\n', 'set=1\nlisten_port=1000\n\n'])
  // Two seconds behind the end of the call, not the minute of a call that says nothing.
  expect(performance.now() - begun).toBeLessThan(30_000)
})

it('a port that is refused leaves the parameters of AmneziaWG as they were', async () => {
  const { backend, fake } = await stage(
    { privateKey, listenPort: 1000, amnezia: { jc: 3 } },
    'amneziawg-go',
  )
  fake.takenPorts.add(2000)
  const config = { listenPort: 2000, amnezia: { jc: 9, s1: 5 }, extra: { later: 'a' } }
  expect(await failure(backend.configure('wg0', config))).toMatchObject({ code: 'EADDRINUSE' })
  const { amnezia, listenPort } = fake.device.snapshot()
  expect([amnezia?.jc, amnezia?.s1, listenPort]).toEqual([3, undefined, 1000])
})

it('a failure at a peer leaves the port that was taken before it', async () => {
  const { backend, fake } = await stage({ privateKey, listenPort: 1000 }, 'wireguard-go-2022')
  const spoiled = [{ publicKey: Buffer.alloc(32, 4), endpoint: '[fe80::1%no_such_link]:9' }]
  const error = await failure(backend.configure('wg0', { listenPort: 2000, peers: spoiled }))
  expect(error).toMatchObject({ code: 'EINVAL' })
  expect(fake.device.snapshot().listenPort).toBe(2000)
})
