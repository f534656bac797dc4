import { readFileSync } from 'node:fs'
import { answer, attr, fakeTransport, message, s32, text, u8, u16 } from '@wgctrl/netlink/testing'
import { describe, expect, it } from 'vitest'
import { EXAMPLE } from '../example.fixture.js'
import { readSpec } from '../spec/read-spec.js'
import { generate } from './generate.js'
import { Example, type GetItDoReply, NAME_LEN } from './made.fixture.js'

/** What was made of the spec of the tests, which the package's types are checked with. */
const made = new URL('made.fixture.ts', import.meta.url)

describe('generate', () => {
  it('makes the module that stands here, and compiles', () => {
    const module = generate(readSpec(EXAMPLE), 'example.yaml')
    expect(module).toBe(readFileSync(made, 'utf8'))
  })

  it('has types, documentation, constants and a method for each operation', () => {
    const module = generate(readSpec(EXAMPLE), 'example.yaml')
    for (const part of [
      '/** All of it. */\nexport interface Main {\n  /** What it is called. */\n  name?: string | undefined\n',
      "  /** Not even. */\n  | 'odd'\n",
      '  kind?: Kind | number | undefined\n',
      '  kinds?: readonly (Kind | number)[] | undefined\n',
      '  field?: { value: readonly (Bits | number)[]; selector: readonly (Bits | number)[] } | undefined\n',
      '  twice?: readonly Part[] | undefined\n',
      '  deep?: { outerId: number; innerId: number } & Part | undefined\n',
      '  data?: (Inner & Part) | Inner | Uint8Array | undefined\n',
      '  /** Sets one. */\n  async setIt(request: SetItDoRequest = {}, options?: DoOptions): Promise<void> {\n',
    ]) {
      expect(module).toContain(part)
    }
    expect(NAME_LEN).toBe(8)
  })

  it('makes calls that go through the same codec', async () => {
    const transport = fakeTransport((request) => [
      message(20, 0, request.readUInt32LE(8), u8(2), u8(9), u16(0), s32(1), attr(1, text('a'))),
      answer(request, 0),
    ])
    const example = await Example.open({ openTransport: () => transport })
    const reply: GetItDoReply | undefined = await example.getIt({ exFamily: 2, name: 'a' })
    expect(reply).toEqual({ exFamily: 2, exKind: 'odd', headerName: 1, name: 'a' })
    await expect(example.setIt({ level: 1000 })).rejects.toMatchObject({ path: 'set-it.level' })
    await example.close()
    expect(transport.closed).toBe(true)
  })

  it('keeps names apart that would be the same, and those of the language', () => {
    const module = generate(readSpec(CLASHES), 'clashes.yaml')
    for (const part of [
      'export interface MapSet {',
      'export interface SameSet {',
      'export type Same =',
      'export class Clashes {',
      '  async closeOperation(',
      "  '2nd'?: number | undefined\n",
      '/** Ends * / here. */',
    ]) {
      expect(module).toContain(part)
    }
  })
})

const CLASHES = `
name: clashes
definitions:
  - { name: same, type: enum, entries: [ a ] }
attribute-sets:
  - { name: map, attributes: [ { name: 2nd, type: u32 } ] }
  - { name: same, doc: Ends */ here., attributes: [ { name: a, type: u32, enum: same } ] }
operations:
  list:
    - { name: close, doc: One., attribute-set: same, do: { request: { attributes: [ a ] } } }
`
