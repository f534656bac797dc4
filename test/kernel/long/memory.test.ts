import { onTestFinished } from 'vitest'
import { ip, isolate } from '../../contract/harnesses/isolation.js'
import { remainsOf } from '../../secrets/done-process.js'
import { memorySuite } from '../../secrets/memory-suite.js'

memorySuite('the keys of a kernel device', async (leak) => {
  await isolate()
  onTestFinished(async () => void (await ip('link', 'delete', 'wg0')))
  return remainsOf('linux-kernel', leak)
})
