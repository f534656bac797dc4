import { expect, it } from 'vitest'
import { Arrivals } from './arrivals.js'

it('lets those who are known in before others, each in the order in which they came', () => {
  const arrivals = new Arrivals<string>()
  arrivals.add('a stranger', false)
  for (const name of ['first', 'second', 'third']) arrivals.add(name, true)
  arrivals.add('another', false)
  expect(arrivals.take(2)).toEqual(['first', 'second'])
  arrivals.putBack(['second'])
  expect([arrivals.size, arrivals.take(3)]).toEqual([4, ['second', 'third', 'a stranger']])
  expect([arrivals.take(5), arrivals.size]).toEqual([['another'], 0])
})
