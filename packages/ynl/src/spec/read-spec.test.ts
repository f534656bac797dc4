import { WireGuardError } from '@wgctrl/types'
import { describe, expect, it } from 'vitest'
import { EXAMPLE } from '../example.fixture.js'
import { readSpec } from './read-spec.js'
import { SpecError } from './spec-error.js'

const spec = readSpec(EXAMPLE, 'example.yaml')

const attribute = (set: string, name: string) =>
  spec.attributeSets
    .find((each) => each.name === set)
    ?.attributes.find((each) => each.name === name)

const operation = (name: string) => spec.operations.find((each) => each.name === name)

describe('readSpec', () => {
  it('reads the family', () => {
    expect(spec).toMatchObject({
      name: 'example',
      protocol: 'netlink-raw',
      protocolNumber: 0,
      doc: 'A family for tests.',
      groups: [{ name: 'ex-link', value: 1 }, { name: 'nameless' }],
    })
    const generic = readSpec(GENERIC)
    expect(generic).toMatchObject({ name: 'small', protocol: 'genetlink', groups: [] })
    expect(generic.protocolNumber).toBeUndefined()
  })

  it('numbers the entries of enums and flags from where they start', () => {
    const entries = (name: string) => {
      const found = spec.definitions.find((each) => each.name === name)
      return found && 'entries' in found
        ? found.entries.map((each) => [each.name, each.value])
        : undefined
    }
    expect(entries('kind')).toEqual([
      ['plain', 5],
      ['odd', 9],
      ['last', 10],
    ])
    expect(entries('bits')).toEqual([
      ['up', 0],
      ['down', 1],
      ['far', 8],
    ])
  })

  it('numbers attributes from 1, and behind one that says its number', () => {
    expect(attribute('main', 'unspec')?.value).toBe(0)
    expect(attribute('main', 'name')?.value).toBe(1)
    expect(attribute('main', 'form')?.value).toBe(40)
    expect(attribute('main', 'data')?.value).toBe(41)
  })

  it('has a subset inherit number and form, but for what it says itself', () => {
    expect(attribute('part', 'name')).toEqual(attribute('main', 'name'))
    expect(attribute('part', 'level')).toEqual({
      name: 'level',
      value: 2,
      type: 'u8',
      checks: { min: -3, max: 100 },
    })
  })

  it('puts numbers in the place of constants and limits in checks', () => {
    expect(attribute('main', 'name')?.checks).toEqual({ maxLength: 7 })
    expect(attribute('main', 'limited')?.checks).toEqual({ max: 0xffff })
  })

  it('believes no constant whose value is in a header of the kernel', () => {
    expect(attribute('main', 'paged')?.checks).toEqual({})
  })

  it('counts requests and replies apart where they are directional', () => {
    expect(operation('get-it')).toMatchObject({ request: 22, reply: 20, fixedHeader: 'header' })
    expect(operation('set-it')).toMatchObject({ request: 23, isPrivileged: true })
    expect(operation('set-it')?.reply).toBeUndefined()
    expect(operation('set-it')?.do?.reply).toBeUndefined()
  })

  it('counts all messages together where they are not', () => {
    const numbers = readSpec(GENERIC).operations.map((each) => [each.request, each.reply])
    expect(numbers).toEqual([
      [1, 1],
      [undefined, 7],
      [8, 8],
    ])
  })

  it('gives a notification the set, the header and the reply of its operation, wherever that stands', () => {
    expect(operation('set-ntf')).toMatchObject({
      reply: 20,
      attributeSet: 'main',
      fixedHeader: 'header',
      notification: { attributes: ['name', 'level'] },
    })
    expect(operation('set-ntf')?.request).toBeUndefined()
    expect(readSpec(GENERIC).operations[1]).toMatchObject({
      notification: { attributes: ['a'] },
      group: 'news',
    })
  })

  it('leaves out names of attributes that the set does not have', () => {
    expect(operation('get-it')?.dump).toEqual({
      request: { attributes: [] },
      reply: { attributes: ['name', 'level'] },
    })
  })
})

const GENERIC = `
name: small
attribute-sets:
  - { name: all, attributes: [ { name: a, type: u32 } ] }
operations:
  list:
    - { name: first, doc: One., attribute-set: all, do: { request: { attributes: [ a ] } } }
    - { name: heard, doc: Two., notify: later, value: 7, mcgrp: news }
    - { name: later, doc: Three., attribute-set: all, do: { reply: { attributes: [ a ] } } }
`

describe('readSpec, of what is no spec', () => {
  const fault = (text: string) => {
    try {
      readSpec(text, 'bad.yaml')
    } catch (error) {
      expect(error).toBeInstanceOf(SpecError)
      expect(error).toBeInstanceOf(WireGuardError)
      const { code, file, line, path, message } = error as SpecError
      expect({ code, file }).toEqual({ code: 'EINVAL', file: 'bad.yaml' })
      return { line, path, message }
    }
    throw new Error('it was read')
  }
  const changed = (from: string, to: string) => {
    expect(EXAMPLE).toContain(from)
    return fault(EXAMPLE.replace(from, to))
  }
  const lineOf = (text: string) => EXAMPLE.slice(0, EXAMPLE.indexOf(text)).split('\n').length

  it('names file, line and column of what is no YAML', () => {
    expect(fault('name: [\nnext: }').message).toMatch(/^bad\.yaml:2:1: /)
  })

  it('names file, line and path of what is missing or of another type', () => {
    expect(fault('just text')).toMatchObject({ line: 1, message: /must be a mapping/ })
    expect(fault('protocol: genetlink')).toMatchObject({ message: /name is missing/ })
    expect(changed('{ name: present, type: flag }', '{ name: present }')).toEqual({
      line: lineOf('{ name: present'),
      path: 'attribute-sets[0].attributes[11]',
      message: expect.stringMatching(/^bad\.yaml:\d+:9: attribute-sets\[0\].*: type is missing$/),
    })
    expect(changed('type: s8', 'type: s9')).toMatchObject({
      path: 'attribute-sets[0].attributes[2].type',
      message: /must be one of u8, .*, not s9/,
    })
    expect(changed('len: 2', 'len: many')).toMatchObject({ message: /no constant many/ })
    expect(changed('value: 40', 'value: -1')).toMatchObject({ message: /whole number from 0/ })
    expect(changed('multi-attr: true', 'multi-attr: 1')).toMatchObject({ message: /true or false/ })
  })

  it.each([
    ['enum: kind }', 'enum: nothing }', /there is no enum nothing/],
    ['struct: inner }', 'struct: nothing }', /there is no struct nothing/],
    ['nested-attributes: stats', 'nested-attributes: nothing', /there is no set nothing/],
    ['subset-of: main', 'subset-of: nothing', /there is no set nothing/],
    ['subset-of: main', 'subset-of: part', /subset of itself/],
    ['- { name: level, type: u8 }', '- name: nothing', /main has no attribute nothing/],
    ['sub-message: data, selector', 'sub-message: nothing, selector', /no sub-message nothing/],
    ['selector: form', 'selector: nothing', /no set has the selector nothing/],
    ['selector: form', 'doc: None.', /selector is missing/],
    ['fixed-header: inner', 'fixed-header: nothing', /there is no struct nothing/],
    ['fixed-header: header', 'fixed-header: nothing', /there is no struct nothing/],
    ['attribute-set: main', 'attribute-set: nothing', /there is no set nothing/],
    ['notify: get-it', 'notify: nothing', /there is no operation nothing/],
    ['name: set-it', 'name: get-it', /get-it is there twice/],
    ['name: page-size', 'name: header', /header is defined twice/],
    ['name: part', 'name: stats', /a set of this name/],
    ['name: wide', 'name: port', /port is there twice/],
    ['value: 40', 'value: 3', /its number 3 is that of port/],
    ['value: 40', 'value: 70000', /its number 70000 is above 16383/],
    ['sub-type: u32 }', 'doc: None. }', /sub-type is missing/],
    ['len: 6, ', '', /len is missing/],
    ['protonum: 0', 'version: 1', /protonum is missing/],
  ])('refuses %s where it is %s', (from, to, message) => {
    expect(changed(from, to)).toMatchObject({ message, line: expect.any(Number) })
  })
})
