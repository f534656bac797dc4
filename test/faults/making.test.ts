import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Rtnl } from '@wgctrl/netlink'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { open, UserspaceBackend, type WireGuardError } from 'wgctrl'
import { failure } from '../contract/bench.js'
import { uniqueName } from '../contract/harness.js'
import { ip, isolate } from '../contract/harnesses/isolation.js'
import { daemonOf } from '../contract/harnesses/wireguard-go.js'
import { expectNothingLeft } from './leftovers.js'

const DIRECTORY = '/var/run/wireguard'
const maker = fileURLToPath(new URL('maker.mjs', import.meta.url))
const run = promisify(execFile)

beforeEach(isolate)

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wgctrl-making-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** The links, sockets and daemons that there are. */
async function whatIsThere(): Promise<string[]> {
  const links = JSON.parse(await ip('-json', 'link')).map((link: { ifname: string }) => link.ifname)
  return [...links, ...(await readdir(DIRECTORY)), ...(await daemons())].sort()
}

async function daemons(): Promise<string[]> {
  const { stdout } = await run('ps', ['-eo', 'stat=,pid=,args='])
  return stdout.split('\n').filter((line) => /wireguard-go/.test(line) && !/^Z/.test(line.trim()))
}

/** What comes of making a device in a process of its own, behind other commands. */
async function madeBehind(command: string[], env: object = {}): Promise<string> {
  const program = `
    import { UserspaceBackend } from '@wgctrl/uapi'
    const wg = new UserspaceBackend()
    const told = ({ code, feature }) => [code, feature].filter(Boolean).join(' ')
    console.log(await wg.create('wgmade').then(() => 'made', told))
    await wg.delete('wgmade').catch(() => {})`
  const [first = '', ...rest] = [...command, process.execPath, '--input-type=module', '-e', program]
  const folder = fileURLToPath(new URL('../', import.meta.url))
  return (await run(first, rest, { cwd: folder, env: { ...process.env, ...env } })).stdout.trim()
}

const shell = (text: string): string[] => [
  'unshare',
  '--mount',
  'sh',
  '-ec',
  `${text}; exec "$@"`,
  'sh',
]

describe('a folder for sockets in which the daemon does not put its own', () => {
  it.each([
    ['wireguard-go', undefined],
    ['a program of any other name that starts it', ['env', 'wireguard-go'] as const],
    ['one that stays', ['env', 'wireguard-go', '-f'] as const],
  ])('with %s: EUNSUPPORTED at once, and nothing is left', async (_, daemon) => {
    await expectNothingLeft()
    const before = await whatIsThere()
    await using wg = await open({ backends: ['userspace'], socketDir: await newFolder() })
    const error = (await failure(wg.create(uniqueName(), { daemon }))) as WireGuardError
    expect(error).toMatchObject({ code: 'EUNSUPPORTED', feature: 'socketDir', operation: 'create' })
    expect(error.message).toContain('"daemon"')
    await vi.waitFor(async () => expect(await whatIsThere()).toEqual(before), 10_000)
  })

  it('is taken where it is the usual one by another name', async () => {
    const wg = new UserspaceBackend({ socketDir: '/run/../run/wireguard/' })
    const name = uniqueName()
    await wg.create(name)
    await wg.delete(name)
  })
})

describe('one fault, one code', () => {
  it('no folder of temporary files is no fault', async () => {
    expect(await madeBehind([], { TMPDIR: '/nonexistent' })).toBe('made')
  })

  it.each(['nonexistent', '/nonexistent/netns', 2 ** 22 + 1])(
    'no network namespace %j: ENOENT',
    async (netns) => {
      await expectNothingLeft()
      const error = (await failure(
        new UserspaceBackend().create(uniqueName(), { netns }),
      )) as WireGuardError
      expect(error).toMatchObject({ code: 'ENOENT', operation: 'create' })
      expect(error.message).toContain(`network namespace`)
    },
  )

  it('a file that is no network namespace: EINVAL', async () => {
    const netns = join(await newFolder(), 'file')
    await writeFile(netns, '')
    const error = await failure(new UserspaceBackend().create(uniqueName(), { netns }))
    expect(error).toMatchObject({ code: 'EINVAL', path: 'options.netns' })
    expect(await failure(Rtnl.open({ netns }))).toMatchObject({
      code: 'EINVAL',
      path: 'netns',
      message: expect.stringMatching(/is no network namespace$/),
    })
  })

  it.each([
    ['no file', 'mount -t tmpfs none /dev/net'],
    ['no driver', 'mount -t tmpfs none /dev/net; mknod /dev/net/tun c 10 239'],
    ['no driver of that kind', 'mount -t tmpfs none /dev/net; mknod /dev/net/tun c 240 77'],
    ['another device', 'mount -t tmpfs none /dev/net; mknod /dev/net/tun c 1 3'],
    ['a plain file', 'mount -t tmpfs none /dev/net; touch /dev/net/tun'],
  ])('/dev/net/tun with %s: EUNSUPPORTED tun', async (_, preparation) => {
    expect(await madeBehind(shell(preparation))).toBe('EUNSUPPORTED tun')
  })

  it.each([
    ['a link to nothing', 'ln -s /nonexistent /run/wireguard', 'ENOENT'],
    ['a file', 'touch /run/wireguard', 'ENOTDIR'],
  ])('a folder for sockets that is %s: %s', async (_, preparation, code) => {
    const emptyRun = 'mount -t tmpfs none /run; mkdir -p /var; [ -L /var/run ]'
    expect(await madeBehind(shell(`${emptyRun}; ${preparation}`))).toBe(code)
  })
})

describe('what a daemon that logs says', () => {
  const LINES = 300

  it.each([
    ['in the background', ['wireguard-go']],
    ['in the foreground', ['wireguard-go', '-f']],
  ])('%s goes nowhere once its device is there, and it lives on without us', async (_, daemon) => {
    const name = uniqueName()
    const child = spawn(process.execPath, [maker, JSON.stringify(daemon)], {
      env: { ...process.env, LOG_LEVEL: 'verbose' },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    await once(child, 'message')
    child.send({ name, at: 0 })
    expect(await once(child, 'message')).toEqual(['made', undefined])
    child.kill('SIGKILL')
    await once(child, 'exit')
    const wg = new UserspaceBackend()
    for (let round = 1; round <= LINES; round++) await wg.configure(name, { firewallMark: round })
    const pid = await daemonOf(name)
    for (const descriptor of [1, 2]) {
      expect(await readlink(`/proc/${pid}/fd/${descriptor}`)).toMatch(/^socket:|^\/dev\/null$/)
    }
    // What was said reached somebody: a daemon whose log nobody takes would have stopped.
    const [, written = 0] = /wchar: (\d+)/.exec(await readFile(`/proc/${pid}/io`, 'utf8')) ?? []
    expect(Number(written)).toBeGreaterThan(LINES * 20)
    await wg.delete(name)
  })
})
