import { expect, it } from 'vitest'
import { Pauses } from './pauses.js'

it('waits twice as long each time, up to a bound, and as at first when it is reset', () => {
  const pauses = new Pauses()
  const middles = [100, 200, 400, 800, 1600, 3200, 5000, 5000]
  for (let round = 0; round < 2; round++) {
    for (const middle of middles) {
      const pause = pauses.take()
      expect(pause).toBeGreaterThanOrEqual(middle / 2)
      expect(pause).toBeLessThanOrEqual(middle * 1.5)
    }
    pauses.reset()
  }
})
