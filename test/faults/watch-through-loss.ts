import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Rtnl } from '@wgctrl/netlink'
import type { Backend } from '@wgctrl/types'
import { expect, onTestFinished, vi } from 'vitest'
import { uniqueName } from '../contract/harness.js'
import { stopProcess } from '../stopped-process.js'

const program = fileURLToPath(new URL('watch-listener.mjs', import.meta.url))
/** Milliseconds, for the slowest of machines. */
const WAIT = { timeout: 300_000, interval: 50 }

/** Each is told of in some kilobytes, of which a receive buffer of two megabytes holds no more than some hundred. */
export const CHANGES = 4000

/** Changes a link so often that a socket that nobody reads overruns. */
export async function storm(rtnl: Rtnl, name: string): Promise<void> {
  for (let n = 0; n < CHANGES; n++) await rtnl.changeLink(name, { mtu: 1300 + (n % 2) })
}

/** A watcher that is stopped while devices come and go, and more is told than its socket holds. */
export async function expectWatchToCatchUp(backend: Backend): Promise<void> {
  const { create, delete: remove } = backend
  if (!create || !remove) throw new Error('this backend makes no devices')
  const names = [uniqueName(), uniqueName(), uniqueName()] as const
  const [leaves, stays, comes] = names
  for (const name of names) onTestFinished(() => remove.call(backend, name).catch(() => {}))
  await create.call(backend, leaves)
  await create.call(backend, stays)
  await using rtnl = await Rtnl.open()
  const watcher = fork(program, [backend.kind], { stdio: 'inherit' })
  onTestFinished(() => void watcher.kill('SIGKILL'))
  const exited = once(watcher, 'exit')
  const told: string[] = []
  watcher.on('message', (event: { type: string; device: string }) => {
    told.push(`${event.type} ${event.device}`)
  })
  const hears = (...events: string[]): Promise<void> =>
    vi.waitFor(() => expect(told).toEqual(expect.arrayContaining(events)), WAIT)
  await hears(`device-added ${leaves}`, `device-added ${stays}`)
  await stopProcess(watcher.pid)
  await storm(rtnl, stays)
  await remove.call(backend, leaves)
  await create.call(backend, comes)
  watcher.kill('SIGCONT')
  await hears(`device-removed ${leaves}`, `device-added ${comes}`)
  await remove.call(backend, comes)
  await hears(`device-removed ${comes}`)
  watcher.send('end')
  expect(await exited).toEqual([0, null])
  // Its port may be told of by itself: a daemon binds it after its socket is there.
  const stayed = told.filter(
    (event) => event.endsWith(` ${stays}`) && !/^device-changed/.test(event),
  )
  expect(stayed).toEqual([`device-added ${stays}`])
}
