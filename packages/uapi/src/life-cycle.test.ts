import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { WireGuardError } from '@wgctrl/types'
import { FakeDevice } from '@wgctrl/types/testing'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { UserspaceBackend } from './backend.js'
import {
  expectNothingLeft,
  leaveStaleSocket,
  serve,
  temporaryDirectory,
} from './sockets.fixture.js'
import { FakeUapiServer } from './testing/fake-uapi-server.js'

const fixture = fileURLToPath(new URL('daemon.fixture.mjs', import.meta.url))

afterEach(() => {
  vi.unstubAllEnvs()
})

interface Stage {
  readonly directory: string
  readonly backend: UserspaceBackend
  readonly path: string
  pid(behaviour: string): Promise<number>
}

/** A backend whose daemon is the fixture. */
async function stage(behaviour: string, ...args: string[]): Promise<Stage> {
  const directory = await temporaryDirectory()
  const daemon = [process.execPath, fixture, behaviour, directory, ...args] as const
  const pid = async (of: string): Promise<number> =>
    Number(await vi.waitFor(() => readFile(join(directory, `${of}.pid`), 'utf8'), 5000))
  onTestFinished(async () => {
    for (const entry of await readdir(directory)) {
      if (entry.endsWith('.pid')) kill(Number(await readFile(join(directory, entry), 'utf8')))
    }
  })
  const backend = new UserspaceBackend({ socketDir: directory, daemon })
  return { directory, backend, path: join(directory, 'wg0.sock'), pid }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It is gone.
  }
}

/** False also for one that is dead and that nobody has asked for its status. */
async function isAlive(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return status !== '' && !/^\d+ \(.*\) Z/s.test(status)
}

/** A daemon that has to begin before time is up gets more of it on a busy machine. */
async function creationInVain(kind: string, last: string, timeout = 3000) {
  const { directory, backend, path } = await stage(kind)
  const error = await failure(backend.create('wg0', { timeout }))
  const begun = await readFile(join(directory, `${last}.pid`), 'utf8').catch(() => undefined)
  if (begun === undefined && timeout < 100_000) return creationInVain(kind, last, timeout * 4)
  return { error, child: Number(begun), path }
}

const failure = (promise: Promise<unknown>): Promise<WireGuardError> =>
  promise.then(
    () => {
      throw new Error('it passed')
    },
    (error) => error,
  )

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

describe('create', () => {
  it.each(['stay', 'background', 'slow'])('with a daemon of the kind %j', async (kind) => {
    expectNothingLeft()
    const { backend, pid, path } = await stage(kind)
    await backend.create('wg0')
    expect(await backend.list()).toEqual(['wg0'])
    expect((await backend.device('wg0')).peers).toEqual([])
    expect(await isAlive(await pid(kind === 'background' ? 'stay' : kind))).toBe(true)
    expect(await exists(path)).toBe(true)
  })

  it('by the variable of wg-quick', async () => {
    const { directory, backend } = await stage('stay')
    const daemonless = new UserspaceBackend({ socketDir: directory })
    vi.stubEnv('WG_QUICK_USERSPACE_IMPLEMENTATION', '/nonexistent/daemon')
    const error = await failure(daemonless.create('wg0'))
    expect(error).toMatchObject({ code: 'EUNSUPPORTED', feature: 'create', operation: 'create' })
    expect(error.message).toContain('/nonexistent/daemon')
    await backend.create('wg0')
  })

  it('hands over arguments as they are, the name last, and asks no shell', async () => {
    const odd = ['; touch pwned', '$(touch pwned)', '`id`', '*', '', '--', '"\'']
    const { directory, backend } = await stage('stay', ...odd)
    await backend.create('wg0')
    const args = JSON.parse(await readFile(join(directory, 'stay.args'), 'utf8'))
    expect(args).toEqual([...odd, 'wg0'])
    expect((await readdir(directory)).sort()).toEqual(['stay.args', 'stay.pid', 'wg0.sock'])
  })

  it.each(['; id', '$(id)', '../x', '-f', 'a b', ''])(
    'not of the name %j: EINVAL',
    async (name) => {
      const { directory, backend } = await stage('stay')
      expect(await failure(backend.create(name))).toMatchObject({ code: 'EINVAL', path: 'name' })
      expect(await readdir(directory)).toEqual([])
    },
  )

  it('where a device answers already: EEXIST, and nothing is started', async () => {
    const { directory, backend, path } = await stage('stay')
    const fake = await FakeUapiServer.listen(path, new FakeDevice('wg0'))
    onTestFinished(() => fake[Symbol.asyncDispose]())
    expect(await failure(backend.create('wg0'))).toMatchObject({ code: 'EEXIST', device: 'wg0' })
    expect(await readdir(directory)).toEqual(['wg0.sock'])
  })

  it('of a link that is there: EEXIST', async () => {
    const { backend } = await stage('stay')
    expect(await failure(backend.create('lo'))).toMatchObject({ code: 'EEXIST' })
  })

  it('with an MTU: EUNSUPPORTED', async () => {
    const { backend } = await stage('stay')
    expect(await failure(backend.create('wg0', { mtu: 1280 }))).toMatchObject({
      code: 'EUNSUPPORTED',
      feature: 'mtu',
    })
  })

  it.each([
    ['die', 'EIO', 'ended (status 3) and said: no such luck'],
    ['dieOnStdout', 'EPERM', 'ended (status 1) and said: operation not permitted'],
    ['dieSilently', 'EIO', 'ended (SIGSEGV) and said: nothing'],
  ])('with a daemon that does %j: %s, with its words', async (kind, code, words) => {
    expectNothingLeft()
    const { backend, path } = await stage(kind)
    const error = await failure(backend.create('wg0'))
    expect(error).toMatchObject({ code, operation: 'create', device: 'wg0' })
    expect(error.message).toContain(words)
    expect(await exists(path)).toBe(false)
  })

  it('with a daemon that dies with its socket open: the socket goes too', async () => {
    const { backend, path } = await stage('dieLater')
    const error = await failure(backend.create('wg0'))
    expect(error.message).toContain('ended (SIGKILL) and said: it was too much')
    expect(await exists(path)).toBe(false)
  })

  it.each([
    ['never', 'never', 'waiting for a sign'],
    ['stubborn', 'stubborn', 'in time'],
    ['backgroundNever', 'never', 'in time'],
    ['mute', 'mute', 'in time'],
  ])('with a daemon of the kind %j: ETIMEDOUT, and nothing is left', async (kind, last, words) => {
    expectNothingLeft()
    const { error, child, path } = await creationInVain(kind, last)
    expect(error).toMatchObject({ code: 'ETIMEDOUT', operation: 'create', device: 'wg0' })
    expect(error.message).toContain(words)
    await vi.waitFor(async () => expect(await isAlive(child)).toBe(false), 3000)
    expect(await exists(path)).toBe(false)
  })

  it('that is aborted: nothing is left', async () => {
    const { backend, pid } = await stage('never')
    const abort = new AbortController()
    const creation = failure(backend.create('wg0', { signal: abort.signal }))
    const child = await pid('never')
    abort.abort('why')
    expect(await creation).toMatchObject({ name: 'AbortError', cause: 'why' })
    await vi.waitFor(async () => expect(await isAlive(child)).toBe(false), 3000)
  })

  it('that is aborted before: nothing is started', async () => {
    const { directory, backend } = await stage('stay')
    const signal = AbortSignal.abort('why')
    expect(await failure(backend.create('wg0', { signal }))).toMatchObject({ name: 'AbortError' })
    expect(await readdir(directory)).toEqual([])
  })

  it('with a program that is none: EUNSUPPORTED or EPERM', async () => {
    const { directory, backend } = await stage('stay')
    const script = join(directory, 'script')
    await writeFile(script, '#!/nonexistent/interpreter\n', { mode: 0o755 })
    for (const daemon of ['no-such-daemon', directory, script]) {
      const error = await failure(backend.create('wg0', { daemon }))
      expect(error, daemon).toMatchObject({ code: 'EUNSUPPORTED', feature: 'create' })
    }
    const error = await failure(backend.create('wg0', { daemon: [] as never }))
    expect(error).toBeInstanceOf(TypeError)
  })

  it('that fails leaves a stale socket of before as it was', async () => {
    const { backend, path } = await stage('die')
    await leaveStaleSocket(path)
    const error = await failure(backend.create('wg0'))
    expect(error.message).toContain('no such luck')
    expect(await exists(path), 'what was there before stays').toBe(true)
  })
})

describe('delete', () => {
  it('of a daemon that ends with its socket', async () => {
    expectNothingLeft()
    const { backend, path } = await stage('stay')
    const fake = await FakeUapiServer.listen(path, new FakeDevice('wg0'))
    await backend.delete('wg0')
    expect(await exists(path)).toBe(false)
    expect(await failure(backend.device('wg0'))).toMatchObject({ code: 'ENODEV' })
    await fake[Symbol.asyncDispose]()
  })

  it('of one that hangs up after each operation, as boringtun does', async () => {
    const server = await serve((socket) => {
      socket.once('data', () => socket.end('errno=0\n\n'))
    })
    const backend = new UserspaceBackend({ socketDir: join(server.path, '..') })
    await backend.delete('wg0')
    // An idle connection would keep the thread of boringtun busy that should end.
    expect(server.received()).toBe('set=1\n\n')
    expect(await exists(server.path)).toBe(false)
  })

  it('of one that does not end: ETIMEDOUT', async () => {
    expectNothingLeft()
    const { backend, pid, path } = await stage('stay')
    await backend.create('wg0')
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const deletion = failure(backend.delete('wg0', { timeout: 300 }))
    while (await exists(path)) await new Promise((resolve) => setImmediate(resolve))
    vi.advanceTimersByTime(300)
    const error = await deletion
    expect(error).toMatchObject({ code: 'ETIMEDOUT', operation: 'delete', device: 'wg0' })
    vi.useRealTimers()
    expect(await isAlive(await pid('stay'))).toBe(true)
    expect(await exists(path)).toBe(false)
  })

  it('of one that says nothing, when time is up before it passes for hung: nothing has changed', async () => {
    const server = await serve(() => {})
    const backend = new UserspaceBackend({ socketDir: join(server.path, '..') })
    const error = await failure(backend.delete('wg0', { timeout: 300 }))
    expect(error).toMatchObject({ code: 'ETIMEDOUT', operation: 'delete', device: 'wg0' })
    expect(await exists(server.path)).toBe(true)
  })

  it('of none: ENODEV', async () => {
    const { backend } = await stage('stay')
    for (const removeStale of [true, false]) {
      expect(await failure(backend.delete('wg0', { removeStale }))).toMatchObject({
        code: 'ENODEV',
      })
    }
  })

  it('of a stale socket: ECONNREFUSED, unless it is asked for', async () => {
    const { backend, path } = await stage('stay')
    await leaveStaleSocket(path)
    expect(await failure(backend.delete('wg0'))).toMatchObject({ code: 'ECONNREFUSED' })
    expect(await exists(path)).toBe(true)
    await backend.delete('wg0', { removeStale: true })
    expect(await exists(path)).toBe(false)
  })

  it('of a file that is no socket: ENOTWIREGUARD, and the file stays', async () => {
    const { backend, path } = await stage('stay')
    await writeFile(path, 'precious')
    for (const removeStale of [true, false]) {
      expect(await failure(backend.delete('wg0', { removeStale }))).toMatchObject({
        code: 'ENOTWIREGUARD',
      })
    }
    expect(await readFile(path, 'utf8')).toBe('precious')
  })

  it('that is aborted', async () => {
    const server = await serve(() => {})
    const backend = new UserspaceBackend({ socketDir: join(server.path, '..') })
    const abort = new AbortController()
    setTimeout(() => abort.abort('why'), 50)
    expect(await failure(backend.delete('wg0', { signal: abort.signal }))).toMatchObject({
      name: 'AbortError',
    })
    await sleep(10)
    await rm(server.path, { force: true })
  })
})
