import { inspect } from 'node:util'
import { describe, expect, it, vi } from 'vitest'
import {
  AbortError,
  closed,
  InvalidRangeError,
  InvalidTypeError,
  inContext,
  invalid,
  unsupported,
  WireGuardError,
} from './errors.js'

const all = {
  code: 'EPROTO',
  operation: 'device',
  device: 'wg0',
  backend: 'userspace',
  path: 'peers[0]',
  feature: 'mtu',
  errno: 71,
  extendedAck: { message: 'bad', offset: 4 },
  offset: 0,
  line: 1,
  appliedPeers: 0,
  lostPort: 51820,
  cause: new Error('below'),
}

describe('WireGuardError', () => {
  it('carries what it was given, zeros included, and nothing else', () => {
    expect(new WireGuardError('text', all)).toMatchObject({ ...all, message: 'text' })
    const bare = new WireGuardError('text', { code: 'ENODEV', device: undefined })
    expect(Object.keys(bare).sort()).toEqual(['code', 'message', 'name'])
    expect('cause' in bare).toBe(false)
  })

  it('is an Error with its own name', () => {
    const error = new WireGuardError('text', { code: 'ENODEV' })
    expect(error).toBeInstanceOf(Error)
    expect(error.stack).toMatch(/^WireGuardError: text\n/)
    expect(String(error)).toBe('WireGuardError: text')
  })

  it.each([
    ['TypeError', new InvalidTypeError('a.b', 'no'), TypeError],
    ['RangeError', new InvalidRangeError('a.b', 'no'), RangeError],
    ['WireGuardError', invalid('a.b', 'no'), WireGuardError],
  ])('is also the %s of bad input', (_, error, kind) => {
    expect(error).toBeInstanceOf(kind)
    expect(error).toBeInstanceOf(WireGuardError)
    expect(error).toMatchObject({ code: 'EINVAL', path: 'a.b', message: 'a.b: no' })
  })

  it('says what was closed', () => {
    expect(closed('client')).toMatchObject({ code: 'ECLOSED', message: 'the client was closed' })
  })

  it('names the missing feature', () => {
    expect(unsupported('mtu', 'no')).toMatchObject({ code: 'EUNSUPPORTED', feature: 'mtu' })
  })

  it.each([[null], [undefined], [1], ['EINVAL'], [{}], [new Error('x')], [new TypeError('x')]])(
    'is not %o',
    (value) => {
      expect((value as unknown) instanceof WireGuardError).toBe(false)
    },
  )

  it('is not an aborted call', () => {
    expect((new AbortError() as unknown) instanceof WireGuardError).toBe(false)
  })

  it('leaves instanceof of its subclasses alone', () => {
    class Special extends WireGuardError {}
    expect(new Special('x', { code: 'E' })).toBeInstanceOf(WireGuardError)
    expect(new Special('x', { code: 'E' })).toBeInstanceOf(Special)
    expect(new WireGuardError('x', { code: 'E' })).not.toBeInstanceOf(Special)
  })

  it('is known to another copy of this package', async () => {
    vi.resetModules()
    const copy = await import('./errors.js')
    expect(copy.WireGuardError).not.toBe(WireGuardError)
    for (const error of [invalid('a', 'b'), new InvalidTypeError('a', 'b')]) {
      expect(error).toBeInstanceOf(copy.WireGuardError)
    }
    expect(copy.invalid('a', 'b')).toBeInstanceOf(WireGuardError)
  })

  it('hides its brand', () => {
    expect(inspect(invalid('a', 'b'))).not.toContain('wgctrl.error')
  })
})

describe('an error as data', () => {
  const deep = inContext(Object.assign(new Error('refused'), { code: 'EIO', syscall: 'x' }), {
    operation: 'up',
    device: 'wg0',
  }) as WireGuardError
  const errors = {
    mistake: invalid('peers[0].endpoint', 'no port'),
    type: new InvalidTypeError('dns', 'must be an object'),
    range: new InvalidRangeError('mtu', 'too large'),
    abort: new AbortError('why'),
    deep,
  }

  it.each(Object.entries(errors))('%s: has all of it, however it is copied', (_, error) => {
    const { name, message, code } = error
    const path = 'path' in error ? { path: error.path } : {}
    const data = { name, message, code, ...path }
    const copies = [{ ...error }, Object.assign({}, error), error.toJSON()]
    for (const copy of [
      ...copies,
      structuredClone(error.toJSON()),
      JSON.parse(JSON.stringify(error)),
    ]) {
      expect(copy).toMatchObject(data)
    }
  })

  it('has the errors below it', () => {
    const cause = { name: 'Error', message: 'refused', code: 'EIO' }
    expect(structuredClone(deep.toJSON())).toMatchObject({ device: 'wg0', code: 'EIO', cause })
    const failures = Object.assign(invalid('a', 'b'), { failures: [errors.range] })
    expect(failures.toJSON()).toMatchObject({ failures: [{ name: 'RangeError', path: 'mtu' }] })
  })

  it('does not show its message twice', () => {
    expect(inspect(errors.type).split('must be an object')).toHaveLength(2)
  })
})

describe('AbortError', () => {
  it('has the name and code of Node', () => {
    expect(new AbortError()).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR' })
    expect('cause' in new AbortError()).toBe(false)
    expect(new AbortError('why').cause).toBe('why')
  })
})

describe('inContext', () => {
  const context = { operation: 'configure', device: 'wg0', backend: 'userspace' }
  const system = (details: object): Error => Object.assign(new Error('connect failed'), details)

  it('says where an error of ours happened', () => {
    const inner = new WireGuardError('no such device', { code: 'ENODEV', errno: 19, line: 0 })
    const outer = inContext(inner, { ...context, appliedPeers: 3 })
    expect(outer).toBeInstanceOf(WireGuardError)
    expect(outer).toMatchObject({
      ...context,
      code: 'ENODEV',
      errno: 19,
      line: 0,
      appliedPeers: 3,
      message: 'configure wg0: no such device',
      cause: inner,
    })
  })

  it('leaves an error that knows where it happened', () => {
    const error = inContext(new WireGuardError('x', { code: 'E' }), { operation: 'list' })
    expect(inContext(error, context)).toBe(error)
    expect(error).toMatchObject({ operation: 'list', message: 'list: x' })
  })

  it.each([
    ['ENOENT', -2, 'ENOENT', 2],
    ['EACCES', -13, 'EPERM', 13],
    ['ECONNREFUSED', -111, 'ECONNREFUSED', 111],
    ['ENOTFOUND', undefined, 'ENOTFOUND', undefined],
  ])('turns the system error %s into one of ours', (code, errno, expected, number) => {
    const below = system({ code, syscall: 'connect', ...(errno && { errno }) })
    const error = inContext(below, context) as WireGuardError
    expect(error).toBeInstanceOf(WireGuardError)
    expect(error).toMatchObject({ ...context, code: expected, cause: below })
    expect(error.errno).toBe(number)
  })

  it.each([
    ['a mistake of type', new InvalidTypeError('a', 'b')],
    ['a mistake of range', new InvalidRangeError('a', 'b')],
    ['an abort', new AbortError()],
    ['a bug', new TypeError('x is not a function')],
    ['a code without a system call', system({ code: 'ERR_SOMETHING' })],
    ['no error at all', 'text'],
    ['undefined', undefined],
  ])('passes %s unchanged', (_, error) => {
    expect(inContext(error, context)).toBe(error)
  })
})
