import fc from 'fast-check'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { genlRequest } from '../request.js'
import { nfgenmsg } from '../specs/nfnetlink.js'
import {
  expressionSets,
  nftChainAttributes,
  nftRuleAttributes,
  nftSetElementListAttributes,
} from '../specs/nftables.js'
import { ctrl } from '../specs/nlctrl.js'
import { addressAttributes, ifaddrmsg } from '../specs/rt-addr.js'
import { ifinfomsg, linkAttributes } from '../specs/rt-link.js'
import { routeAttributes, rtmsg } from '../specs/rt-route.js'
import { fibRuleHdr, ruleAttributes } from '../specs/rt-rule.js'
import { wgDevice, wgPeer } from '../specs/wireguard.js'
import { recordings } from '../vectors.fixture.js'
import { type AttributeSet, attributeSet, type Field, type Infer } from './attribute-set.js'
import { decode, locate, slotsFor, unknownAttributes } from './decode.js'
import { encode } from './encode.js'
import {
  be16,
  be32,
  be64,
  binary,
  flag,
  flags,
  indexedArray,
  multi,
  nest,
  OP,
  s32,
  s64,
  string,
  u8,
  u16,
  u32,
  u32Array,
  u64,
} from './field.js'
import { decodeStruct, encodeStruct, type Struct, struct } from './struct.js'
import { Writer } from './writer.js'

const inner = attributeSet('inner', { value: u8(1) })
const everything = attributeSet('everything', {
  a: u8(1),
  b: u16(2),
  c: u32(3),
  d: u64(4),
  e: s32(5),
  f: s64(6),
  g: be16(7),
  h: be32(8),
  i: be64(9),
  j: binary(10, { len: 3 }),
  k: string(11),
  l: flag(12),
  m: flags(13, { one: 0, last: 31 }),
  n: nest(14, inner),
  o: indexedArray(15, inner),
  p: u32Array(16),
  q: multi(string(17)),
  r: binary(18, { nested: true }),
})

const encoded = <S extends AttributeSet>(set: S, record: Infer<S>): Buffer => {
  const writer = new Writer(4)
  encode(set, record, writer)
  return Buffer.from(writer.view())
}

describe('encode', () => {
  it.each<[keyof Infer<typeof everything>, unknown, string]>([
    ['a', 1, '05000100 01000000'],
    ['b', 0x102, '06000200 02010000'],
    ['c', 0xfffffffe, '08000300 feffffff'],
    ['d', 0x102030405060708n, '0c000400 0807060504030201'],
    ['e', -2, '08000500 feffffff'],
    ['f', -2n, '0c000600 feffffffffffffff'],
    ['g', 0x102, '06000700 01020000'],
    ['h', 0x1020304, '08000800 01020304'],
    ['i', 0x102030405060708n, '0c000900 0102030405060708'],
    ['j', Uint8Array.of(1, 2, 3), '07000a00 01020300'],
    ['k', 'wg0', '08000b00 77673000'],
    ['k', 'ä', '07000b00 c3a40000'],
    ['l', true, '04000c00'],
    ['l', false, ''],
    ['m', everything.fields.m.masks.last, '08000d00 00000080'],
    ['n', { value: 7 }, '0c000e80 05000100 07000000'],
    ['o', [{ value: 7 }, {}], '14000f80 0c000080 05000100 07000000 04000080'],
    ['p', [1, 2], '0c001000 01000000 02000000'],
    ['q', ['a', 'b'], '06001100 61000000 06001100 62000000'],
    ['r', Uint8Array.of(4, 0, 1, 0), '08001280 04000100'],
  ])('writes %s as %s', (key, value, hex) => {
    const bytes = encoded(everything, { [key]: value })
    expect(bytes.toString('hex')).toBe(hex.replaceAll(' ', ''))
    const expected = value === false ? {} : { [key]: value }
    expect(decode(everything, bytes)).toStrictEqual(expected)
  })

  it('refuses a payload whose length the set does not allow', () => {
    expect(() => encoded(everything, { j: Uint8Array.of(1) })).toThrow(/everything\.j: .*1 bytes/)
  })

  it.each<[string, unknown]>([
    ['a', 256],
    ['a', -1],
    ['a', 1.5],
    ['a', '1'],
    ['a', 1n],
    ['b', 0x1_0000],
    ['c', 2 ** 32],
    ['c', Number.NaN],
    ['d', 7],
    ['d', 1n << 64n],
    ['d', -1n],
    ['e', 2 ** 31],
    ['e', -(2 ** 31) - 1],
    ['f', 1n << 63n],
    ['g', 0x1_0000],
    ['h', -1],
    ['i', -1n],
    ['j', [1, 2, 3]],
    ['k', 7],
    ['k', 'wg\0'],
    ['l', 1],
    ['m', null],
    ['n', 7],
    ['o', { value: 7 }],
    ['o', [7]],
    ['p', 7],
    ['p', [1, -2]],
    ['q', 'a'],
    ['q', ['a', 7]],
  ])('refuses %s as %o, rather than to cut it', (key, value) => {
    const path = `everything.${key}`
    const named = expect.objectContaining({ code: 'EINVAL', path: expect.stringContaining(path) })
    expect(() => encoded(everything, { [key]: value })).toThrow(named)
  })

  it('refuses a struct’s member that does not fit, and one that is none', () => {
    const layout = struct('layout', { small: 'u8', wide: 'u64' })
    const write = (value: object) => () => encodeStruct(layout, value, new Writer())
    for (const value of [{ small: 256 }, { small: '1' }, { wide: 7 }, { wide: -1n }]) {
      const [member] = Object.keys(value)
      expect(write(value)).toThrow(
        expect.objectContaining({ code: 'EINVAL', path: `layout.${member}` }),
      )
    }
    expect(write({ smal: 1 })).toThrow(expect.objectContaining({ path: 'layout.smal' }))
  })

  it('in a request, refuses what the set does not declare, at each level', () => {
    const request = (record: object) => () => genlRequest(16, 1, 1, everything, record)
    expect(request({ a: 1, n: { value: 7 }, o: [{ value: 7 }] })).not.toThrow()
    const unknown = { z: { z: 1 }, 'n.valeu': { n: { valeu: 7 } }, 'o[1].x': { o: [{}, { x: 1 }] } }
    for (const [path, record] of Object.entries(unknown)) {
      expect(request(record)).toThrow(
        expect.objectContaining({ code: 'EINVAL', path: `everything.${path}` }),
      )
    }
  })

  it('refuses what does not fit in a u16 length', () => {
    const set = attributeSet('big', { bytes: binary(1) })
    expect(encoded(set, { bytes: new Uint8Array(65_531) })).toHaveLength(65_536)
    expect(() => encoded(set, { bytes: new Uint8Array(65_532) })).toThrow(RangeError)
  })
})

describe('attributeSet', () => {
  it('infers the record', () => {
    expectTypeOf<Infer<typeof everything>['d']>().toEqualTypeOf<bigint | undefined>()
    expectTypeOf<Infer<typeof everything>['o']>().toEqualTypeOf<
      { value?: number | undefined }[] | undefined
    >()
    expectTypeOf<Infer<typeof everything>['q']>().toEqualTypeOf<string[] | undefined>()
  })

  it('refuses one number for two attributes', () => {
    expect(() => attributeSet('twice', { a: u8(1), b: u8(1) })).toThrow('type 1 is declared twice')
  })
})

describe('decode', () => {
  const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')

  it('copies what it gives out', () => {
    const bytes = hex('07000a00 01020300')
    const { j } = decode(everything, bytes)
    bytes.fill(0xff)
    expect(j).toStrictEqual(Uint8Array.of(1, 2, 3))
  })

  it('keeps unknown attributes aside', () => {
    const record = decode(everything, hex('05000100 01000000 07004d00 aabbcc00 07006380 aabbcc00'))
    expect(record).toStrictEqual({ a: 1 })
    expect(JSON.stringify(record)).toBe('{"a":1}')
    expect(unknownAttributes(record)).toEqual([
      { type: 77, payload: Uint8Array.of(0xaa, 0xbb, 0xcc) },
      { type: 99, payload: Uint8Array.of(0xaa, 0xbb, 0xcc) },
    ])
    expect(unknownAttributes(decode(everything, hex('04000c00')))).toEqual([])
  })

  it('takes a last attribute without its padding', () => {
    expect(decode(everything, hex('05000100 01'))).toEqual({ a: 1 })
  })

  it.each([
    ['a length of zero', '00000100', 0],
    ['a length below the header', '03000100', 0],
    ['a length past the end', '09000300 00000000', 0],
    ['leftover bytes', '05000100 01000000 0500', 8],
    ['a u32 of three bytes', '07000300 01020300', 0],
    ['a binary that is too long', '08000a00 01020304', 0],
    ['a lying length in a nest', '0c000e80 09000100 07000000', 4],
    ['a lying length in an array', '0c000f80 10000080 05000100', 4],
  ])('refuses %s', (_name, text, offset) => {
    const error = expect.objectContaining({ name: 'NetlinkError', code: 'EPROTO', offset })
    expect(() => decode(everything, hex(text))).toThrow(error)
  })

  it('bounds the depth of a set that refers to itself', () => {
    const fields: Record<string, Field> = {}
    const set = attributeSet('self', fields)
    const table = attributeSet('self', { self: nest(1, set) })
    Object.assign(set.table, table.table)
    let bytes = Buffer.alloc(0)
    for (let depth = 0; depth < 40; depth++) {
      const header = Buffer.alloc(4)
      header.writeUInt16LE(bytes.length + 4)
      header.writeUInt16LE(1, 2)
      bytes = Buffer.concat([header, bytes])
    }
    expect(() => decode(table, bytes)).toThrow(/nested deeper than 32/)
  })
})

describe('locate', () => {
  it('finds payloads without building anything, the last of an attribute that stands twice', () => {
    const bytes = encoded(wgDevice, { ifindex: 3, ifname: 'wg0' })
    const slots = slotsFor(wgDevice)
    locate(wgDevice, Buffer.concat([bytes, bytes]), 0, bytes.length * 2, slots)
    const { ifindex, ifname, peers } = wgDevice.fields
    expect(slots[ifindex.type * 2]).toBe(bytes.length + 4)
    expect(slots[ifname.type * 2 + 1]).toBe(bytes.length + 16)
    expect(slots[peers.type * 2]).toBe(0)
  })

  it('clears the slots and counts unknown attributes by name', () => {
    const slots = slotsFor(wgPeer).fill(9)
    const unknown = new Map<string, number>()
    const bytes = Buffer.from('04004d0004004d0004004e00', 'hex')
    locate(wgPeer, bytes, 0, bytes.length, slots, unknown)
    expect(slots.every((slot) => slot === 0)).toBe(true)
    expect([...unknown]).toEqual([
      ['wgpeer.77', 2],
      ['wgpeer.78', 1],
    ])
  })
})

/** Any record of a set, from its declaration. */
function arbitraryRecord(set: AttributeSet): fc.Arbitrary<Record<string, unknown>> {
  const entries = set.keys.map((key, i) => [key, arbitraryField(set.ordered[i] as Field)] as const)
  return fc.record(Object.fromEntries(entries), { requiredKeys: [] })
}

function arbitraryField(field: Field): fc.Arbitrary<unknown> {
  const single = arbitraryValue(field)
  return field.multi ? fc.array(single, { minLength: 1, maxLength: 3 }) : single
}

const unsigned = (bits: number) => fc.integer({ min: 0, max: 2 ** bits - 1 })

function arbitraryValue(field: Field): fc.Arbitrary<unknown> {
  switch (field.op) {
    case OP.u8:
      return unsigned(8)
    case OP.u16:
    case OP.be16:
      return unsigned(16)
    case OP.u32:
    case OP.be32:
      return unsigned(32)
    case OP.s32:
      return fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
    case OP.u64:
    case OP.be64:
      return fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
    case OP.s64:
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    case OP.binary:
      return fc.uint8Array({ minLength: field.minLen, maxLength: Math.min(field.maxLen, 40) })
    case OP.string:
      return fc.string({ unit: 'grapheme', maxLength: 15 }).filter((text) => !text.includes('\0'))
    case OP.flag:
      return fc.constant(true)
    case OP.nest:
      return arbitraryRecord(field.set as AttributeSet)
    case OP.indexedArray:
      return fc.array(arbitraryRecord(field.set as AttributeSet), { maxLength: 3 })
    case OP.u32Array:
      return fc.array(unsigned(32), { maxLength: 3 })
    case OP.struct:
      return arbitraryStruct(field.struct as Struct)
    default:
      throw new Error(`no arbitrary for ${field.op}`)
  }
}

function arbitraryStruct({ members }: Struct): fc.Arbitrary<unknown> {
  const ops = {
    u8: OP.u8,
    u16: OP.u16,
    be16: OP.be16,
    u32: OP.u32,
    s32: OP.s32,
    u64: OP.u64,
    s64: OP.s64,
  }
  const entries = Object.entries(members).map(([name, type]) => {
    return [name, arbitraryValue({ op: ops[type] } as Field)]
  })
  return fc.record(Object.fromEntries(entries))
}

const sets = [
  everything,
  ctrl,
  wgDevice,
  linkAttributes,
  addressAttributes,
  routeAttributes,
  ruleAttributes,
  nftChainAttributes,
  nftRuleAttributes,
  nftSetElementListAttributes,
  expressionSets.bitwise,
]

describe.each(sets.map((set) => [set.name, set] as const))('%s', (_name, set) => {
  it('comes back as it went', () => {
    fc.assert(
      fc.property(arbitraryRecord(set), (record) => {
        const copy = decode(set, encoded(set, record as Infer<typeof set>))
        expect(copy).toEqual(record)
      }),
      { numRuns: 200 },
    )
  })

  it('gives a record or a typed error for bytes that were tampered with', () => {
    const tampered = fc.tuple(arbitraryRecord(set), fc.nat(), fc.integer({ min: 1, max: 255 }))
    fc.assert(
      fc.property(tampered, ([record, position, change]) => {
        const bytes = encoded(set, record as Infer<typeof set>)
        if (bytes.length > 0) {
          const at = position % bytes.length
          bytes[at] = (bytes[at] as number) ^ change
        }
        decodesOrRefuses(set, bytes)
      }),
      { numRuns: 200 },
    )
  })

  it('gives a record or a typed error for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => decodesOrRefuses(set, bytes)),
      { numRuns: 300 },
    )
  })
})

function decodesOrRefuses(set: AttributeSet, bytes: Uint8Array): void {
  try {
    expect(decode(set, bytes)).toBeTypeOf('object')
  } catch (error) {
    expect(error).toMatchObject({ name: 'NetlinkError', code: 'EPROTO' })
  }
}

describe('truncated messages of a real kernel', () => {
  it.each([
    ['get wg0', wgDevice, 20],
    ['get wg0 continued', wgDevice, 20],
    ['getlink wg0', linkAttributes, 32],
    ['getfamily wireguard', ctrl, 20],
  ] as const)('%s', (label, set, start) => {
    for (const reply of recordings().get(label)?.replies ?? []) {
      const end = reply.readUInt32LE(0)
      for (let cut = start; cut < end; cut++) decodesOrRefuses(set, reply.subarray(start, cut))
    }
  })
})

describe('struct', () => {
  it.each([
    [ifinfomsg, 16],
    [ifaddrmsg, 8],
    [rtmsg, 12],
    [fibRuleHdr, 12],
    [nfgenmsg, 4],
  ])('$0.name is laid out as in C', (layout, size) => {
    expect(layout.size).toBe(size)
    fc.assert(
      fc.property(arbitraryStruct(layout as Struct), (value) => {
        const writer = new Writer()
        encodeStruct(layout as Struct, value as Record<string, number>, writer)
        expect(writer.length).toBe(size)
        expect(decodeStruct(layout as Struct, writer.view())).toEqual(value)
      }),
    )
  })

  it('says when there are too few bytes', () => {
    expect(() => decodeStruct(ifinfomsg, new Uint8Array(15))).toThrow(/ifinfomsg needs 16 bytes/)
  })
})
