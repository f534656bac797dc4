import { KernelBackend } from '@wgctrl/netlink'
import { expect, it, onTestFinished } from 'vitest'
import { uniqueName } from '../../contract/harness.js'
import { isolate } from '../../contract/harnesses/isolation.js'
import { writeByTwo } from '../../faults/two-writers.js'

it('two processes write one device for a minute: every write is whole and none is lost', async () => {
  await isolate()
  await using backend = new KernelBackend()
  const name = uniqueName()
  await backend.create(name)
  onTestFinished(async () => {
    await using another = new KernelBackend()
    await another.delete(name)
  })
  const written = await writeByTwo(name, 'linux-kernel', 60, () => backend.device(name))
  const rounds = written.map(({ round }) => round)
  console.log(`rounds: ${rounds}, torn reads: ${written.map(({ torn }) => torn)}`)
  // A read that was torn ten times in a row is EINTR; it stays the exception.
  for (const { round, torn } of written) expect(torn).toBeLessThan(round / 2)
})
