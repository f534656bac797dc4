import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { KernelBackend } from '@wgctrl/netlink'
import { expect, it, onTestFinished } from 'vitest'
import { type Bench, failure } from '../../contract/bench.js'
import { uniqueName } from '../../contract/harness.js'
import { peerKey } from '../../contract/samples.js'
import { stopProcess } from '../../stopped-process.js'

const program = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const peers = Array.from({ length: 1000 }, (_, index) => ({ publicKey: peerKey(index) }))

/** Another process holds a dump of the device, and neither reads on nor looks whether the device goes. */
async function heldDevice(bench: Bench): Promise<{ name: string; letGo(): Promise<void> }> {
  const name = await bench.newDevice({ peers })
  const holder = spawn(process.execPath, [program('holding.mjs'), name], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(holder, 'exit')
  await once(holder.stdout, 'data')
  await stopProcess(holder.pid)
  const letGo = async (): Promise<void> => {
    holder.kill('SIGKILL')
    await ended
  }
  onTestFinished(letGo)
  return { name, letGo }
}

/** How a device whose dump has stopped may be deleted: by what deleting.mjs calls it. */
const ways = {
  down: 'by `down`',
  renamed: 'under a new name',
  altname: 'by an alternative name',
  moved: 'in another namespace',
  rtnl: 'by `Rtnl`',
  commonjs: 'by the CommonJS copy',
  worker: 'beside a worker thread that holds it',
  other: 'by another program',
  closed: 'by another program, after the backend was closed',
  dropped: 'by another program, after its stream was dropped',
  pool: 'beside many others that are read meanwhile',
}

export type Way = keyof typeof ways

export const everyWay: Way[] = Object.keys(ways) as Way[]

/** What the kernel does, and the reason why reads end before a device is deleted. */
export function deletionOfKernel(bench: Bench): void {
  it('the kernel deletes a device only when the last dump of it has ended', async () => {
    const { name, letGo } = await heldDevice(bench)
    const deletion = spawn('ip', ['link', 'delete', name], { stdio: 'inherit' })
    const ended = once(deletion, 'exit')
    // Without a dump it takes less than half a second.
    await Promise.race([ended, sleep(2000)])
    expect(deletion.exitCode).toBe(null)
    await letGo()
    expect(await ended).toEqual([0, null])
  })
}

/** What we make of it. */
export function deletionThatWaits(bench: Bench): void {
  it('a deletion that has to wait ends in its time, and holds up no other call', async () => {
    const { name, letGo } = await heldDevice(bench)
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
}

/** A process that fails here cannot be killed any more, and ends with the machine. */
export function deletable(bench: Bench, chosen: readonly Way[]): void {
  it.each(chosen.map((way) => [ways[way], way]))(
    'a device whose reader has stopped in the midst can be deleted %s',
    async (_, way) => {
      const name = await bench.newDevice({ peers })
      const child = spawn(process.execPath, ['--expose-gc', program('deleting.mjs'), way, name], {
        stdio: 'inherit',
      })
      const ended = once(child, 'exit')
      expect(await Promise.race([ended, sleep(240_000, ['it hangs'])])).toEqual([0, null])
    },
  )
}
