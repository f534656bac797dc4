import { describe, expect, it } from 'vitest'
import { checkFields, type Fields } from './known-fields.js'

const fields: Fields = { dns: { servers: true, search: true }, listenPort: true, mtu: true }

describe('checkFields', () => {
  it('takes what is known, absent objects, and values of any kind', () => {
    for (const dns of [undefined, null, {}, { servers: [], search: 1 }]) {
      checkFields({ dns, listenPort: {} }, 'config', fields)
    }
    checkFields(Object.create(null), 'config', fields)
  })

  it.each([
    [{ adresses: 1 }, 'adresses', 'no such field; known are dns, listenPort, mtu'],
    [{ listenport: 1 }, 'listenport', 'is listenPort meant?'],
    [{ listenProt: 1 }, 'listenProt', 'is listenPort meant?'],
    [{ dns: { server: 1 } }, 'dns.server', 'is servers meant?'],
    [{ dns: { nameservers: 1 } }, 'dns.nameservers', 'known are servers, search'],
    [{ dns: ['10.0.0.53'] }, 'dns', 'must be an object with servers, search'],
    [{ dns: 'x' }, 'dns', 'must be an object with'],
    [{ constructor: 1 }, 'constructor', 'no such field'],
    [JSON.parse('{"__proto__":{"mtu":1}}'), '__proto__', 'no such field'],
    [Object.create({ hidden: 1 }), 'hidden', 'no such field'],
    [{ receivedBytes: 1 }, 'receivedBytes', 'can be read, not set'],
    [{ [Buffer.alloc(32, 7).toString('base64')]: 1 }, '(hidden)', 'no such field'],
  ])('refuses %j', (value, path, problem) => {
    const refusal = {
      name: 'TypeError',
      code: 'EINVAL',
      path,
      message: expect.stringContaining(problem),
    }
    expect(() => checkFields(value, 'config', fields, '')).toThrow(expect.objectContaining(refusal))
  })

  it('checks what the table says of a value', () => {
    const of: Fields = { onStep: 'function', dryRun: 'boolean', dialect: ['wg', 'wg-quick'] }
    const check = (value: object) => () => checkFields(value, 'options', of)
    check({ onStep: () => {}, dryRun: false, dialect: 'wg' })()
    check({ onStep: undefined, dryRun: undefined, dialect: undefined })()
    for (const onStep of [null, 'x', {}]) {
      expect(check({ onStep })).toThrow('options.onStep: must be a function')
    }
    for (const dryRun of [null, 0, 'false']) {
      expect(check({ dryRun })).toThrow('options.dryRun: must be true or false')
    }
    for (const dialect of [null, 'WG', ['wg'], 'constructor']) {
      expect(check({ dialect })).toThrow("options.dialect: must be 'wg' or 'wg-quick'")
    }
  })

  it.each([undefined, null, 1, 'text', []])('refuses %j for an object', (value) => {
    expect(() => checkFields(value, 'options', fields)).toThrow(
      'options: must be an object with dns',
    )
  })
})
