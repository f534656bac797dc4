import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LIMITS } from '@wgctrl/types'
import { UserspaceBackend } from '@wgctrl/uapi'
import { describe, expect, it, onTestFinished } from 'vitest'
import { failure } from '../contract/bench.js'

/** A bound far above what is needed and far below what an endless reply would take. */
const MOST_MEMORY = 512 * 2 ** 20

const publicKey = (n: number): string => `public_key=${n.toString(16).padStart(64, '0')}\n`

/** A backend whose device wg0 answers by hand. */
async function backendOf(answer: (socket: Socket) => void): Promise<UserspaceBackend> {
  const socketDir = await mkdtemp(join(tmpdir(), 'wgctrl-hostile-'))
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    socket.once('data', () => answer(socket))
  })
  server.listen(join(socketDir, 'wg0.sock'))
  await once(server, 'listening')
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await rm(socketDir, { recursive: true })
  })
  return new UserspaceBackend({ socketDir })
}

/** Sends the n-th text for n = 0, 1, 2, … as fast as the other side takes it. */
const pour = (text: (n: number) => string) => (socket: Socket) => {
  let n = 0
  const more = (): void => {
    while (!socket.destroyed && socket.write(text(n++))) {}
  }
  socket.on('drain', more)
  more()
}

/** Every call fails with the code, in bounded memory. */
async function expectCode(
  backend: UserspaceBackend,
  code: string,
  timeout?: number,
): Promise<void> {
  const options = timeout === undefined ? {} : { timeout }
  const before = process.memoryUsage.rss()
  const stream = async (): Promise<void> => {
    for await (const _ of backend.peers('wg0', options));
  }
  expect(await failure(stream())).toMatchObject({ code, operation: 'peers', device: 'wg0' })
  expect(await failure(backend.device('wg0', options))).toMatchObject({ code })
  expect(await failure(backend.configure('wg0', { listenPort: 1 }, options))).toMatchObject({
    code,
  })
  expect(process.memoryUsage.rss() - before).toBeLessThan(MOST_MEMORY)
}

describe('a UAPI socket that is hostile', () => {
  it('sends a line without end: EPROTO', async () => {
    const a = 'a'.repeat(60_000)
    await expectCode(await backendOf(pour(() => a)), 'EPROTO')
  })

  it('sends a byte a second and never ends: the deadline ends it', async () => {
    const backend = await backendOf((socket) => {
      socket.write('listen_')
      const timer = setInterval(() => socket.write('p'), 1000)
      socket.on('close', () => clearInterval(timer))
    })
    await expectCode(backend, 'ETIMEDOUT', 1200)
  })

  it('sends lines that nobody knows without end: the deadline ends it', async () => {
    const backend = await backendOf(pour((n) => `x${n}=1\n`.repeat(1000)))
    await expectCode(backend, 'ETIMEDOUT', 500)
  })

  it('lists peers without end: EPROTO when there are more than a device can have', async () => {
    const perWrite = 512
    const backend = await backendOf(
      pour((n) => Array.from({ length: perWrite }, (_, i) => publicKey(n * perWrite + i)).join('')),
    )
    let seen = 0
    const before = process.memoryUsage.rss()
    const stream = async (): Promise<void> => {
      for await (const _ of backend.peers('wg0')) seen++
    }
    expect(await failure(stream())).toMatchObject({ code: 'EPROTO', line: expect.any(Number) })
    expect(seen).toBeGreaterThan(LIMITS.peers / 2)
    expect(seen).toBeLessThanOrEqual(LIMITS.peers)
    expect(process.memoryUsage.rss() - before).toBeLessThan(MOST_MEMORY)
  })

  it('repeats one peer without end: EPROTO', async () => {
    const same = publicKey(1).repeat(512)
    const backend = await backendOf(pour(() => same))
    expect(await failure(backend.device('wg0'))).toMatchObject({ code: 'EPROTO' })
  })

  it('repeats a network of one peer without end: EPROTO', async () => {
    const lines = 'allowed_ip=1.1.1.1/32\n'.repeat(2000)
    const backend = await backendOf(pour((n) => (n === 0 ? publicKey(1) : lines)))
    expect(await failure(backend.device('wg0'))).toMatchObject({ code: 'EPROTO' })
  })

  it('says nothing and stays: the deadline ends it', async () => {
    await expectCode(await backendOf(() => {}), 'ETIMEDOUT', 200)
  })

  it.each(['1e9', '99999999999999999999999', '0x10', '-0', '', ' 1', '١'])(
    'has %j where a number should be: EPROTO',
    async (value) => {
      const reply = `listen_port=${value}\nerrno=0\n\n`
      await expectCode(await backendOf((socket) => socket.end(reply)), 'EPROTO')
    },
  )
})
