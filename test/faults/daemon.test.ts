import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { type DeviceConfig, type Peer, UserspaceBackend, WireGuardError } from 'wgctrl'
import { failure, firstPeer } from '../contract/bench.js'
import { uniqueName } from '../contract/harness.js'
import { ip, isolate } from '../contract/harnesses/isolation.js'
import { daemonOf } from '../contract/harnesses/wireguard-go.js'
import { withoutPrivileges } from '../contract/privileges.js'
import { keyPair, peerKey, peersWithNetworks } from '../contract/samples.js'
import { expectNothingLeft } from './leftovers.js'
import { Relay } from './relay.js'

const DIRECTORY = '/var/run/wireguard'
const socketOf = (name: string): string => join(DIRECTORY, `${name}.sock`)

/** So many that neither a reply nor a request fits the buffers of a socket. */
const MANY = 4000
const many: DeviceConfig = { peers: peersWithNetworks(MANY) }
/** Less than a write of them has. */
const HELD_BYTES = 100_000
const one: DeviceConfig = { peers: [{ publicKey: peerKey(1) }] }

let wg: UserspaceBackend

beforeEach(async () => {
  await isolate()
  await expectNothingLeft()
  wg = new UserspaceBackend()
})

/** A real wireguard-go, which ends with the test, whatever became of it. */
async function newDaemon(config?: DeviceConfig): Promise<{ name: string; pid: number }> {
  const name = uniqueName()
  await wg.create(name)
  const pid = await pidOf(name)
  onTestFinished(async () => {
    await signal(pid, 'SIGKILL')
    await rm(socketOf(name), { force: true, recursive: true })
  })
  if (config) await wg.configure(name, config)
  return { name, pid }
}

async function pidOf(name: string): Promise<number> {
  const pid = await daemonOf(name)
  if (pid === undefined) throw new Error(`no wireguard-go has ${name}`)
  return pid
}

/** Sends a signal and waits until it did its work. */
async function signal(pid: number, name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<void> {
  try {
    process.kill(pid, name)
  } catch {
    return
  }
  const done = { SIGKILL: /^$|\) [ZX] /, SIGSTOP: /\) T /, SIGCONT: /\) [SRD] / }[name]
  await vi.waitFor(
    async () => {
      const threads = await readdir(`/proc/${pid}/task`).catch(() => [])
      // A killed process keeps its sockets until its last thread is gone.
      if (name === 'SIGKILL') expect(threads.length).toBeLessThan(2)
      for (const thread of threads) {
        const file = `/proc/${pid}/task/${thread}/stat`
        expect(await readFile(file, 'utf8').catch(() => '')).toMatch(done)
      }
    },
    { timeout: 10_000, interval: 5 },
  )
}

/** The kernel takes the link of a dead daemon away a moment after its last thread. */
async function linkIsGone(name: string): Promise<void> {
  await vi.waitFor(() => expect(ip('link', 'show', name)).rejects.toThrow(), { timeout: 10_000 })
}

/** The device is made anew where it was, and works: nothing that was learnt of the old one is left. */
async function expectNextCallWorks(name: string): Promise<void> {
  await wg.delete(name, { removeStale: true }).catch((error: WireGuardError) => {
    if (error.code !== 'ENODEV') throw error
  })
  await linkIsGone(name)
  await wg.create(name)
  const pid = await pidOf(name)
  await wg.configure(name, one)
  expect((await wg.device(name)).peers.map(({ publicKey }) => publicKey)).toEqual([peerKey(1)])
  await wg.delete(name)
  await signal(pid, 'SIGKILL')
}

const calls: Record<string, (name: string, timeout?: number) => Promise<unknown>> = {
  device: (name, timeout) => wg.device(name, { timeout }),
  peers: (name, timeout) => firstPeer(wg.peers(name, { timeout })),
  configure: (name, timeout) => wg.configure(name, one, { timeout }),
}

describe('a daemon that is killed', () => {
  it.each(Object.keys(calls))('before %s: ECONNREFUSED', async (operation) => {
    const { name, pid } = await newDaemon()
    await signal(pid, 'SIGKILL')
    const error = await failure(calls[operation]?.(name) as Promise<unknown>)
    expect(error).toMatchObject({ code: 'ECONNREFUSED', operation, device: name })
    await expectNextCallWorks(name)
  })

  it('while it is read: EPROTO, never a short device', async () => {
    const { name, pid } = await newDaemon(many)
    const seen: Peer[] = []
    const read = async (): Promise<void> => {
      for await (const peer of wg.peers(name)) {
        if (seen.push(peer) === 1) await signal(pid, 'SIGKILL')
      }
    }
    expect(await failure(read())).toMatchObject({
      code: 'EPROTO',
      operation: 'peers',
      device: name,
    })
    expect(seen.length).toBeGreaterThan(0)
    expect(seen.length).toBeLessThan(MANY)
    await expectNextCallWorks(name)
  })

  it('while it is written: a typed error, which does not claim to know what was applied', async () => {
    const { name, pid } = await newDaemon()
    // Learns what it has to know of the daemon, so that the write is all that is under way.
    await using relay = await Relay.before(socketOf(name), HELD_BYTES)
    await wg.configure(name, { privateKey: keyPair(1).privateKey })
    const outcome = failure(wg.configure(name, many))
    await relay.holds
    await signal(pid, 'SIGKILL')
    const error = await outcome
    expect(error).toMatchObject({ operation: 'configure', device: name })
    expect(['EPROTO', 'ECONNREFUSED', 'EPIPE', 'ECONNRESET']).toContain(
      (error as WireGuardError).code,
    )
    expect(error).not.toHaveProperty('appliedPeers')
    await relay[Symbol.asyncDispose]()
    await expectNextCallWorks(name)
  })

  it('after a read and a write: both stand', async () => {
    const { name, pid } = await newDaemon(one)
    const device = await wg.device(name)
    await signal(pid, 'SIGKILL')
    expect(device.peers).toHaveLength(1)
    await expectNextCallWorks(name)
  })
})

describe('a daemon that is stopped', () => {
  it.each(Object.keys(calls))(
    'before %s: ETIMEDOUT, and it works once it goes on',
    async (operation) => {
      const { name, pid } = await newDaemon()
      await signal(pid, 'SIGSTOP')
      const error = await failure(calls[operation]?.(name, 200) as Promise<unknown>)
      expect(error).toMatchObject({ code: 'ETIMEDOUT', operation, device: name })
      await signal(pid, 'SIGCONT')
      await wg.configure(name, one)
      expect((await wg.device(name)).peers).toHaveLength(1)
    },
  )

  it('while it is read, and goes on: the read is whole', async () => {
    const { name, pid } = await newDaemon(many)
    const seen = new Set<string>()
    for await (const { publicKey } of wg.peers(name)) {
      seen.add(publicKey)
      if (seen.size !== 1) continue
      await signal(pid, 'SIGSTOP')
      setTimeout(() => process.kill(pid, 'SIGCONT'), 300)
    }
    expect(seen.size).toBe(MANY)
  })

  it('while it is written, and goes on: all is applied', async () => {
    const { name, pid } = await newDaemon()
    await signal(pid, 'SIGSTOP')
    const written = wg.configure(name, many)
    await sleep(300)
    await signal(pid, 'SIGCONT')
    await written
    expect((await wg.device(name)).peers).toHaveLength(MANY)
  })

  it('while it is written with its buffer full: ETIMEDOUT, and the next call works', async () => {
    const { name, pid } = await newDaemon()
    await wg.configure(name, one)
    await signal(pid, 'SIGSTOP')
    const error = await failure(wg.configure(name, many, { timeout: 300 }))
    expect(error).toMatchObject({ code: 'ETIMEDOUT', operation: 'configure', device: name })
    await signal(pid, 'SIGCONT')
    // What was cut is not carried out as a whole: the daemon read a part of it at most.
    expect((await wg.device(name)).peers.length).toBeLessThan(MANY)
    await wg.configure(name, { replacePeers: true, ...one })
    expect((await wg.device(name)).peers).toHaveLength(1)
  })
})

describe('a socket', () => {
  it('that is replaced by that of another daemon: the other is talked to', async () => {
    const { name, pid } = await newDaemon({ privateKey: keyPair(1).privateKey })
    expect((await wg.device(name)).publicKey).toBe(keyPair(1).publicKey)
    await signal(pid, 'SIGKILL')
    await rm(socketOf(name))
    await linkIsGone(name)
    const another = new UserspaceBackend()
    await another.create(name)
    const next = await pidOf(name)
    onTestFinished(() => signal(next, 'SIGKILL'))
    await another.configure(name, { privateKey: keyPair(2).privateKey })
    expect((await wg.device(name)).publicKey).toBe(keyPair(2).publicKey)
    // Its key is not taken for the one that was learnt of the daemon before.
    const own = { peers: [{ publicKey: keyPair(2).publicKey }] }
    expect(await failure(wg.configure(name, own))).toMatchObject({ code: 'EINVAL' })
    await wg.configure(name, { peers: [{ publicKey: keyPair(1).publicKey }] })
  })

  it('that is removed: ENODEV', async () => {
    const { name, pid } = await newDaemon()
    await rm(socketOf(name))
    await signal(pid, 'SIGKILL')
    for (const [operation, call] of Object.entries(calls)) {
      expect(await failure(call(name))).toMatchObject({ code: 'ENODEV', operation, device: name })
    }
    await expectNextCallWorks(name)
  })

  it('that may not be used: EPERM', async () => {
    const { name } = await newDaemon(one)
    // Of the folder: wireguard-go ends when its socket's own mode changes.
    await chmod(DIRECTORY, 0o700)
    onTestFinished(() => chmod(DIRECTORY, 0o755))
    for (const [operation, call] of Object.entries(calls)) {
      const error = await withoutPrivileges(() => failure(call(name)))
      expect(error).toMatchObject({ code: 'EPERM', operation, device: name })
    }
    expect((await wg.device(name)).peers).toHaveLength(1)
  })

  it.each<[string, (path: string) => Promise<unknown>]>([
    ['a file', (path) => writeFile(path, 'errno=0\n\n')],
    ['a directory', (path) => mkdir(path)],
  ])('that gave way to %s: ENOTWIREGUARD', async (_, make) => {
    const { name, pid } = await newDaemon()
    await signal(pid, 'SIGKILL')
    await rm(socketOf(name))
    await make(socketOf(name))
    for (const [operation, call] of Object.entries(calls)) {
      const error = await failure(call(name))
      expect(error).toMatchObject({ code: 'ENOTWIREGUARD', operation, device: name })
    }
    await rm(socketOf(name), { recursive: true })
    await expectNextCallWorks(name)
  })
})

describe('this process', () => {
  it('is blocked for a second in a read: the read is whole', async () => {
    const { name } = await newDaemon(many)
    const device = wg.device(name)
    await sleep(1)
    block(1000)
    expect((await device).peers).toHaveLength(MANY)
  })

  it('is blocked for a second in a write: all is applied', async () => {
    const { name } = await newDaemon()
    const written = wg.configure(name, many)
    await sleep(1)
    block(1000)
    await written
    expect((await wg.device(name)).peers).toHaveLength(MANY)
  })

  it('is blocked for longer than a call may take: a device or ETIMEDOUT, and the next call works', async () => {
    const { name } = await newDaemon(many)
    const outcome = wg.device(name, { timeout: 300 }).catch((error: unknown) => error)
    await sleep(1)
    block(1000)
    const result = await outcome
    if (result instanceof WireGuardError) expect(result.code).toBe('ETIMEDOUT')
    else expect(result).toMatchObject({ name, peers: { length: MANY } })
    expect((await wg.device(name)).peers).toHaveLength(MANY)
  })

  it('blocks as the consumer of a stream: the clock of the call stands still', async () => {
    const { name } = await newDaemon(many)
    const started = performance.now()
    await wg.device(name)
    // Far more than the same reading takes again.
    const timeout = 4000 + 10 * (performance.now() - started)
    let seen = 0
    for await (const _ of wg.peers(name, { timeout })) if (seen++ === 0) block(timeout + 500)
    expect(seen).toBe(MANY)
  })

  it.each([-1, 1])('has a clock that steps by a year (%d): limits are kept', async (direction) => {
    const { name, pid } = await newDaemon(one)
    await signal(pid, 'SIGSTOP')
    const started = performance.now()
    const outcome = failure(wg.device(name, { timeout: 400 }))
    const real = Date.now
    onTestFinished(() => {
      Date.now = real
    })
    Date.now = () => real() + direction * 365 * 86_400_000
    expect(await outcome).toMatchObject({ code: 'ETIMEDOUT' })
    expect(performance.now() - started).toBeGreaterThan(350)
    await signal(pid, 'SIGCONT')
    expect((await wg.device(name)).peers).toHaveLength(1)
  })
})

function block(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}
