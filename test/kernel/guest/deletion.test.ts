import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Bench } from '../../contract/bench.js'
import { kernel } from '../../contract/harnesses/kernel.js'
import { peerKey } from '../../contract/samples.js'

const bench = new Bench(kernel)
beforeAll(() => bench.setup())
afterAll(() => bench.teardown())

// The reason why the backend ends its own reads of a device before it deletes it.
it('the kernel deletes a device only when the last dump of it has ended', async () => {
  const peers = Array.from({ length: 1000 }, (_, index) => ({ publicKey: peerKey(index) }))
  const name = await bench.newDevice({ peers })
  const stream = bench.wg.peers(name)
  await stream.next()
  const deletion = spawn('ip', ['link', 'delete', name], { stdio: 'inherit' })
  const ended = once(deletion, 'exit')
  // Without a dump it takes less than half a second.
  await Promise.race([ended, sleep(5000)])
  expect(deletion.exitCode).toBe(null)
  await stream.return?.()
  expect(await ended).toEqual([0, null])
})
