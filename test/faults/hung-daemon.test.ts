import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { promisify } from 'node:util'
import { beforeEach, expect, it, onTestFinished, vi } from 'vitest'
import { type CallOptions, UserspaceBackend } from 'wgctrl'
import { failure, firstPeer } from '../contract/bench.js'
import { uniqueName } from '../contract/harness.js'
import { isolate } from '../contract/harnesses/isolation.js'
import { keyPair, peersWithNetworks } from '../contract/samples.js'
import { expectNothingLeft } from './leftovers.js'

beforeEach(isolate)

const run = promisify(execFile)

/** A wireguard-go that does nothing any more, and what is said of it by ps(1). */
async function newHungDevice(wg: UserspaceBackend): Promise<string> {
  const name = uniqueName()
  await wg.create(name)
  await wg.configure(name, { privateKey: keyPair(1).privateKey })
  const { stdout } = await run('ps', ['-eo', 'pid=,args='])
  const line = stdout.split('\n').find((each) => each.endsWith(`wireguard-go ${name}`))
  const pid = Number(line?.trim().split(' ')[0])
  process.kill(pid, 'SIGSTOP')
  onTestFinished(async () => {
    process.kill(pid, 'SIGKILL')
    await rm(`/var/run/wireguard/${name}.sock`, { force: true })
  })
  await vi.waitFor(async () => {
    expect((await run('ps', ['-o', 'stat=', '-p', String(pid)])).stdout).toMatch(/^T/)
  }, 10_000)
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
