import { expect, it, onTestFinished } from 'vitest'
import { UserspaceBackend } from 'wgctrl'
import { uniqueName } from '../contract/harness.js'
import { isolate } from '../contract/harnesses/isolation.js'
import { expectNothingLeft } from './leftovers.js'
import { writeByTwo } from './two-writers.js'

/** The tier `turns` has more. */
const SECONDS = Number(process.env.WGCTRL_WRITERS_SECONDS ?? 20)

it('two processes write one device at once: every write is whole and none is lost', async () => {
  await isolate()
  await expectNothingLeft()
  const wg = new UserspaceBackend()
  const name = uniqueName()
  await wg.create(name)
  onTestFinished(() => wg.delete(name))
  const written = await writeByTwo(name, 'userspace', SECONDS, () => wg.device(name))
  // Over UAPI a read is of one moment.
  expect(written.map(({ torn }) => torn)).toEqual([0, 0])
})
