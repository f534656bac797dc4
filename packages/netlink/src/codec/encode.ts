import { InvalidRangeError, InvalidTypeError } from '@wgctrl/types'
import { type AttributeSet, type Field, type Infer, specName } from './attribute-set.js'
import { writeBe16, writeBe32, writeBe64, writeU16, writeU32, writeU64 } from './bytes.js'
import { OP } from './field.js'
import { encodeStruct, type StructInput } from './struct.js'
import { fits, misfit } from './value.js'
import type { Writer } from './writer.js'

const utf8 = new TextEncoder()

/**
 * Writes a record's attributes in the order in which the set declares them. Absent and `undefined`
 * properties are left out; properties that the set does not declare are not looked at.
 *
 * @param without a field to leave out as well
 * @throws {TypeError | RangeError} `EINVAL` for a value of another type, an integer that is too large, and a payload whose
 *   length the set does not allow; `path` names the set and the field
 */
export const encode = <S extends AttributeSet>(
  set: S,
  record: Infer<S>,
  writer: Writer,
  without?: Field,
): void => {
  encodeAttributes(set, record as Record<string, unknown>, writer, without)
}

const encodeAttributes = (
  set: AttributeSet,
  record: Record<string, unknown>,
  writer: Writer,
  without?: Field,
): void => {
  for (let i = 0; i < set.keys.length; i++) {
    const value = record[set.keys[i] as string]
    if (value === undefined) continue
    const field = set.ordered[i] as Field
    if (field === without) continue
    if (!field.multi) encodeField(set, i, field, value, writer)
    else if (!Array.isArray(value)) throw new InvalidTypeError(pathOf(set, i), 'must be an array')
    else for (const item of value) encodeField(set, i, field, item, writer)
  }
}

const pathOf = (set: AttributeSet, index: number): string =>
  `${set.name}.${specName(set.keys[index] as string)}`

const encodeField = (
  set: AttributeSet,
  index: number,
  field: Field,
  value: unknown,
  writer: Writer,
): void => {
  if (!fits(field.op, value)) throw misfit(field.op, value, pathOf(set, index))
  if (field.op === OP.flag && value !== true) return
  const nested = field.op === OP.nest || field.op === OP.indexedArray || field.nested === true
  const start = nested ? writer.openNest(field.type) : writer.openAttribute(field.type)
  encodeValue(field, value, writer)
  const length = writer.length - start - 4
  if (length < field.minLen || length > field.maxLen) {
    throw new InvalidRangeError(pathOf(set, index), `a payload of ${length} bytes is not allowed`)
  }
  writer.closeAttribute(start)
}

const encodeValue = (field: Field, value: unknown, writer: Writer): void => {
  switch (field.op) {
    case OP.binary:
      writer.raw(value as Uint8Array)
      break
    case OP.string:
      writer.raw(utf8.encode(value as string))
      writer.reserve(1)
      break
    case OP.flag:
      break
    case OP.nest:
      encodeAttributes(field.set as AttributeSet, value as Record<string, unknown>, writer)
      break
    case OP.indexedArray:
      for (const item of value as Record<string, unknown>[]) {
        encodeElement(field.set as AttributeSet, item, writer)
      }
      break
    case OP.u32Array:
      for (const item of value as number[]) encodeInteger(OP.u32, item, writer)
      break
    case OP.struct:
      encodeStruct(
        field.struct as NonNullable<Field['struct']>,
        value as StructInput<Record<string, 'u32'>>,
        writer,
      )
      break
    default:
      encodeInteger(field.op, value as number & bigint, writer)
  }
}

const WIDTH: Record<number, number> = {
  [OP.u8]: 1,
  [OP.u16]: 2,
  [OP.u32]: 4,
  [OP.u64]: 8,
  [OP.s32]: 4,
  [OP.s64]: 8,
  [OP.be16]: 2,
  [OP.be32]: 4,
  [OP.be64]: 8,
}

/** Two's complement makes signed and unsigned the same bytes. */
const encodeInteger = (op: number, value: number | bigint, writer: Writer): void => {
  const o = writer.reserve(WIDTH[op] as number)
  const b = writer.bytes
  if (op === OP.u8) b[o] = value as number
  else if (op === OP.u16) writeU16(b, o, value as number)
  else if (op === OP.u32 || op === OP.s32) writeU32(b, o, value as number)
  else if (op === OP.u64 || op === OP.s64) writeU64(b, o, value as bigint)
  else if (op === OP.be16) writeBe16(b, o, value as number)
  else if (op === OP.be32) writeBe32(b, o, value as number)
  else writeBe64(b, o, value as bigint)
}

/** One element of an indexed array. The index is written as 0: receivers go by position. */
export const encodeElement = <S extends AttributeSet>(
  set: S,
  record: Infer<S>,
  writer: Writer,
): void => {
  const start = writer.openNest(0)
  encodeAttributes(set, record as Record<string, unknown>, writer)
  writer.closeAttribute(start)
}
