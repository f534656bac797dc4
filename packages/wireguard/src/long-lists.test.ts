import { runAtOnce, StepBudget } from '@wgctrl/types'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { setOf, sorted, without } from './long-lists.js'

describe('sorted', () => {
  const byFirst = ([one]: [number, number], [other]: [number, number]): number => one - other

  it('gives what sorting at once gives, those that are the same in their order', () => {
    const items = fc.array(fc.nat(50), { minLength: 900, maxLength: 4200, size: 'max' })
    fc.assert(
      fc.property(items, (numbers) => {
        const pairs = numbers.map((number, at): [number, number] => [number, at])
        expect(runAtOnce(sorted(pairs, byFirst))).toEqual(pairs.toSorted(byFirst))
      }),
      { numRuns: 30 },
    )
    expect(runAtOnce(sorted([], byFirst))).toEqual([])
  })

  it('compares no more in one step than for some thousands of items, however many there are', () => {
    const items = Array.from({ length: 50_000 }, (_, at) => (at * 7919) % 50_021)
    let [inStep, most] = [0, 0]
    const steps = sorted(items, (one, other) => {
      inStep++
      return one - other
    })
    while (!steps.next().done) {
      most = Math.max(most, inStep)
      inStep = 0
    }
    expect(most).toBeLessThan(20_000)
  })
})

describe('sets of long lists', () => {
  it('have what sets made at once have', () => {
    const budget = new StepBudget()
    expect(runAtOnce(setOf(['a', 'b', 'a'], budget))).toEqual(new Set(['a', 'b']))
    expect(runAtOnce(without(['c', 'a', 'b'], new Set(['a']), budget))).toEqual(['c', 'b'])
  })
})
