import { inContext, WireGuardError } from '@wgctrl/types'
import { expect, it } from 'vitest'
import { errorText, fileErrorText } from './error-text.js'

const refused = Object.assign(new Error('connect EACCES /run/wg0.sock'), {
  code: 'EACCES',
  errno: -13,
  syscall: 'connect',
})

it('an error is told with its device, and without the call of the library', () => {
  const gone = new WireGuardError('no such device', { code: 'ENODEV' })
  expect(errorText(inContext(gone, { operation: 'device', device: 'wg0' }))).toBe(
    'wg0: no such device',
  )
  const named = new WireGuardError('there is no wg0', { code: 'ENODEV' })
  expect(errorText(inContext(named, { operation: 'down', device: 'wg0' }))).toBe('there is no wg0')
  expect(errorText(new Error('of another kind'))).toBe('of another kind')
  expect(errorText('no error at all')).toBe('no error at all')
})

it('one of rights says what to do', () => {
  expect(errorText(inContext(refused, { operation: 'device', device: 'wg1' }))).toBe(
    'wg1: connect EACCES /run/wg0.sock: run as root, or as the user that it belongs to',
  )
})

it('a file is named once', () => {
  expect(fileErrorText('/run/wg0.sock', refused)).toBe('connect EACCES /run/wg0.sock')
  expect(fileErrorText('/a.conf', new Error('line 1'))).toBe('/a.conf: line 1')
})
