import { chmod, mkdir } from 'node:fs/promises'
import { FakeDevice } from '@wgctrl/types/testing'
import { FakeUapiServer } from '@wgctrl/uapi/testing'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { isolate } from '../contract/harnesses/isolation.js'
import { runOurs } from './wg.js'

const FOLDER = '/var/run/wireguard'
const run = (...words: string[]) => runOurs(words, {}, 'wgctrl')

beforeAll(async () => {
  await isolate()
  await mkdir(FOLDER, { recursive: true })
})

async function listen(): Promise<void> {
  const server = await FakeUapiServer.listen(`${FOLDER}/wg0.sock`, new FakeDevice('wg0'))
  onTestFinished(() => server[Symbol.asyncDispose]())
}

describe('a socket that others can write', () => {
  it.each([
    [['show', 'wg0']],
    [['show']],
    [['showconf', 'wg0']],
    [['set', 'wg0', 'listen-port', '7']],
  ])('show says why, and %j takes it', async (words) => {
    await listen()
    await chmod(FOLDER, 0o777)
    onTestFinished(() => chmod(FOLDER, 0o755))
    const refused = await run(...words)
    expect(refused.status).toBe(1)
    expect(refused.err).toContain('Operation not permitted\n')
    expect(refused.err).toContain('chmod go-w it, or allow it by')
    expect(refused.err).toContain('--unsafe-permissions')
    expect(await run('--unsafe-permissions', ...words)).toMatchObject({ status: 0, err: '' })
    // wg(8) has no words for it.
    expect((await runOurs(words)).err).not.toContain('--unsafe-permissions')
  })
})

it('one backend alone is asked', async () => {
  await listen()
  expect(await run('--backend', 'userspace', 'show', 'interfaces')).toMatchObject({ out: 'wg0\n' })
  expect(await run('--backend', 'linux-kernel', 'show', 'interfaces')).toMatchObject({ out: '' })
  for (const command of [['show'], ['showconf'], ['set']]) {
    const words = [...command, 'wg0', ...(command[0] === 'set' ? ['listen-port', '8'] : [])]
    expect((await run('--backend', 'userspace', ...words)).status).toBe(0)
    expect((await run('--backend', 'linux-kernel', ...words)).status).toBe(1)
  }
})

it('a namespace that is not there is said by every command that looks at the kernel', async () => {
  const words = ['--netns', 'nowhere', '--backend', 'linux-kernel']
  for (const command of [['show'], ['show', 'wg0'], ['watch', 'wg0', '--lines'], ['metrics']]) {
    const { status, err } = await run(...words, ...command)
    expect(status).toBe(1)
    expect(err).toContain('network namespace nowhere: cannot open /run/netns/nowhere: ENOENT')
    expect(err).not.toContain('not supported')
  }
})
