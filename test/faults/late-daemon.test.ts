import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { MemoryBackend } from '@wgctrl/types/testing'
import { beforeEach, expect, it, onTestFinished, vi } from 'vitest'
import { open, type WireGuard } from 'wgctrl'
import { failure } from '../contract/bench.js'
import { uniqueName } from '../contract/harness.js'
import { isolate } from '../contract/harnesses/isolation.js'
import { run } from '../lifecycle/command.js'

const FOLDER = '/var/run/wireguard'

beforeEach(async () => {
  await isolate()
  // In this file's own mount namespace: nobody has put a socket anywhere yet.
  await run('mount', '-t', 'tmpfs', 'none', '/run')
  onTestFinished(async () => void (await run('umount', '--lazy', '/run')))
  expect(existsSync(FOLDER)).toBe(false)
})

/** Somebody else starts a daemon, which makes the folder for its socket. */
async function startDaemon(name: string): Promise<void> {
  const daemon = spawn('wireguard-go', ['-f', name], { stdio: 'ignore' })
  onTestFinished(async () => {
    daemon.kill('SIGTERM')
    if (daemon.exitCode === null) await once(daemon, 'exit')
  })
  while (!(await listens(`${FOLDER}/${name}.sock`))) await sleep(10)
}

/** A socket is there a moment before somebody listens on it. */
const listens = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path)
    socket.once('error', () => resolve(false))
    socket.once('connect', () => resolve(socket.end() !== undefined))
  })

async function opened(options: Parameters<typeof open>[0]): Promise<WireGuard> {
  const wg = await open(options)
  onTestFinished(() => wg.close())
  return wg
}

it('a daemon that is started when there was no folder of sockets yet is seen by every call', async () => {
  const name = uniqueName()
  const wg = await opened({ backends: ['userspace'] })
  const watched = wg.watch(undefined, { interval: 20 })
  const watchedByName = wg.watch(name, { interval: 20 })
  const heard = [watched.next(), watchedByName.next()]
  expect(await wg.names()).toEqual([])
  expect(await failure(wg.device(name))).toMatchObject({ code: 'ENODEV' })
  await startDaemon(name)
  expect(await wg.names()).toEqual([name])
  expect(await wg.device(name)).toMatchObject({ name, kind: 'userspace' })
  for (const event of await Promise.all(heard)) {
    expect(event.value).toMatchObject({ type: 'device-added', device: name })
  }
})

it('one that is started where there was neither folder nor program when the client was opened is seen', async () => {
  vi.stubEnv('WG_QUICK_USERSPACE_IMPLEMENTATION', '/nonexistent')
  onTestFinished(() => void vi.unstubAllEnvs())
  const name = uniqueName()
  const wg = await opened({ backends: [new MemoryBackend('linux-kernel'), 'userspace'] })
  expect(wg.backends).toMatchObject([
    { available: true },
    { available: false, reason: { code: 'ENOBACKEND' } },
  ])
  const watched = wg.watch(undefined, { interval: 20 })
  const heard = watched.next()
  expect(await failure(wg.device(name))).toMatchObject({ code: 'ENODEV' })
  await startDaemon(name)
  await vi.waitFor(async () => expect(await wg.names()).toEqual([name]), { timeout: 30_000 })
  expect(await wg.device(name)).toMatchObject({ name, kind: 'userspace' })
  expect((await heard).value).toMatchObject({ type: 'device-added', device: name })
})
