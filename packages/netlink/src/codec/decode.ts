import { malformed } from '../errors.js'
import { align } from './align.js'
import { type AttributeSet, type Field, type Infer, specName } from './attribute-set.js'
import {
  readBe16,
  readBe32,
  readBe64,
  readS32,
  readS64,
  readString,
  readU16,
  readU32,
  readU64,
} from './bytes.js'
import { OP } from './field.js'
import { decodeStruct } from './struct.js'
import { ATTRIBUTE_HEADER, NLA_TYPE_MASK } from './writer.js'

/** An attribute that the set does not declare. `payload` is a copy. */
export interface UnknownAttribute {
  type: number
  payload: Uint8Array
}

const UNKNOWN: unique symbol = Symbol.for('wgctrl.netlink.unknownAttributes')

/** Kernels nest policies by far less; a set may refer to itself, a hostile message need not end. */
const MAX_DEPTH = 32

/**
 * The attributes of a decoded record that its set does not declare, in wire order. They ride along
 * as a non-enumerable property: a copy made by spread or JSON does not have them.
 */
export const unknownAttributes = (record: object): readonly UnknownAttribute[] =>
  (record as { [UNKNOWN]?: UnknownAttribute[] })[UNKNOWN] ?? []

/**
 * Decodes `bytes[start..end)` as attributes of `set`. Binary values are copies.
 *
 * @throws {NetlinkError} EPROTO with the offset of the attribute whose length lies
 */
export const decode = <S extends AttributeSet>(
  set: S,
  bytes: Uint8Array,
  start = 0,
  end: number = bytes.length,
): Infer<S> => decodeAttributes(set, bytes, start, end, 0) as Infer<S>

/** Where the attribute at `o` ends, header included. */
const attributeEnd = (set: AttributeSet, bytes: Uint8Array, o: number, end: number): number => {
  if (end - o < ATTRIBUTE_HEADER) {
    throw malformed(`${set.name}: ${end - o} bytes where an attribute header should be`, o)
  }
  const length = readU16(bytes, o)
  if (length < ATTRIBUTE_HEADER || length > end - o) {
    throw malformed(`${set.name}: attribute length ${length} with ${end - o} bytes left`, o)
  }
  return o + length
}

const checkLength = (set: AttributeSet, type: number, length: number, o: number): void => {
  const { minLen, maxLen, keys } = set.table
  if (length < (minLen[type] as number) || length > (maxLen[type] as number)) {
    throw malformed(`${set.name}.${specName(keys[type] as string)}: ${length} bytes of payload`, o)
  }
}

const decodeAttributes = (
  set: AttributeSet,
  bytes: Uint8Array,
  start: number,
  end: number,
  depth: number,
): Record<string, unknown> => {
  if (depth > MAX_DEPTH) throw malformed(`${set.name}: nested deeper than ${MAX_DEPTH}`, start)
  const out: Record<string, unknown> = {}
  const { ops, keys, fields, size } = set.table
  for (let o = start; o < end; ) {
    const stop = attributeEnd(set, bytes, o, end)
    const type = readU16(bytes, o + 2) & NLA_TYPE_MASK
    const payload = o + ATTRIBUTE_HEADER
    if (type >= size || ops[type] === OP.unknown) {
      keepUnknown(out, type, new Uint8Array(bytes.subarray(payload, stop)))
    } else {
      checkLength(set, type, stop - payload, o)
      const field = fields[type] as Field
      const value = decodeValue(field, bytes, payload, stop, depth)
      const key = keys[type] as string
      if (field.multi) pushTo(out, key, value)
      else out[key] = value
    }
    o += align(stop - o)
  }
  return out
}

const decodeValue = (
  field: Field,
  bytes: Uint8Array,
  start: number,
  end: number,
  depth: number,
): unknown => {
  switch (field.op) {
    case OP.u8:
      return bytes[start]
    case OP.u16:
      return readU16(bytes, start)
    case OP.u32:
      return readU32(bytes, start)
    case OP.u64:
      return readU64(bytes, start)
    case OP.s32:
      return readS32(bytes, start)
    case OP.s64:
      return readS64(bytes, start)
    case OP.be16:
      return readBe16(bytes, start)
    case OP.be32:
      return readBe32(bytes, start)
    case OP.be64:
      return readBe64(bytes, start)
    case OP.binary:
      return new Uint8Array(bytes.subarray(start, end))
    case OP.string:
      return readString(bytes, start, end)
    case OP.flag:
      return true
    case OP.nest:
      return decodeAttributes(field.set as AttributeSet, bytes, start, end, depth + 1)
    case OP.indexedArray:
      return decodeIndexed(field.set as AttributeSet, bytes, start, end, depth + 1)
    case OP.u32Array:
      return decodeU32Array(bytes, start, end)
    case OP.struct:
      return decodeStruct(field.struct as NonNullable<Field['struct']>, bytes, start, end)
    default:
      throw new RangeError(`no such field kind: ${field.op}`)
  }
}

const decodeIndexed = (
  set: AttributeSet,
  bytes: Uint8Array,
  start: number,
  end: number,
  depth: number,
): Record<string, unknown>[] => {
  const items: Record<string, unknown>[] = []
  for (let o = start; o < end; ) {
    const stop = attributeEnd(set, bytes, o, end)
    items.push(decodeAttributes(set, bytes, o + ATTRIBUTE_HEADER, stop, depth))
    o += align(stop - o)
  }
  return items
}

const decodeU32Array = (bytes: Uint8Array, start: number, end: number): number[] => {
  const items: number[] = []
  for (let o = start; o + 4 <= end; o += 4) items.push(readU32(bytes, o))
  return items
}

const pushTo = (out: Record<string, unknown>, key: string, value: unknown): void => {
  const list = out[key]
  if (Array.isArray(list)) list.push(value)
  else out[key] = [value]
}

/** Adds to what {@link unknownAttributes} gives of a record. `payload` becomes the record's. */
export const keepUnknown = (record: object, type: number, payload: Uint8Array): void => {
  const target = record as { [UNKNOWN]?: UnknownAttribute[] }
  if (target[UNKNOWN] === undefined) Object.defineProperty(target, UNKNOWN, { value: [] })
  target[UNKNOWN]?.push({ type, payload })
}

/** How often each attribute came that its set does not declare, by name such as `wgpeer.11`. */
export type UnknownTally = Map<string, number>

/** Slots that `locate` fills: two per attribute type of the set. */
export const slotsFor = (set: AttributeSet): Int32Array => new Int32Array(set.table.size * 2)

/**
 * The form of decoding for hot paths: nothing is built. For each attribute type `t` of `set`,
 * `slots[2t]` and `slots[2t + 1]` become the start and end of its payload, both 0 when it is absent
 * (no payload starts at 0). Lengths are checked against the set as in `decode`; of an attribute that
 * stands twice the last counts, as in the kernel's nla_parse.
 *
 * @param unknown is added to for attributes that the set does not declare
 * @throws {NetlinkError} EPROTO with the offset of the attribute whose length lies
 */
export const locate = (
  set: AttributeSet,
  bytes: Uint8Array,
  start: number,
  end: number,
  slots: Int32Array,
  unknown?: UnknownTally,
): void => {
  const { ops, minLen, maxLen, size } = set.table
  for (let i = 0; i < slots.length; i++) slots[i] = 0
  let o = start
  while (o < end) {
    // The checks of attributeEnd, inlined: this loop runs once per attribute of every peer.
    const length =
      end - o < ATTRIBUTE_HEADER ? 0 : (bytes[o] as number) | ((bytes[o + 1] as number) << 8)
    if (length < ATTRIBUTE_HEADER || length > end - o) attributeEnd(set, bytes, o, end)
    const type = ((bytes[o + 2] as number) | ((bytes[o + 3] as number) << 8)) & NLA_TYPE_MASK
    if (type >= size || ops[type] === OP.unknown) {
      if (unknown !== undefined) tally(unknown, set, type)
    } else {
      const payload = length - ATTRIBUTE_HEADER
      if (payload < (minLen[type] as number) || payload > (maxLen[type] as number)) {
        checkLength(set, type, payload, o)
      }
      slots[type * 2] = o + ATTRIBUTE_HEADER
      slots[type * 2 + 1] = o + length
    }
    o += (length + 3) & ~3
  }
}

const tally = (unknown: UnknownTally, set: AttributeSet, type: number): void => {
  const name = `${set.name}.${type}`
  unknown.set(name, (unknown.get(name) ?? 0) + 1)
}
