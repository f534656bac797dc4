import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { KernelBackend } from '@wgctrl/netlink'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { Bench, failure } from '../../contract/bench.js'
import { uniqueName } from '../../contract/harness.js'
import { kernel } from '../../contract/harnesses/kernel.js'
import { peerKey } from '../../contract/samples.js'

const bench = new Bench(kernel)
beforeAll(() => bench.setup())
afterAll(() => bench.teardown())

const program = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const peers = Array.from({ length: 1000 }, (_, index) => ({ publicKey: peerKey(index) }))

/** Another process holds a dump of the device, and neither reads on nor looks whether the device goes. */
async function heldDevice(): Promise<{ name: string; letGo(): Promise<void> }> {
  const name = await bench.newDevice({ peers })
  const holder = spawn(process.execPath, [program('holding.mjs'), name], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(holder, 'exit')
  await once(holder.stdout, 'data')
  holder.kill('SIGSTOP')
  const letGo = async (): Promise<void> => {
    holder.kill('SIGKILL')
    await ended
  }
  onTestFinished(letGo)
  return { name, letGo }
}

// The reason why reads end before a device is deleted, and when it goes.
it('the kernel deletes a device only when the last dump of it has ended', async () => {
  const { name, letGo } = await heldDevice()
  const deletion = spawn('ip', ['link', 'delete', name], { stdio: 'inherit' })
  const ended = once(deletion, 'exit')
  // Without a dump it takes less than half a second.
  await Promise.race([ended, sleep(5000)])
  expect(deletion.exitCode).toBe(null)
  await letGo()
  expect(await ended).toEqual([0, null])
})

it('a deletion that has to wait ends in its time, and holds up no other call', async () => {
  const { name, letGo } = await heldDevice()
  await using wg = new KernelBackend()
  const deletion = failure(wg.delete(name, { timeout: 4000 }))
  const other = uniqueName()
  bench.removeAfterCase(other)
  await wg.create(other)
  expect(await wg.list()).toContain(other)
  await wg.delete(other)
  expect(await deletion).toMatchObject({ code: 'ETIMEDOUT' })
  // The kernel has taken the device off its list: it is gone for whoever asks.
  expect(await failure(wg.delete(name))).toMatchObject({ code: 'ENODEV' })
  await letGo()
  expect(await wg.list()).not.toContain(name)
})

// A process that fails here cannot be killed any more, and ends with the machine.
it.each([
  ['by `down`', 'down'],
  ['under a new name', 'renamed'],
  ['by an alternative name', 'altname'],
  ['in another namespace', 'moved'],
  ['by `Rtnl`', 'rtnl'],
  ['by the CommonJS copy', 'commonjs'],
  ['beside a worker thread that holds it', 'worker'],
  ['by another program', 'other'],
  ['by another program, after the backend was closed', 'closed'],
  ['by another program, after its stream was dropped', 'dropped'],
  ['beside many others that are read meanwhile', 'pool'],
])('a device whose reader has stopped in the midst can be deleted %s', async (_, way) => {
  const name = await bench.newDevice({ peers })
  const child = spawn(process.execPath, ['--expose-gc', program('deleting.mjs'), way, name], {
    stdio: 'inherit',
  })
  const ended = once(child, 'exit')
  expect(await Promise.race([ended, sleep(240_000, ['it hangs'])])).toEqual([0, null])
})
