import { it } from 'vitest'
import { isolate } from '../contract/harnesses/isolation.js'
import { expectNothingLeft } from './leftovers.js'
import { expectClockToMatterNot, ownClock } from './stepped-clock.js'

it('a clock that steps by an hour, there and back: limits, rates and idle peers go by another', async () => {
  await isolate()
  await expectNothingLeft()
  await expectClockToMatterNot('userspace', ownClock())
})
