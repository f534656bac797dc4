import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { promisify } from 'node:util'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { type CallOptions, open, UserspaceBackend, type WireGuard } from 'wgctrl'
import { failure, firstPeer } from '../contract/bench.js'
import { uniqueName } from '../contract/harness.js'
import { isolate } from '../contract/harnesses/isolation.js'
import { daemonOf } from '../contract/harnesses/wireguard-go.js'
import { keyPair, peersWithNetworks } from '../contract/samples.js'
import { stopProcess } from '../stopped-process.js'
import { expectNothingLeft } from './leftovers.js'

beforeEach(isolate)

const run = promisify(execFile)

type Devices = Pick<UserspaceBackend, 'create' | 'configure'>

async function newDevice(wg: Devices): Promise<string> {
  const name = uniqueName()
  await wg.create(name)
  await wg.configure(name, { privateKey: keyPair(1).privateKey })
  return name
}

/** From now on its wireguard-go does nothing any more. */
async function hang(name: string): Promise<void> {
  const pid = await daemonOf(name)
  onTestFinished(async () => {
    await run('kill', ['-KILL', String(pid)]).catch(() => {})
    await rm(`/var/run/wireguard/${name}.sock`, { force: true })
  })
  await stopProcess(pid)
}

async function newHungDevice(wg: Devices): Promise<string> {
  const name = await newDevice(wg)
  await hang(name)
  return name
}

type Call = (wg: UserspaceBackend, name: string, options: CallOptions) => Promise<unknown>

const calls: Record<string, Call> = {
  device: (wg, name, options) => wg.device(name, options),
  peers: (wg, name, options) => firstPeer(wg.peers(name, options)),
  configure: (wg, name, options) => wg.configure(name, { firewallMark: 1 }, options),
  'configure of many peers': (wg, name, options) =>
    wg.configure(name, { peers: peersWithNetworks(4000) }, options),
  create: (wg, name, options) => wg.create(name, { ...options, netns: '/proc/self/ns/net' }),
  delete: (wg, name, options) => wg.delete(name, options),
}

it.each(Object.keys(calls))(
  '%s of a daemon that hangs ends with its signal, and with its timeout',
  async (operation) => {
    await expectNothingLeft()
    const wg = new UserspaceBackend()
    const call = calls[operation] as Call
    for (const how of ['signal', 'timeout']) {
      const name = await newHungDevice(wg)
      const abort = new AbortController()
      if (how === 'signal') setTimeout(() => abort.abort('why'), 200)
      const options = how === 'signal' ? { signal: abort.signal, timeout: 1e9 } : { timeout: 200 }
      const expected =
        how === 'signal' ? { name: 'AbortError', cause: 'why' } : { code: 'ETIMEDOUT' }
      expect(await failure(call(wg, name, options))).toMatchObject(expected)
    }
  },
)

/** What listens to a device, by when it ends. */
const listeners: Record<string, (wg: WireGuard, name: string, signal: AbortSignal) => Listening> = {
  handshakes: async (wg, name, signal) => {
    const handshakes = wg.handshakes(name, { signal })
    return { begun: handshakes.start(), over: async () => void (await handshakes.next()) }
  },
  justInTime: async (wg, name, signal) => {
    const gate = wg.justInTime(name, { signal, lookup: () => null, interval: 50 })
    return { begun: gate, over: async () => (await gate).finished }
  },
}

type Listening = Promise<{ begun: Promise<unknown>; over: () => Promise<void> }>

/** Milliseconds: far more than an abort takes, and less than the minute that a call waits for a device. */
const SOON = 50_000

describe.each(Object.entries(listeners))('%s of a daemon that hangs', (operation, listen) => {
  it('ends with its signal while it begins', async () => {
    await expectNothingLeft()
    await using wg = await open({ backends: ['userspace'] })
    const name = await newHungDevice(wg)
    const abort = new AbortController()
    const { begun } = await listen(wg, name, abort.signal)
    setTimeout(() => abort.abort('why'), 200)
    expect(await failure(begun)).toMatchObject({ name: 'AbortError', cause: 'why' })
  })

  it('ends with its signal when it had begun before', async () => {
    await expectNothingLeft()
    await using wg = await open({ backends: ['userspace'] })
    const name = await newDevice(wg)
    const abort = new AbortController()
    const { begun, over } = await listen(wg, name, abort.signal)
    await begun
    await hang(name)
    const ended = over()
    // Time for a look at the device, which gets no answer.
    setTimeout(() => abort.abort('why'), 1500)
    const start = performance.now()
    if (operation === 'justInTime') await ended
    else expect(await failure(ended)).toMatchObject({ name: 'AbortError', cause: 'why' })
    expect(performance.now() - start).toBeLessThan(SOON)
  })
})

it.each([
  ['delete', 1500],
  // A daemon that says nothing for so long passes for one that hangs.
  ['delete', 4500],
  ['down', 1500],
] as const)(
  'a %s that was given up after %d ms leaves an interface that down finds again',
  async (operation, time) => {
    await expectNothingLeft()
    await using wg = await open({ backends: ['userspace'] })
    const name = await newHungDevice(wg)
    const signal = AbortSignal.timeout(time)
    expect(await failure(wg[operation](name, { signal }))).toMatchObject({ name: 'AbortError' })
    expect(await wg.names()).toContain(name)
    expect(await wg.down(name)).toMatchObject({ name })
    await vi.waitFor(async () => {
      expect((await run('ip', ['-br', 'link'])).stdout).not.toContain(name)
    }, 10_000)
    expect(await wg.names()).not.toContain(name)
  },
)
