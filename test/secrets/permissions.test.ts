import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmod,
  chown,
  mkdtemp,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FakeDevice } from '@wgctrl/types/testing'
import { FakeUapiServer } from '@wgctrl/uapi/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  open,
  parseConfig,
  readConfigFile,
  UserspaceBackend,
  type WireGuard,
  writeConfigFile,
} from 'wgctrl'
import { failure, firstPeer } from '../contract/bench.js'
import { keyPair } from '../contract/samples.js'

const STRANGER = 12_345

const swapping = fileURLToPath(new URL('swapping-folder.mjs', import.meta.url))

interface Place {
  readonly directory: string
  readonly socket: string
  readonly server: FakeUapiServer
  readonly wg: WireGuard
}

async function place(unsafePermissions?: 'allow'): Promise<Place> {
  const directory = await mkdtemp(join(tmpdir(), 'wgctrl-permissions-'))
  const socket = join(directory, 'wg0.sock')
  const server = await FakeUapiServer.listen(socket, new FakeDevice('wg0'))
  const backends = [new UserspaceBackend({ socketDir: directory, unsafePermissions })]
  const wg = await open({ backends })
  onTestFinished(async () => {
    await wg.close()
    await server[Symbol.asyncDispose]()
    await rm(directory, { recursive: true, force: true })
  })
  return { directory, socket, server, wg }
}

const calls: Record<string, (wg: WireGuard) => Promise<unknown>> = {
  device: (wg) => wg.device('wg0'),
  peers: (wg) => firstPeer(wg.peers('wg0')),
  configure: (wg) => wg.configure('wg0', { privateKey: keyPair(1).privateKey }),
}

const spoil: Record<string, (place: Place) => Promise<void>> = {
  'that all can write': ({ socket }) => chmod(socket, 0o777),
  'that a group can write': ({ socket }) => chmod(socket, 0o770),
  'of another user': ({ socket }) => chown(socket, STRANGER, STRANGER),
  'in a directory that all can write': ({ directory }) => chmod(directory, 0o777),
  'in a directory of another user': ({ directory }) => chown(directory, STRANGER, STRANGER),
}

describe('a socket', () => {
  it.each(Object.keys(spoil))('%s is refused, and nothing is sent to it', async (how) => {
    const there = await place()
    await spoil[how]?.(there)
    for (const [operation, call] of Object.entries(calls)) {
      const error = await failure(call(there.wg))
      expect(error).toMatchObject({ code: 'EPERM', operation, device: 'wg0', backend: 'userspace' })
      expect((error as Error).message).toMatch(/(chmod|chown).*unsafePermissions/)
    }
    expect(there.server.requests).toEqual([])
    expect((await there.wg.devices()).errors).toMatchObject([{ code: 'EPERM' }])
  })

  it.each(Object.keys(spoil))('%s is taken where it is allowed', async (how) => {
    const there = await place('allow')
    await spoil[how]?.(there)
    for (const call of Object.values(calls)) await call(there.wg)
    expect(there.server.requests.length).toBeGreaterThan(2)
  })

  it('in a folder whose owner swaps it for another at any moment is refused, and nothing is sent to it', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'wgctrl-permissions-'))
    onTestFinished(() => rm(directory, { recursive: true, force: true }))
    await chown(directory, STRANGER, STRANGER)
    const stdio = ['ignore', 'inherit', 'inherit', 'ipc'] as const
    const words = [swapping, directory, String(STRANGER)]
    const owner = spawn(process.execPath, words, { stdio: [...stdio] })
    onTestFinished(() => void owner.kill('SIGKILL'))
    const ended = once(owner, 'exit').then(([code]) => expect.unreachable(`it ended with ${code}`))
    ended.catch(() => {})
    await Promise.race([once(owner, 'message'), ended])
    const told: unknown[] = []
    owner.on('message', (message) => told.push(message))
    const backend = new UserspaceBackend({ socketDir: directory })
    for (let round = 0; round < 60; round++) {
      for (const call of Object.values(calls)) {
        expect(await failure(call(backend as never))).toMatchObject({ code: 'EPERM' })
      }
    }
    expect(told).toEqual([])
  })

  it('by a link in a trusted folder is judged where it is', async () => {
    const { directory, socket, server, wg } = await place()
    const elsewhere = await place()
    // It would take away what stands in the place of its socket.
    await server[Symbol.asyncDispose]()
    await symlink(elsewhere.socket, socket)
    for (const call of Object.values(calls)) await call(wg)
    await chown(elsewhere.directory, STRANGER, STRANGER)
    for (const call of Object.values(calls)) {
      expect(await failure(call(wg))).toMatchObject({ code: 'EPERM' })
    }
    await rm(socket)
    await symlink('../nonexistent/wg0.sock', join(directory, 'wg0.sock'))
    expect(await failure(wg.device('wg0'))).toMatchObject({ code: 'ENODEV' })
  })

  it('of this user alone is taken, also in a directory like /tmp', async () => {
    const { directory, socket, wg } = await place()
    await chmod(socket, 0o600)
    await chmod(directory, 0o1777)
    for (const call of Object.values(calls)) await call(wg)
  })
})

describe('a config file', () => {
  const file = async (): Promise<string> => {
    const directory = await mkdtemp(join(tmpdir(), 'wgctrl-permissions-'))
    onTestFinished(() => rm(directory, { recursive: true }))
    const path = join(directory, 'wg0.conf')
    await writeFile(path, '[Interface]\nPostUp = id\n', { mode: 0o600 })
    return path
  }

  it.each([0o602, 0o620, 0o666, 0o777])('of mode 0%o is refused unless allowed', async (mode) => {
    const path = await file()
    await chmod(path, mode)
    const error = await failure(readConfigFile(path))
    expect(error).toMatchObject({ code: 'EPERM', operation: 'readConfigFile' })
    expect((error as Error).message).toMatch(/chmod go-w.*unsafePermissions/)
    expect((await readConfigFile(path, { unsafePermissions: 'allow' })).interface.postUp).toEqual([
      'id',
    ])
  })

  it.each([0o600, 0o640, 0o644])('of mode 0%o is taken', async (mode) => {
    const path = await file()
    await chmod(path, mode)
    expect((await readConfigFile(path)).interface.postUp).toEqual(['id'])
  })

  it('of another user is refused unless allowed', async () => {
    const path = await file()
    await chown(path, STRANGER, STRANGER)
    expect(await failure(readConfigFile(path))).toMatchObject({ code: 'EPERM' })
    await readConfigFile(path, { unsafePermissions: 'allow' })
  })

  it('is judged by what is read, not by what a name said before', async () => {
    const path = await file()
    await writeFile(`${path}.open`, '[Interface]\n', { mode: 0o666 })
    await chmod(`${path}.open`, 0o666)
    await rename(`${path}.open`, path)
    expect(await failure(readConfigFile(path))).toMatchObject({ code: 'EPERM' })
  })

  it('that is written is for its owner alone, whatever it was', async () => {
    const path = await file()
    await chmod(path, 0o666)
    await writeConfigFile(path, parseConfig('[Interface]\nListenPort = 1\n'))
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await readFile(path, 'utf8')).toContain('ListenPort = 1')
    await readConfigFile(path)
  })
})
