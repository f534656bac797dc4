import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { FakeDevice } from '@wgctrl/types/testing'
import { UserspaceBackend } from '@wgctrl/uapi'
import { FakeUapiServer } from '@wgctrl/uapi/testing'
import { beforeEach, expect, it, onTestFinished } from 'vitest'
import { keyPair } from '../contract/samples.js'
import { expectNothingLeft } from './leftovers.js'

const run = promisify(execFile)
const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

beforeEach(expectNothingLeft)

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'wgctrl-process-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  return directory
}

it('a process without descriptors: EMFILE, the next call works, and it ends by itself', async () => {
  const directory = await temporaryDirectory()
  await using _ = await FakeUapiServer.listen(join(directory, 'wg0.sock'), new FakeDevice('wg0'))
  const wg = new UserspaceBackend({ socketDir: directory })
  await wg.configure('wg0', { privateKey: keyPair(1).privateKey })
  const command = [process.execPath, path('exhausted.mjs'), 'userspace', 'wg0', directory]
  const { stdout } = await run('prlimit', ['--nofile=64', '--', ...command])
  expect(JSON.parse(stdout)).toEqual([
    'EMFILE device wg0',
    'EMFILE peers wg0',
    'EMFILE configure wg0',
  ])
})

it('a process whose calls failed in every way: typed errors, nothing is left, and it ends by itself', async () => {
  const directory = await temporaryDirectory()
  const socket = (name: string): string => join(directory, `${name}.sock`)
  const answers: Record<string, (socket: Socket) => void> = {
    silent: () => {},
    garbage: (socket) => void socket.end('\0\xff=\n\n'),
    hangup: (socket) => void socket.end('private_key=00'),
  }
  const open = new Set<Socket>()
  for (const [name, answer] of Object.entries(answers)) {
    const server = createServer((socket) => {
      open.add(socket)
      socket.on('error', () => {}).once('data', () => answer(socket))
    })
    server.listen(socket(name))
    await once(server, 'listening')
    onTestFinished(() => void server.close())
  }
  onTestFinished(() => {
    for (const each of open) each.destroy()
  })
  // The socket of somebody who is gone: closing would take the file along.
  const dead = createServer().listen(socket('leaves'))
  await once(dead, 'listening')
  await rename(socket('leaves'), socket('dead'))
  await new Promise((resolve) => dead.close(resolve))
  await writeFile(socket('file'), '')
  await using _ = await FakeUapiServer.listen(socket('good'), new FakeDevice('good'))
  const { stdout } = await run(process.execPath, [path('failed-calls.mjs'), directory])
  const { codes, before, after } = JSON.parse(stdout)
  const all = (code: string): string => `${code} ${code} ${code}`
  expect(codes).toEqual({
    silent: all('ETIMEDOUT'),
    garbage: all('EPROTO'),
    hangup: all('EPROTO'),
    dead: all('ECONNREFUSED'),
    file: all('ENOTWIREGUARD'),
    none: all('ENODEV'),
    good: all('it worked'),
    aborted: all('ABORT_ERR'),
  })
  expect(after).toEqual(before)
})

it('a process whose worker threads use netlink and end: nothing but they ends, and nothing is said', async () => {
  const { stdout, stderr } = await run(process.execPath, [path('threads.mjs')])
  expect(JSON.parse(stdout)).toEqual({ main: 1, threads: Array(20).fill(1) })
  expect(stderr).toBe('')
})

it('a process with 64 megabytes streams 100,000 peers', async () => {
  const directory = await temporaryDirectory()
  const count = 100_000
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', async () => {
      for (let n = 0; n < count && !socket.destroyed; n += 100) {
        const peers = Array.from({ length: 100 }, (_, index) => peerLines(n + index))
        if (!socket.write(peers.join(''))) await once(socket, 'drain').catch(() => {})
      }
      socket.end('errno=0\n\n')
    })
  })
  server.listen(join(directory, 'wg0.sock'))
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const program = ['--max-old-space-size=64', path('large-stream.mjs'), directory, 'wg0']
  const { stdout } = await run(process.execPath, program)
  expect(JSON.parse(stdout)).toEqual({ peers: count, networks: 3 * count })
})

const peerLines = (n: number): string => {
  const key = n.toString(16).padStart(64, '0')
  const [a, b, c] = [n >> 16, (n >> 8) & 255, n & 255]
  const networks = [1, 2, 3].map((i) => `allowed_ip=${10 + i}.${a}.${b}.${c}/32\n`).join('')
  return `public_key=${key}\npreshared_key=${'ab'.repeat(32)}\nendpoint=127.0.0.1:1\n${networks}`
}

it('a process that has no /proc reaches netlink all the same', async () => {
  const words = [
    'mount -t tmpfs none /proc && exec "$@"',
    'sh',
    process.execPath,
    path('without-proc.mjs'),
  ]
  const { stdout } = await run('unshare', ['--net', '--mount', 'sh', '-c', ...words])
  expect(JSON.parse(stdout)).toEqual({ proc: false, links: ['lo'], names: [] })
})
