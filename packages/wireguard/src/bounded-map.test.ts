import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BoundedMap } from './bounded-map.js'

type Step = ['set' | 'put' | 'delete', number] | ['shift' | 'clear']

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constantFrom('set', 'put', 'delete'), fc.nat(9)) },
  { weight: 3, arbitrary: fc.constant<Step>(['shift']) },
  { weight: 1, arbitrary: fc.constant<Step>(['clear']) },
) as fc.Arbitrary<Step>

describe('BoundedMap', () => {
  it('behaves as a list of entries would, oldest first', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const map = new BoundedMap<number, number>(4)
        let model: [number, number][] = []
        steps.forEach(([action, key = 0], value) => {
          const found = model.find(([one]) => one === key)
          if (action === 'set') {
            map.set(key, value)
            model = [...model.filter(([one]) => one !== key), [key, value]]
          } else if (action === 'put') {
            map.put(key, value)
            if (found) found[1] = value
            else model.push([key, value])
          } else if (action === 'delete') {
            expect(map.delete(key)).toBe(found !== undefined)
            model = model.filter(([one]) => one !== key)
          } else if (action === 'clear') {
            map.clear()
            model = []
          } else expect(map.shift()).toBe(model.shift()?.[1])
          if (model.length > 4) model.shift()
          expect([...map.keys()].map((one) => [one, map.get(one)])).toEqual(model)
          expect([map.size, map.has(key)]).toEqual([
            model.length,
            model.some(([one]) => one === key),
          ])
        })
      }),
    )
  })
})
