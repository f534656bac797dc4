import { it } from 'vitest'
import { isolate } from '../../contract/harnesses/isolation.js'
import { expectClockToMatterNot, machineClock, ownClock } from '../../faults/stepped-clock.js'

it('a clock that steps by an hour, there and back: limits, rates and idle peers go by another', async () => {
  await isolate()
  // The clock of the host is everybody's.
  const isMachine = process.env['WGCTRL_KERNEL'] !== 'host'
  await expectClockToMatterNot('linux-kernel', isMachine ? machineClock : ownClock())
})
