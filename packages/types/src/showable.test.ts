import { describe, expect, it } from 'vitest'
import { parseCidr } from './address.js'
import { parseEndpoint } from './endpoint.js'
import { inContext, invalid } from './errors.js'
import { checkInterfaceName } from './interface-name.js'
import { quoted } from './showable.js'

const key = 'cN6oF8hYX8+camLMGdzEBq79GpS3MWLybC7OzYGJznk='

describe('quoted', () => {
  it.each([
    ['wg0', '"wg0"'],
    [key, '"(hidden)"'],
    [`--${key}--`, '"--(hidden)--"'],
    [Buffer.from(key, 'base64').toString('hex'), '"(hidden)"'],
    ['a\nb', '"a\\nb"'],
    ['ä'.repeat(100), `"${'ä'.repeat(79)}…"`],
    [7, '7'],
    [undefined, 'undefined'],
  ])('shows %j as %s', (text, expected) => {
    expect(quoted(text)).toBe(expected)
  })
})

describe('an error does not repeat a key that was given for', () => {
  it.each<[string, () => unknown]>([
    ['a name', () => checkInterfaceName(key)],
    ['an endpoint', () => parseEndpoint(key)],
    ['an address', () => parseEndpoint({ address: key, port: 1, family: 4 })],
    ['a host', () => parseEndpoint(`${key}:1`)],
    ['a network', () => parseCidr(key)],
    ['a network with a prefix', () => parseCidr(`10.0.0.0/${key}`)],
  ])('%s', (_, give) => {
    expect(give).toThrow(/\(hidden\)/)
    expect(give).not.toThrow(key.slice(0, 20))
  })
})

describe('the context of an error', () => {
  it('names a device, and no key that was given for its name', () => {
    const named = inContext(invalid('x', 'y'), { operation: 'device', device: 'wg0' })
    expect(named).toMatchObject({ device: 'wg0', message: 'device wg0: x: y' })
    const hidden = inContext(invalid('x', 'y'), { operation: 'device', device: key })
    expect(hidden).toMatchObject({ device: '(hidden)', message: 'device (hidden): x: y' })
  })

  it('bears what is no name', () => {
    for (const device of [7, null, {}]) {
      const error = inContext(invalid('x', 'y'), { operation: 'device', device: device as never })
      expect(error).toMatchObject({ operation: 'device' })
    }
  })
})
