import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { beforeAll, expect, it, onTestFinished, vi } from 'vitest'
import { UserspaceBackend } from 'wgctrl'
import { uniqueName } from '../contract/harness.js'
import { ip, isolate } from '../contract/harnesses/isolation.js'

const ROUNDS = 10

const program = fileURLToPath(new URL('maker.mjs', import.meta.url))

beforeAll(isolate)

/** Somebody who makes a device at a moment. */
interface Maker {
  make(name: string, at: number): Promise<string>
}

async function newProcess(daemon: string): Promise<Maker> {
  const child = fork(program, [daemon], { stdio: 'inherit' })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child, 'message')
  return {
    make: async (name, at) => {
      child.send({ name, at })
      return (await once(child, 'message'))[0]
    },
  }
}

async function newThread(daemon: string): Promise<Maker> {
  const worker = new Worker(program, { workerData: daemon })
  onTestFinished(async () => void (await worker.terminate()))
  await once(worker, 'message')
  return {
    make: async (name, at) => {
      worker.postMessage({ name, at })
      return (await once(worker, 'message'))[0]
    },
  }
}

/** The processes that were started for a device, but zombies. */
async function daemonsOf(name: string): Promise<string[]> {
  const found: string[] = []
  for (const pid of (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    if (command.endsWith(`\0${name}\0`) && command.includes('wireguard-go')) found.push(pid)
  }
  return found
}

const inBackground = JSON.stringify(null)
const inForeground = JSON.stringify(['wireguard-go', '-f'])

it.each([
  ['two processes, with daemons that go to the background', newProcess, 2, inBackground],
  ['three processes, with daemons that stay', newProcess, 3, inForeground],
  ['two worker threads', newThread, 2, inBackground],
])(
  '%s make one device at the same moment: one has it, the other is told EEXIST',
  async (_, start, count, daemon) => {
    const makers = await Promise.all(Array.from({ length: count }, () => start(daemon)))
    const wg = new UserspaceBackend()
    for (let round = 0; round < ROUNDS; round++) {
      const name = uniqueName()
      const at = Date.now() + 50
      const outcomes = await Promise.all(makers.map((maker) => maker.make(name, at)))
      const losers = Array.from({ length: count - 1 }, () => 'EEXIST')
      expect(outcomes.sort(), `round ${round}`).toEqual([...losers, 'made'])
      await wg.configure(name, { firewallMark: round + 1 })
      expect((await wg.device(name)).firewallMark).toBe(round + 1)
      await ip('link', 'show', name)
      await vi.waitFor(async () => expect(await daemonsOf(name)).toHaveLength(1))
      await wg.delete(name)
    }
  },
)
