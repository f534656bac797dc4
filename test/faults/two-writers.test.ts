import { expect, it, onTestFinished } from 'vitest'
import { UserspaceBackend } from 'wgctrl'
import { uniqueName } from '../contract/harness.js'
import { isolate } from '../contract/harnesses/isolation.js'
import { expectNothingLeft } from './leftovers.js'
import { writeByTwo } from './two-writers.js'

it('two processes write one device for a minute: every write is whole and none is lost', async () => {
  await isolate()
  await expectNothingLeft()
  const wg = new UserspaceBackend()
  const name = uniqueName()
  await wg.create(name)
  onTestFinished(() => wg.delete(name))
  const written = await writeByTwo(name, 'userspace', 60, () => wg.device(name))
  // Over UAPI a read is of one moment.
  expect(written.map(({ torn }) => torn)).toEqual([0, 0])
})
