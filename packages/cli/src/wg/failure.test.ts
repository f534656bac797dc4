import { WireGuardError } from '@wgctrl/types'
import { expect, it } from 'vitest'
import { fakeIo } from '../testing.fixture.js'
import { adviceOf, CommandFailure, reasonOf, withFailures } from './failure.js'

it.each([
  [{ code: 'ENODEV', errno: 2 }, 'No such device'],
  [{ code: 'ENODEV' }, 'No such device'],
  [{ code: 'ECONNREFUSED', errno: 111 }, 'No such device'],
  [{ code: 'ENOTWIREGUARD', errno: 95 }, 'Operation not supported'],
  [{ code: 'EPERM', errno: 13 }, 'Permission denied'],
  [{ code: 'EPERM', errno: 1 }, 'Operation not permitted'],
  [{ code: 'EPERM' }, 'Operation not permitted'],
  [{ code: 'ENOBACKEND' }, 'Protocol not supported'],
  [{ code: 'EADDRINUSE', errno: 98 }, 'Address already in use'],
  [{ code: 'EINVAL' }, 'Invalid argument'],
  [{ code: 'ESTRANGE' }, 'its own words'],
])('%j is told as %s', (details, reason) => {
  expect(reasonOf(new WireGuardError('its own words', details))).toBe(reason)
})

it('advice is given by our own name alone', () => {
  const error = new WireGuardError('load the module', { code: 'ENOBACKEND' })
  expect(adviceOf(error, 'wgctrl')).toBe('load the module\n')
  expect(adviceOf(error, 'wg')).toBe('')
  expect(adviceOf(new WireGuardError('x', { code: 'ENODEV' }), 'wgctrl')).toBe('')
  const lost = new WireGuardError('it receives nothing', { code: 'EADDRINUSE', lostPort: 51820 })
  expect(adviceOf(lost, 'wgctrl')).toBe('it receives nothing\n')
})

it('a failure is told on standard error, a bug is not hidden', async () => {
  const io = fakeIo()
  const failing = async (): Promise<void> => {
    throw new CommandFailure('why')
  }
  expect(await withFailures(io, failing)).toBe(1)
  expect(io.written).toEqual({ out: '', err: 'why\n' })
  await expect(withFailures(io, () => Promise.reject(new TypeError('bug')))).rejects.toThrow('bug')
})
