import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Backend, WireGuardError } from '@wgctrl/types'
import { MemoryBackend } from '@wgctrl/types/testing'
import { UserspaceBackend } from '@wgctrl/uapi'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { type DetectOptions, detectBackends as detect } from './detect.js'

afterEach(() => {
  vi.unstubAllEnvs()
})

const detectBackends = async (options: DetectOptions) => (await detect(options)).statuses

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'wgctrl-test-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  return directory
}

const failure = (promise: Promise<unknown>): Promise<WireGuardError> =>
  promise.then(
    () => {
      throw new Error('it passed')
    },
    (error) => error,
  )

/** Without a program, and with sockets only where the test has some. */
async function bareMachine(): Promise<{ socketDir: string }> {
  vi.stubEnv('PATH', '/nonexistent')
  vi.stubEnv('WG_QUICK_USERSPACE_IMPLEMENTATION', undefined)
  return { socketDir: await temporaryDirectory() }
}

it('are of the dialect that was asked for', async () => {
  await bareMachine()
  const attempt = detectBackends({ dialect: 'amneziawg' })
  await expect(attempt).rejects.toThrow('no program amneziawg-go')
})

describe('userspace devices', () => {
  it('are there when one has a socket', async () => {
    const { socketDir } = await bareMachine()
    await writeFile(join(socketDir, 'wg0.sock'), '')
    const [status] = await detectBackends({ backends: ['userspace'], socketDir })
    expect(status).toMatchObject({ kind: 'userspace', available: true })
    expect(status?.available && status.backend).toBeInstanceOf(UserspaceBackend)
  })

  it('are there when a program can make one', async () => {
    const { socketDir } = await bareMachine()
    vi.stubEnv('WG_QUICK_USERSPACE_IMPLEMENTATION', process.execPath)
    const [status] = await detectBackends({ backends: ['userspace'], socketDir })
    expect(status?.available).toBe(true)
  })

  it('are not there else: ENOBACKEND says what was tried and what to do', async () => {
    const error = await failure(
      detectBackends({ backends: ['userspace'], ...(await bareMachine()) }),
    )
    expect(error).toMatchObject({ code: 'ENOBACKEND', operation: 'open' })
    expect(error.message).toMatch(/userspace: .*no program wireguard-go: install/)
  })

  it('that this user may not look for are told of, not thrown', async () => {
    const { socketDir } = await bareMachine()
    await chmod(socketDir, 0)
    const user = process.geteuid?.()
    if (user === 0) process.seteuid?.(65534)
    onTestFinished(() => {
      if (user === 0) process.seteuid?.(0)
    })
    const error = await failure(detectBackends({ backends: ['userspace'], socketDir }))
    expect(error).toMatchObject({ code: 'EPERM', operation: 'open', backend: 'userspace' })
    expect(error.message).toMatch(/no backend can be used \(tried userspace: .*EACCES/)
    const memory = new MemoryBackend()
    const found = await detectBackends({ backends: ['userspace', memory], socketDir })
    expect(found).toMatchObject([
      { kind: 'userspace', available: false, reason: { code: 'EPERM' } },
      { kind: 'userspace', available: true, backend: memory },
    ])
  })
})

describe('backends of one’s own', () => {
  it('are used as they are, in the order in which they were given', async () => {
    const backends = [new MemoryBackend('linux-kernel'), new MemoryBackend('userspace')]
    const found = await detectBackends({ backends })
    expect(found.map((status) => status.available && status.backend)).toEqual(backends)
  })

  it('are not probed', async () => {
    const backend: Backend = Object.assign(new MemoryBackend(), {
      probe: () => Promise.reject(new Error('it was probed')),
    })
    expect(await detectBackends({ backends: [backend] })).toMatchObject([{ available: true }])
  })
})

describe('a probe that fails in a way of its own', () => {
  it.each([
    [Object.assign(new Error('Bad file descriptor (os error 9)'), { code: 'EBADF' }), 'EBADF'],
    [new Error('no such thing here'), 'EUNSUPPORTED'],
    ['a text', 'EUNSUPPORTED'],
  ])('by %s is why the backend is missing: %s', async (thrown, code) => {
    vi.spyOn(UserspaceBackend.prototype, 'probe').mockRejectedValue(thrown)
    onTestFinished(() => void vi.restoreAllMocks())
    const memory = new MemoryBackend()
    const found = await detectBackends({ backends: ['userspace', memory] })
    expect(found).toMatchObject([
      { kind: 'userspace', available: false, reason: { code, operation: 'open', cause: thrown } },
      { available: true },
    ])
    const error = await failure(detectBackends({ backends: ['userspace'] }))
    expect(error).toBeInstanceOf(WireGuardError)
    expect(error).toMatchObject({ code, operation: 'open', backend: 'userspace' })
  })
})

describe('the option backends', () => {
  it.each([['userspace'], [7], [{}]])('that is %j and no array: TypeError', async (backends) => {
    const error = await failure(detectBackends({ backends: backends as never }))
    expect(error).toBeInstanceOf(TypeError)
    expect(error).toMatchObject({ path: 'options.backends' })
  })

  it.each([
    ['other'],
    ['__proto__'],
    ['constructor'],
    [null],
    [undefined],
    [7],
    [{}],
    [{ kind: 'userspace' }],
  ])('with %j in it: TypeError', async (backend) => {
    const backends = [new MemoryBackend(), backend as never]
    const error = await failure(detectBackends({ backends }))
    expect(error).toBeInstanceOf(TypeError)
    expect(error).toMatchObject({ path: 'options.backends[1]' })
    expect(error.message).toContain('linux-kernel, userspace')
  })

  it('that is empty: ENOBACKEND', async () => {
    expect(await failure(detectBackends({ backends: [] }))).toMatchObject({ code: 'ENOBACKEND' })
  })
})

describe('the search', () => {
  it('can be aborted', async () => {
    const { socketDir } = await bareMachine()
    const signal = AbortSignal.abort('why')
    const error = await failure(detectBackends({ backends: ['userspace'], socketDir, signal }))
    expect(error).toMatchObject({ name: 'AbortError', cause: 'why' })
    const abort = new AbortController()
    const search = detectBackends({ backends: ['userspace'], socketDir, signal: abort.signal })
    abort.abort('why')
    expect(await failure(search)).toMatchObject({ name: 'AbortError' })
  })

  it('refuses a signal that is none', async () => {
    expect(await failure(detectBackends({ signal: {} as never }))).toBeInstanceOf(TypeError)
  })
})
