import { unknownField } from '@wgctrl/types'
import { malformed } from '../errors.js'
import {
  readBe16,
  readS32,
  readS64,
  readU16,
  readU32,
  readU64,
  writeBe16,
  writeU16,
  writeU32,
  writeU64,
} from './bytes.js'
import { OP } from './op.js'
import { fits, misfit } from './value.js'
import type { Writer } from './writer.js'

/** Member types of a fixed C struct, in the kernel's YAML words; `be16`: a u16 of big-endian byte order. */
export type MemberType = 'u8' | 'u16' | 'be16' | 'u32' | 's32' | 'u64' | 's64'

/** What a member of such a type is read as. */
export type MemberValue<T extends MemberType> = T extends 'u64' | 's64' ? bigint : number
/** The members of a struct, by name in their order. */
export type Members = Record<string, MemberType>

/** What {@link decodeStruct} gives. */
export type StructValue<M extends Members> = { -readonly [K in keyof M]: MemberValue<M[K]> }
/** What {@link encodeStruct} takes: fields that are absent are zero. */
export type StructInput<M extends Members> = { [K in keyof M]?: MemberValue<M[K]> | undefined }

/** A fixed C struct with natural alignment, little-endian like everything native here but for `be16`. */
export interface Struct<M extends Members = Members> {
  readonly name: string
  readonly members: M
  /** sizeof, with tail padding. */
  readonly size: number
  /** How many bytes must be there; members behind what is there read as zero. */
  readonly minSize: number
  readonly names: readonly string[]
  readonly types: readonly MemberType[]
  readonly offsets: readonly number[]
}

const SIZE: Record<MemberType, number> = { u8: 1, u16: 2, be16: 2, u32: 4, s32: 4, u64: 8, s64: 8 }

/**
 * Declares a struct. Members are laid out as a C compiler would on x64 and arm64.
 * `minSize` is for structs that grew over kernel versions.
 */
export const struct = <const M extends Members>(
  name: string,
  members: M,
  options: { minSize?: number } = {},
): Struct<M> => {
  const offsets: number[] = []
  let size = 0
  let widest = 1
  for (const type of Object.values(members)) {
    const width = SIZE[type]
    widest = Math.max(widest, width)
    size = Math.ceil(size / width) * width
    offsets.push(size)
    size += width
  }
  size = Math.ceil(size / widest) * widest
  return {
    name,
    members,
    size,
    minSize: options.minSize ?? size,
    names: Object.keys(members),
    types: Object.values(members),
    offsets,
  }
}

/** @throws {NetlinkError} EPROTO when fewer than `minSize` bytes are there. */
export const decodeStruct = <M extends Members>(
  layout: Struct<M>,
  bytes: Uint8Array,
  start = 0,
  end: number = bytes.length,
): StructValue<M> => {
  if (end - start < layout.minSize) {
    throw malformed(`${layout.name} needs ${layout.minSize} bytes, ${end - start} are there`, start)
  }
  const out: Record<string, number | bigint> = {}
  for (let i = 0; i < layout.names.length; i++) {
    const o = start + (layout.offsets[i] as number)
    const type = layout.types[i] as MemberType
    out[layout.names[i] as string] = readMember(type, bytes, o, o + SIZE[type] <= end)
  }
  return out as StructValue<M>
}

const readMember = (type: MemberType, b: Uint8Array, o: number, there: boolean) => {
  switch (type) {
    case 'u8':
      return there ? (b[o] as number) : 0
    case 'u16':
      return there ? readU16(b, o) : 0
    case 'be16':
      return there ? readBe16(b, o) : 0
    case 'u32':
      return there ? readU32(b, o) : 0
    case 's32':
      return there ? readS32(b, o) : 0
    case 'u64':
      return there ? readU64(b, o) : 0n
    case 's64':
      return there ? readS64(b, o) : 0n
  }
}

/**
 * Absent members are written as zero.
 *
 * @throws {TypeError | RangeError} `EINVAL` for a member that is none, a value of another type and one that is too large; `path`
 *   names the member
 */
export const encodeStruct = <M extends Members>(
  layout: Struct<M>,
  value: StructInput<M>,
  writer: Writer,
): void => {
  const { name, names } = layout
  for (const member in value) {
    if (!names.includes(member)) throw unknownField(member, names, `${name}.`)
  }
  const start = writer.reserve(layout.size)
  const input = value as Record<string, number | bigint | undefined>
  for (let i = 0; i < names.length; i++) {
    const member = input[names[i] as string]
    if (member === undefined) continue
    const type = layout.types[i] as MemberType
    if (!fits(OP[type], member)) {
      throw misfit(OP[type], member, `${name}.${names[i]}`)
    }
    const o = start + (layout.offsets[i] as number)
    if (typeof member === 'bigint') writeU64(writer.bytes, o, member)
    else if (SIZE[type] === 1) writer.bytes[o] = member
    else if (type === 'be16') writeBe16(writer.bytes, o, member)
    else if (SIZE[type] === 2) writeU16(writer.bytes, o, member)
    else writeU32(writer.bytes, o, member)
  }
}
