import { randomBytes } from 'node:crypto'
import { getEventListeners } from 'node:events'
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import {
  checkConfig,
  type DeviceConfig,
  generatePresharedKey,
  generatePrivateKey,
  type Peer,
  publicKey,
  type WireGuardError,
} from '@wgctrl/types'
import { FakeDevice } from '@wgctrl/types/testing'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { UserspaceBackend } from './backend.js'
import { expectNothingLeft, serve, temporaryDirectory } from './sockets.fixture.js'
import { type FakeImplementation, FakeUapiServer } from './testing/index.js'

const key = (n: number): string => {
  const bytes = Buffer.alloc(32, 1)
  bytes.writeUInt32BE(n)
  return bytes.toString('base64')
}

interface Stage {
  readonly backend: UserspaceBackend
  readonly fake: FakeUapiServer
  readonly socketDir: string
}

async function stage(
  config: DeviceConfig = {},
  implementation?: FakeImplementation,
): Promise<Stage> {
  const socketDir = await temporaryDirectory()
  const device = new FakeDevice('wg0')
  device.apply(checkConfig(config))
  const fake = await FakeUapiServer.listen(join(socketDir, 'wg0.sock'), device, implementation)
  onTestFinished(() => fake[Symbol.asyncDispose]())
  return { backend: new UserspaceBackend({ socketDir }), fake, socketDir }
}

const backendFor = (server: { path: string }): UserspaceBackend =>
  new UserspaceBackend({ socketDir: dirname(server.path) })

const manyPeers = (count: number): DeviceConfig => ({
  peers: Array.from({ length: count }, (_, n) => ({
    publicKey: key(n),
    presharedKey: Buffer.alloc(32, 5),
    endpoint: '127.0.0.1:9',
    allowedIPs: [`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}/32`],
  })),
})

const failure = (promise: Promise<unknown>): Promise<WireGuardError> =>
  promise.then(
    () => {
      throw new Error('it passed')
    },
    (error) => error,
  )

async function take(peers: AsyncIterable<Peer>, count = Number.POSITIVE_INFINITY): Promise<Peer[]> {
  const taken: Peer[] = []
  for await (const peer of peers) {
    taken.push(peer)
    if (taken.length === count) break
  }
  return taken
}

describe('every call', () => {
  const calls: Record<string, (backend: UserspaceBackend, options: object) => Promise<unknown>> = {
    device: (backend, options) => backend.device('wg0', options),
    peers: (backend, options) => take(backend.peers('wg0', options)),
    configure: (backend, options) => backend.configure('wg0', { firewallMark: 1 }, options),
    'configure with peers': (backend, options) =>
      backend.configure('wg0', { peers: [{ publicKey: key(1) }] }, options),
    delete: (backend, options) => backend.delete('wg0', options),
    create: (backend, options) => backend.create('wg0', options),
  }
  const operation = (name: string): string => name.split(' ')[0] ?? ''

  it.each(Object.entries(calls))('%s ends when the daemon does not answer', async (name, call) => {
    expectNothingLeft()
    const server = await serve(() => {})
    const error = await failure(call(backendFor(server), { timeout: 50 }))
    const expected = { code: 'ETIMEDOUT', operation: operation(name), device: 'wg0' }
    expect(error).toMatchObject({ ...expected, backend: 'userspace' })
  })

  it.each(Object.entries(calls))('%s ends when it is aborted', async (_, call) => {
    expectNothingLeft()
    for (const delay of [0, 5, 30]) {
      const server = await serve(() => {})
      const abort = new AbortController()
      const { signal } = abort
      setTimeout(() => abort.abort('why'), delay)
      const error = await failure(call(backendFor(server), { signal }))
      expect(error).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR', cause: 'why' })
      expect(getEventListeners(signal, 'abort')).toEqual([])
    }
  })

  it.each(Object.entries(calls))('%s that was aborted before does nothing', async (_, call) => {
    const server = await serve(() => {})
    const signal = AbortSignal.abort('why')
    const error = await failure(call(backendFor(server), { signal }))
    expect(error).toMatchObject({ name: 'AbortError', cause: 'why' })
    await sleep(20)
    expect(server.received()).toBe('')
  })

  it.each(Object.entries(calls))('%s refuses options that are none', async (_, call) => {
    const { backend, fake } = await stage()
    for (const options of [{ timeout: 0 }, { timeout: '1' }, { signal: {} }]) {
      expect(await failure(call(backend, options))).toMatchObject({ code: 'EINVAL' })
    }
    expect(fake.requests).toEqual([])
  })

  it.each(Object.entries(calls).filter(([name]) => name !== 'create'))(
    '%s of no device: ENODEV',
    async (name, call) => {
      const backend = new UserspaceBackend({ socketDir: await temporaryDirectory() })
      const error = await failure(call(backend, {}))
      expect(error).toMatchObject({ code: 'ENODEV', operation: operation(name), device: 'wg0' })
    },
  )
})

describe('calls on one device', () => {
  it('keep their order, also when nothing says where the sockets are', async () => {
    const { backend, fake, socketDir } = await stage()
    const other = new UserspaceBackend({ socketDir })
    const calls = Array.from({ length: 20 }, (_, n) =>
      (n % 2 ? other : backend).configure('wg0', { firewallMark: n + 1 }),
    )
    const reads = [backend.device('wg0'), take(backend.peers('wg0'))]
    await Promise.all([...calls, ...reads])
    const sets = fake.requests.filter((text) => text.startsWith('set'))
    const marks = sets.map((text) => Number(/fwmark=(\d+)/.exec(text)?.[1]))
    expect(marks).toEqual(Array.from({ length: 20 }, (_, n) => n + 1))
  })

  it('that wait can be aborted, and time out, and hold up nobody', async () => {
    const server = await serve(() => {})
    const backend = backendFor(server)
    const end = new AbortController()
    const first = failure(backend.device('wg0', { signal: end.signal }))
    await vi.waitFor(() => expect(server.received()).toBe('get=1\n\n'))
    const abort = new AbortController()
    const aborted = failure(backend.device('wg0', { signal: abort.signal }))
    const late = failure(backend.configure('wg0', {}, { timeout: 50 }))
    abort.abort('why')
    expect(await aborted).toMatchObject({ name: 'AbortError' })
    expect(await late).toMatchObject({ code: 'ETIMEDOUT' })
    expect(server.received()).toBe('get=1\n\n')
    end.abort()
    await first
  })
})

describe('a stream of peers', () => {
  it('gives all of them', async () => {
    const { backend } = await stage(manyPeers(3000))
    const peers = await take(backend.peers('wg0'))
    expect(peers.map((peer) => peer.publicKey)).toEqual(
      manyPeers(3000).peers?.map((peer) => peer.publicKey),
    )
  })

  it('that is left early closes its connection', async () => {
    expectNothingLeft()
    const { backend } = await stage(manyPeers(20_000))
    expect(await take(backend.peers('wg0'), 1)).toHaveLength(1)
  })

  it('whose consumer fails closes its connection', async () => {
    expectNothingLeft()
    const { backend } = await stage(manyPeers(20_000))
    const consume = async (): Promise<void> => {
      for await (const _ of backend.peers('wg0')) throw new Error('the consumer failed')
    }
    await expect(consume()).rejects.toThrow('the consumer failed')
  })

  it('that nobody takes from asks nothing', async () => {
    const { backend, fake } = await stage()
    const peers = backend.peers('wg0')
    await sleep(10)
    expect(fake.requests).toEqual([])
    await peers.return()
  })

  it('stops the clock while its consumer works', async () => {
    const reply = `${`public_key=${'ab'.repeat(32)}\n`.repeat(3000)}errno=0\n\n`
    const server = await serve((socket) => {
      socket.once('data', () => socket.write(reply))
    })
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    onTestFinished(() => void vi.useRealTimers())
    let count = 0
    for await (const _ of backendFor(server).peers('wg0', { timeout: 1500 })) {
      if (count++ % 600 === 0) vi.advanceTimersByTime(2000)
    }
    expect(count).toBe(3000)
  })

  it('times out on a daemon that stops in the middle, whatever the consumer took', async () => {
    const peer = `public_key=${'ab'.repeat(32)}\n`
    const server = await serve((socket) => {
      socket.once('data', () => socket.write(peer.repeat(3)))
    })
    const start = performance.now()
    const consume = async (): Promise<void> => {
      for await (const _ of backendFor(server).peers('wg0', { timeout: 300 })) await sleep(200)
    }
    expect(await failure(consume())).toMatchObject({ code: 'ETIMEDOUT', operation: 'peers' })
    expect(performance.now() - start).toBeGreaterThan(650)
  })

  it('ends at the signal between two peers of one chunk', async () => {
    expectNothingLeft()
    const { backend } = await stage(manyPeers(100))
    const abort = new AbortController()
    const seen: Peer[] = []
    const consume = async (): Promise<void> => {
      for await (const peer of backend.peers('wg0', { signal: abort.signal })) {
        seen.push(peer)
        if (seen.length === 3) abort.abort('why')
      }
    }
    expect(await failure(consume())).toMatchObject({ name: 'AbortError', cause: 'why' })
    expect(seen).toHaveLength(3)
  })

  it('does not hold up the calls of others', async () => {
    const { backend } = await stage(manyPeers(20_000))
    const peers = backend.peers('wg0')
    await peers.next()
    await backend.configure('wg0', { firewallMark: 7 })
    expect((await backend.device('wg0')).firewallMark).toBe(7)
    await peers.return()
  })

  it('reads ahead while a change is made, and is whole all the same', async () => {
    // As wireguard-go: nothing is set while an answer to a get waits to be taken.
    const reply = Buffer.from(
      `${Array.from({ length: 40_000 }, (_, n) => `public_key=${n.toString(16).padStart(64, '0')}\n`).join('')}errno=0\n\n`,
    )
    let isLocked = false
    const waiting: (() => void)[] = []
    const server = await serve((socket) => {
      socket.on('data', (chunk) => {
        const answer = (): unknown => socket.write('errno=0\n\n')
        if (chunk.toString().startsWith('set=1')) {
          if (isLocked) waiting.push(answer)
          else answer()
          return
        }
        isLocked = true
        socket.write(reply, () => {
          isLocked = false
          for (const next of waiting.splice(0)) next()
        })
      })
    })
    const backend = backendFor(server)
    let count = 0
    for await (const _ of backend.peers('wg0')) {
      if (count++ === 10) await backend.configure('wg0', { firewallMark: 1 }, { timeout: 60_000 })
    }
    expect(count).toBe(40_000)
  })
})

describe('a change', () => {
  it('uses the config as it was when it was given', async () => {
    const { backend, fake } = await stage()
    const secret = generatePrivateKey()
    const expected = publicKey(secret)
    const presharedKey = Buffer.alloc(32, 3)
    const allowedIPs = ['10.0.0.1/32']
    const peers = [{ publicKey: key(1), presharedKey, allowedIPs }]
    const change = backend.configure('wg0', { privateKey: secret, peers })
    secret.wipe()
    presharedKey.fill(0)
    allowedIPs.push('10.0.0.2/32')
    peers.pop()
    await change
    const device = fake.device.snapshot()
    expect(device.publicKey).toBe(expected)
    expect(device.peers[0]?.presharedKey?.toBytes()).toEqual(new Uint8Array(32).fill(3))
    expect(device.peers[0]?.allowedIPs).toEqual(['10.0.0.1/32'])
  })

  it('that is wrong says where, and nothing is sent', async () => {
    const { backend, fake } = await stage()
    const wrong = { peers: [{ publicKey: key(1), allowedIPs: ['x'] }] }
    const error = await failure(backend.configure('wg0', wrong))
    const path = 'peers[0].allowedIPs[0]'
    expect(error).toMatchObject({ code: 'EINVAL', path, operation: 'configure', device: 'wg0' })
    expect(error.message).toMatch(/^configure wg0: peers\[0\]/)
    expect(await failure(backend.configure('wg0', null as never))).toBeInstanceOf(TypeError)
    expect(await failure(backend.configure('../x', {}))).toMatchObject({ code: 'EINVAL' })
    expect(fake.requests).toEqual([])
  })

  it('of one’s own key as a peer is refused, also when it was set by another', async () => {
    const privateKey = generatePrivateKey()
    const { backend, fake } = await stage({ privateKey })
    const own = { peers: [{ publicKey: publicKey(privateKey) }] }
    expect(await failure(backend.configure('wg0', own))).toMatchObject({
      code: 'EINVAL',
      path: 'peers[0].publicKey',
    })
    fake.device.apply(checkConfig({ privateKey: generatePrivateKey() }))
    await backend.configure('wg0', own)
    expect(fake.device.snapshot().peers).toHaveLength(1)
  })

  it('is not asked for its key by who has just read it', async () => {
    const privateKey = generatePrivateKey()
    const { backend, fake } = await stage({ privateKey })
    const ownKey = publicKey(privateKey)
    const peers = [{ publicKey: key(1) }]
    await backend.configure('wg0', { peers })
    const gets = () => fake.requests.filter((request) => request.startsWith('get=1')).length
    const before = gets()
    await backend.configure('wg0', { peers }, { ownKey })
    expect(gets()).toBe(before)
    const own = { peers: [{ publicKey: ownKey }] }
    expect(await failure(backend.configure('wg0', own, { ownKey }))).toMatchObject({
      code: 'EINVAL',
    })
    await backend.configure('wg0', { peers })
    expect(gets()).toBe(before + 1)
  })

  it('knows a daemon that came in the place of another', async () => {
    const { backend, fake, socketDir } = await stage({ privateKey: generatePrivateKey() })
    await backend.configure('wg0', { peers: [{ publicKey: key(1) }] })
    await fake[Symbol.asyncDispose]()
    await rm(join(socketDir, 'wg0.sock'), { force: true })
    const privateKey = generatePrivateKey()
    const device = new FakeDevice('wg0')
    device.apply(checkConfig({ privateKey, peers: [{ publicKey: key(1) }] }))
    const next = await FakeUapiServer.listen(join(socketDir, 'wg0.sock'), device, 'boringtun')
    onTestFinished(() => next[Symbol.asyncDispose]())
    await backend.configure('wg0', { peers: [{ publicKey: key(1), persistentKeepalive: 5 }] })
    expect(device.snapshot().peers[0]?.persistentKeepalive).toBe(5)
    const own = { peers: [{ publicKey: publicKey(privateKey) }] }
    expect(await failure(backend.configure('wg0', own))).toMatchObject({ code: 'EINVAL' })
  })

  it.each(['wireguard-go', 'wireguard-go-2022', 'boringtun'] as const)(
    'of one allowed IP touches nothing else on %s',
    async (implementation) => {
      const { backend, fake } = await stage(
        { privateKey: generatePrivateKey(), ...manyPeers(2) },
        implementation,
      )
      const allowedIPs = [{ cidr: '10.0.0.0/32', remove: true }, '10.9.0.0/16']
      await backend.configure('wg0', { peers: [{ publicKey: key(0), allowedIPs }] })
      const { peers } = fake.device.snapshot()
      expect(new Map(peers.map((peer) => [peer.publicKey, peer.allowedIPs]))).toEqual(
        new Map([
          [key(0), ['10.9.0.0/16']],
          [key(1), ['10.0.0.1/32']],
        ]),
      )
      const first = peers.find((peer) => peer.publicKey === key(0))
      expect(first?.presharedKey?.toBytes()).toEqual(new Uint8Array(32).fill(5))
    },
  )

  it('that fails half way says how many peers it applied', async () => {
    let sets = 0
    const server = await serve((socket) => {
      socket.on('data', (chunk) => {
        const isGet = chunk.toString().startsWith('get')
        if (isGet) socket.write(`${['a0', 'a1'].map(peerLine).join('')}errno=0\n\n`)
        // The first set only finds out who the daemon is.
        else socket.write(sets++ === 0 ? 'errno=0\n\n' : 'errno=-22\n\n')
      })
    })
    const peerLine = (hex: string): string => `public_key=${hex.repeat(32)}\n`
    const peers = [0xa0, 0xa1, 0xa2].map((byte) => ({ publicKey: Buffer.alloc(32, byte) }))
    const error = await failure(backendFor(server).configure('wg0', { peers }))
    expect(error).toMatchObject({
      code: 'EINVAL',
      errno: 22,
      appliedPeers: 2,
      operation: 'configure',
      device: 'wg0',
    })
    expect(sets).toBe(2)
  })

  it('that fails, on a daemon that then answers nothing: the failure, and no number', async () => {
    const answers = ['errno=0\n\n', 'errno=-98\n\n']
    const server = await serve((socket) => {
      socket.once('data', () => socket.end(answers.shift() ?? ''))
    })
    const error = await failure(backendFor(server).configure('wg0', { listenPort: 1 }))
    expect(error).toMatchObject({ code: 'EADDRINUSE', errno: 98 })
    expect(error).not.toHaveProperty('appliedPeers')
  })

  it('on something that is no socket: ENOTWIREGUARD, whatever is changed', async () => {
    const socketDir = await temporaryDirectory()
    await writeFile(join(socketDir, 'wg0.sock'), '')
    await mkdir(join(socketDir, 'wg1.sock'))
    const backend = new UserspaceBackend({ socketDir })
    for (const name of ['wg0', 'wg1']) {
      for (const config of [{ listenPort: 1 }, { peers: [{ publicKey: key(1) }] }]) {
        const error = await failure(backend.configure(name, config))
        expect(error).toMatchObject({ code: 'ENOTWIREGUARD', operation: 'configure', device: name })
      }
    }
  })

  it('of 30,000 peers arrives whole', async () => {
    const { backend, fake } = await stage()
    await backend.configure('wg0', manyPeers(30_000))
    const { peers } = fake.device.snapshot()
    expect(peers).toHaveLength(30_000)
    expect(peers[29_999]?.allowedIPs).toEqual(['10.0.117.47/32'])
  })

  it('leaves no secret in the chunks it sent', async () => {
    const { backend, fake } = await stage()
    const presharedKey = generatePresharedKey()
    await backend.configure('wg0', { peers: [{ publicKey: key(1), presharedKey }] })
    expect(fake.device.snapshot().peers[0]?.presharedKey?.equals(presharedKey)).toBe(true)
  })
})

describe('list and probe', () => {
  it('list devices by their sockets, answering or not', async () => {
    const { backend, socketDir } = await stage()
    await writeFile(join(socketDir, 'stale.sock'), '')
    expect(await backend.list()).toEqual(['stale', 'wg0'])
  })

  it('fail with the code of the system', async () => {
    const file = join(await temporaryDirectory(), 'file')
    await writeFile(file, '')
    const backend = new UserspaceBackend({ socketDir: file })
    for (const [operation, call] of [
      ['list', () => backend.list()],
      ['probe', () => backend.probe()],
    ] as const) {
      expect(await failure(call())).toMatchObject({
        code: 'ENOTDIR',
        operation,
        backend: 'userspace',
      })
    }
  })

  it('and every call: EPERM where this user may not look', async () => {
    const { backend, socketDir } = await stage()
    await chmod(socketDir, 0)
    onTestFinished(() => chmod(socketDir, 0o700))
    const user = process.geteuid?.()
    // The superuser may look anywhere.
    if (user === 0) process.seteuid?.(65534)
    onTestFinished(() => {
      if (user === 0) process.seteuid?.(0)
    })
    const errors = [backend.list(), backend.probe(), backend.device('wg0')].map(failure)
    errors.push(failure(backend.configure('wg0', {})), failure(backend.peers('wg0').next()))
    for (const error of errors) expect(await error).toMatchObject({ code: 'EPERM' })
  })

  it('pass with a socket or with a program', async () => {
    const { backend } = await stage()
    await backend.probe()
    const socketDir = await temporaryDirectory()
    await new UserspaceBackend({ socketDir, daemon: process.execPath }).probe()
    const none = new UserspaceBackend({ socketDir, daemon: '/nonexistent/daemon' })
    expect(await failure(none.probe())).toMatchObject({ code: 'ENOBACKEND', operation: 'probe' })
  })

  it('can be aborted', async () => {
    const { backend } = await stage()
    const signal = AbortSignal.abort('why')
    for (const call of ['list', 'probe'] as const) {
      expect(await failure(backend[call]({ signal }))).toMatchObject({ name: 'AbortError' })
    }
  })
})

it('shows no secret of a device', async () => {
  const secrets = [randomBytes(32), randomBytes(32)] as const
  const { backend } = await stage({
    privateKey: secrets[0],
    peers: [{ publicKey: key(1), presharedKey: secrets[1] }],
  })
  const device = await backend.device('wg0')
  const shown = [inspect(device, { depth: 9 }), JSON.stringify(device), `${device.privateKey}`]
  for (const secret of [device.privateKey, device.peers[0]?.presharedKey]) {
    expect(shown.join()).not.toContain(secret?.toBase64())
    expect(shown.join()).not.toContain(Buffer.from(secret?.toBytes() ?? []).toString('hex'))
  }
})
