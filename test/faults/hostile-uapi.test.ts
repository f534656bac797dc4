import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { LIMITS } from '@wgctrl/types'
import { UserspaceBackend } from '@wgctrl/uapi'
import { describe, expect, it, onTestFinished } from 'vitest'
import { failure } from '../contract/bench.js'

/** A bound far above what is needed and far below what an endless reply would take. */
const MOST_MEMORY = 512 * 2 ** 20

const smallHeap = fileURLToPath(new URL('small-heap.mjs', import.meta.url))

const publicKey = (n: number): string => `public_key=${n.toString(16).padStart(64, '0')}\n`

/** A backend whose device wg0 answers by hand. */
async function backendOf(answer: (socket: Socket) => void): Promise<UserspaceBackend> {
  return new UserspaceBackend({ socketDir: await directoryOf(answer) })
}

async function directoryOf(answer: (socket: Socket, request: string) => void): Promise<string> {
  const socketDir = await mkdtemp(join(tmpdir(), 'wgctrl-hostile-'))
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    socket.once('data', (request) => answer(socket, request.toString()))
  })
  server.listen(join(socketDir, 'wg0.sock'))
  await once(server, 'listening')
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await rm(socketDir, { recursive: true })
  })
  return socketDir
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

/** What a process with 64 megabytes for its values makes of such a device. */
async function inSmallHeap(
  call: 'device' | 'peers' | 'change',
  answer: (socket: Socket, request: string) => void,
): Promise<{ code: string; megabytes: number }> {
  const directory = await directoryOf(answer)
  const args = ['--max-old-space-size=64', smallHeap, directory, call]
  return JSON.parse((await promisify(execFile)(process.execPath, args)).stdout)
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

  it.each([
    ['networks', `allowed_ip=${'1'.repeat(4080)}`],
    ['networks in another spelling', `allowed_ip=${'0'.repeat(4070)}::1`],
    ['endpoints', `endpoint=[fe80::1%${'x'.repeat(3900)}]:1`],
  ])('has %s of 4 kilobytes: EPROTO, in a heap of 64 megabytes', async (_, line) => {
    const lines = `${line}\n`.repeat(64)
    const answer = pour((n) => (n === 0 ? publicKey(1) + publicKey(2) : lines))
    for (const call of ['device', 'peers', 'change'] as const) {
      const { code, megabytes } = await inSmallHeap(call, answer)
      expect(code, call).toBe('EPROTO')
      expect(megabytes).toBeLessThan(400)
    }
  })

  it('lists without end and takes no change meanwhile: EPROTO, and no more is read ahead than a device has', async () => {
    const chunk = Buffer.from(publicKey(7) + 'allowed_ip=10.0.0.0/8\n'.repeat(3000))
    let gaveUp: () => void
    const isOver = new Promise<void>((resolve) => {
      gaveUp = resolve
    })
    const { code, megabytes } = await inSmallHeap('change', (socket, request) => {
      if (request.startsWith('set')) return void isOver.then(() => socket.end('errno=0\n\n'))
      const more = (): void => {
        while (!socket.destroyed && socket.write(chunk)) {}
      }
      socket.on('drain', more).on('close', () => {
        if (socket.bytesWritten > LIMITS.readAheadBytes) gaveUp()
      })
      more()
    })
    expect(code).toBe('EPROTO')
    expect(megabytes).toBeLessThan(LIMITS.readAheadBytes / 2 ** 20 + 400)
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
