import { constants } from 'node:os'
import { describe, expect, it } from 'vitest'
import { errnoName, errnoNumber } from './errno.js'

describe.runIf(process.platform === 'linux')('errno on Linux', () => {
  it.each([
    [1, 'EPERM'],
    [4, 'EINTR'],
    [11, 'EAGAIN'],
    [13, 'EACCES'],
    [17, 'EEXIST'],
    [19, 'ENODEV'],
    [22, 'EINVAL'],
    [71, 'EPROTO'],
    [90, 'EMSGSIZE'],
    [95, 'EOPNOTSUPP'],
    [98, 'EADDRINUSE'],
    [111, 'ECONNREFUSED'],
  ])('%i is %s, of either sign', (number, name) => {
    expect([errnoName(number), errnoName(-number)]).toEqual([name, name])
    expect(errnoNumber(name)).toBe(number)
  })
})

it('gives every name of the system its number back', () => {
  for (const name of Object.keys(constants.errno)) {
    expect(errnoNumber(errnoName(errnoNumber(name)))).toBe(errnoNumber(name))
  }
})

it.each([0, 9999, 1.5, Number.NaN])('does not know %d', (number) => {
  expect(errnoName(number)).toBe('EUNKNOWN')
})

it.each(['', 'EWHAT', 'toString'])('has no number for %j', (name) => {
  expect(errnoNumber(name)).toBe(0)
})
