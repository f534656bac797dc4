import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generatePrivateKey, publicKey } from '@wgctrl/types'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, open } from 'wgctrl'
import { FarMachine } from './far-machine.js'
import { makePair, type Pair } from './pair.js'
import { Program, start, temporaryFolder, WGCTRL, wgctrl } from './program.js'

let pair: Pair
let device: string
let folder: string
let far: FarMachine
let ssh: string

beforeAll(async () => {
  pair = await makePair()
  device = pair.alice.device
  folder = await temporaryFolder()
  far = await FarMachine.make(folder)
  ssh = far.ssh
})

afterAll(() => pair?.[Symbol.asyncDispose]())

async function serving(...args: string[]): Promise<{ server: Program; path: string }> {
  const path = join(folder, `${Math.random()}.sock`)
  const server = start(['serve', '--socket', path, ...args])
  await server.says(/^serving on /m, 'err')
  return { server, path }
}

describe('wgctrl serve', () => {
  it('serves a socket until it is told to end, and leaves no file', async () => {
    const { server, path } = await serving('--device', device)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    await using wg = await connect(path)
    expect((await wg.device(device)).publicKey).toBe(pair.alice.publicKey)
    await expect(wg.configure(device, { listenPort: 1 })).rejects.toMatchObject({ code: 'EPERM' })
    const [, said] = await server.says(/^denied configure: user (\d+, process \d+)/m, 'err')
    expect(said).toBe(`${process.getuid?.()}, process ${process.pid}`)
    server.kill('SIGTERM')
    expect(await server.status()).toBe(0)
    await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' })
    await expect(wg.names()).rejects.toMatchObject({ code: 'ECONNRESET' })
  })

  it('takes the socket that a service manager has opened', async () => {
    const path = join(folder, 'activated.sock')
    const listen = `
import os, socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
os.dup2(listener.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execv(sys.argv[2], sys.argv[2:])`
    const words = ['-c', listen, path, process.execPath, WGCTRL, 'serve']
    const manager = new Program('python3', words)
    await manager.says(/serving on the socket of the service manager/, 'err')
    const wg = await connect(path)
    expect((await wg.device(device)).publicKey).toBe(pair.alice.publicKey)
    await wg.close()
    manager.kill('SIGTERM')
    expect(await manager.status()).toBe(0)
  })

  it.each([
    [['--allow', 'everything'], 'allow.calls[0]: must be one of read, handshakes'],
    [['--user', 'no-such-user'], '--user: there is no user "no-such-user"'],
    [['--mode', '8'], '--mode: expected the mode of a file'],
    [['--first', 'bsd'], '--first: expected userspace or linux-kernel'],
  ])('refuses %j', async (args, problem) => {
    const refused = await wgctrl('serve', '--socket', join(folder, 'refused.sock'), ...args)
    expect(refused.status).toBe(1)
    expect(refused.err).toContain(problem)
  })

  it('ends with its client on standard input', async () => {
    const child = spawn(process.execPath, [WGCTRL, 'serve', '--stdio'], { stdio: 'pipe' })
    child.stdin.end()
    expect(await once(child, 'exit')).toEqual([0, null])
  })
})

/** Without what is another a moment later. */
const lasting = (text: string): string => text.replaceAll(/.*(?:handshake|transfer|bytes).*/gi, '')

describe('wgctrl --host', () => {
  const there = (...args: string[]) => wgctrl('--host', 'root@gateway', '--ssh', ssh, ...args)

  it('has the devices of the host, as if it was started there', async () => {
    for (const args of [
      ['show', device],
      ['show', device, 'allowed-ips'],
      ['show', device, '--json'],
      ['showconf', device],
      ['list'],
    ]) {
      const [told, here] = await Promise.all([there(...args), wgctrl(...args)])
      expect({ ...told, out: lasting(told.out) }).toEqual({ ...here, out: lasting(here.out) })
      expect(told.out).not.toBe('')
    }
    const missing = await there('show', 'wgnone')
    expect(missing).toMatchObject({ status: 1, out: '' })
    expect(missing.err).toContain('Unable to access interface: No such device')
    const [asked] = await far.asked()
    expect(asked).toMatch(/^-- root@gateway wgctrl serve --stdio --allow /)
  })

  it('changes them, and says what differs from a file of this machine', async () => {
    const key = publicKey(generatePrivateKey())
    await using wg = await open({ backends: ['userspace'] })
    const set = await there('set', device, 'peer', key, 'allowed-ips', '10.99.0.0/24')
    expect(set).toEqual({ status: 0, out: '', err: '' })
    const peerOf = async () =>
      (await wg.device(device)).peers.find(({ publicKey: one }) => one === key)
    expect((await peerOf())?.allowedIPs).toEqual(['10.99.0.0/24'])
    const file = join(folder, 'wanted.conf')
    await writeFile(file, (await there('showconf', device)).out, { mode: 0o600 })
    expect(await there('diff', device, file)).toEqual({ status: 0, out: '', err: '' })
    expect((await there('set', device, 'peer', key, 'remove')).status).toBe(0)
    expect(await peerOf()).toBeUndefined()
    const differs = await there('diff', device, file)
    expect(differs.status).toBe(1)
    expect(differs.out).toContain(key)
  })

  it('tells of events until it is ended', async () => {
    const watch = start(['--host', 'gateway', '--ssh', ssh, 'watch', device, '--lines'])
    await watch.says(new RegExp(`${device}.* added|added.* ${device}|${device}`))
    watch.kill('SIGTERM')
    expect(await watch.status()).toBe(0)
  })

  it('says what is about this machine alone, and who cannot be reached', async () => {
    for (const args of [
      ['doctor'],
      ['genkey'],
      ['completion', 'bash'],
      ['serve', '--stdio'],
      ['export'],
    ]) {
      const refused = await there(...args)
      expect(refused.status).toBe(1)
      expect(refused.err).toContain(`${args[0]} is about this machine`)
    }
    const lost = await wgctrl('--host', 'nowhere', '--ssh', ssh, 'list')
    expect(lost.status).toBe(1)
    expect(lost.err).toContain('Could not resolve hostname nowhere\n')
    expect(lost.err).toMatch(
      /wgctrl list: nowhere: \S+ended with 255 before it answered|ended with 255/,
    )
    const none = await wgctrl('--host', 'gateway', '--ssh', join(folder, 'none'), 'list')
    expect(none.status).toBe(1)
    expect(none.err).toMatch(/none: not found\n.*none ended with 127 before it answered/)
    const option = await wgctrl('--host=-oProxyCommand=id', '--ssh', ssh, 'list')
    expect(option.status).toBe(1)
    expect(option.err).toContain('is no machine')
  })

  it('hands on which devices are meant, quoted', async () => {
    expect((await there('--backend', 'userspace', '--netns', "it's", 'list')).status).toBe(0)
    expect((await far.asked()).at(-1)).toContain(
      `wgctrl --backend userspace --netns 'it'\\''s' serve --stdio`,
    )
  })
})
