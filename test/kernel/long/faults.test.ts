import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { KernelBackend, openNetlinkSocket } from '@wgctrl/netlink'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { uniqueName } from '../../contract/harness.js'
import { ip, isolate } from '../../contract/harnesses/isolation.js'
import { keyPair } from '../../contract/samples.js'
import { kernelFaults } from '../../faults/kernel-cases.js'

const OTHER = `faults${process.pid}`
const run = promisify(execFile)
const path = (name: string): string =>
  fileURLToPath(new URL(`../../faults/${name}`, import.meta.url))

beforeAll(async () => {
  await isolate()
  await ip('netns', 'add', OTHER)
})
// Devices that were moved there go with it.
afterAll(() => ip('netns', 'del', OTHER))

kernelFaults({
  open: (protocol) => openNetlinkSocket({ protocol }),
  deleteLink: async (name) => void (await ip('link', 'del', name)),
  renameLink: async (name, to) => void (await ip('link', 'set', name, 'down', 'name', to)),
  moveLink: async (name) => void (await ip('link', 'set', name, 'netns', OTHER)),
})

async function newDevice(): Promise<[KernelBackend, string]> {
  const backend = new KernelBackend()
  const name = uniqueName()
  await backend.create(name)
  return [backend, name]
}

it('a process without descriptors: EMFILE, the next call works, and it ends by itself', async () => {
  const [backend, name] = await newDevice()
  await backend.configure(name, { privateKey: keyPair(1).privateKey })
  const command = [process.execPath, path('exhausted.mjs'), 'linux-kernel', name]
  const { stdout } = await run('prlimit', ['--nofile=64', '--', ...command])
  const codes: string[] = JSON.parse(stdout)
  expect(codes).toEqual(['device', 'peers', 'configure'].map((call) => `EMFILE ${call} ${name}`))
  await backend.delete(name)
  await backend[Symbol.asyncDispose]()
})
