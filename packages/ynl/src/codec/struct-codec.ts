import { malformed, readString, type Writer } from '@wgctrl/netlink'
import { InvalidRangeError, InvalidTypeError, unknownField } from '@wgctrl/types'
import type { IntegerType, MemberSpec, StructSpec } from '../spec/model.js'
import type { Definitions } from './definitions.js'
import { bytesOf, textForm } from './display-hint.js'
import { naming } from './enumeration.js'
import { integer } from './integer.js'
import { propertyName } from './property-name.js'

interface Member {
  readonly key: string
  readonly offset: number
  readonly size: number
  read(bytes: Uint8Array, offset: number): unknown
  write(value: unknown, writer: Writer, offset: number, path: string): void
}

/** A C struct as record: its members one after the other, `pad` left out. */
export class StructCodec {
  readonly name: string
  /** Bytes. */
  readonly size: number
  readonly keys: readonly string[]
  readonly #members: readonly Member[]

  /** @param taken names of properties that stand beside the members: such a member is `header…` */
  constructor(spec: StructSpec, definitions: Definitions, taken: (key: string) => boolean = never) {
    const members: Member[] = []
    let offset = 0
    for (const each of spec.members) {
      const { size, ...form } = formOf(each, definitions)
      if (each.type !== 'pad') {
        members.push({ key: memberKey(each.name, taken), offset, size, ...form })
      }
      offset += size
    }
    this.name = spec.name
    this.size = offset
    this.keys = members.map(({ key }) => key)
    this.#members = members
  }

  /** Adds the members to a record. Those behind the end read as zero: structs grow from kernel to kernel. */
  decodeInto(record: Record<string, unknown>, bytes: Uint8Array, start: number, end: number): void {
    let from = bytes
    let at = start
    if (end - start < this.size) {
      from = new Uint8Array(this.size)
      from.set(bytes.subarray(start, end))
      at = 0
    }
    for (const member of this.#members) record[member.key] = member.read(from, at + member.offset)
  }

  decode(bytes: Uint8Array, start: number, end: number): Record<string, unknown> {
    const record: Record<string, unknown> = {}
    this.decodeInto(record, bytes, start, end)
    return record
  }

  /** @throws {NetlinkError} EPROTO when the bytes end before the struct does */
  checkWhole(start: number, end: number): void {
    if (end - start >= this.size) return
    throw malformed(`${this.name} needs ${this.size} bytes, ${end - start} are there`, start)
  }

  /** Writes the members that the record has; absent ones are zero. Other properties are not looked at. */
  encode(record: Readonly<Record<string, unknown>>, writer: Writer, path: string): void {
    const start = writer.reserve(this.size)
    for (const { key, offset, write } of this.#members) {
      const value = record[key]
      if (value !== undefined) write(value, writer, start + offset, `${path}.${key}`)
    }
  }

  /** The same of a record that has nothing else. */
  encodeAlone(value: unknown, writer: Writer, path: string): void {
    const record = checkedRecord(value, path)
    for (const key in record) {
      if (!this.keys.includes(key)) throw unknownField(key, this.keys, `${path}.`)
    }
    this.encode(record, writer, path)
  }
}

const never = (): boolean => false

function memberKey(name: string, taken: (key: string) => boolean): string {
  const key = propertyName(name)
  return taken(key) ? propertyName(`header-${name}`) : key
}

export function checkedRecord(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>
  }
  throw new InvalidTypeError(path, 'must be an object')
}

type Form = Pick<Member, 'size' | 'read' | 'write'>

function formOf(spec: MemberSpec, definitions: Definitions): Form {
  const { type, struct } = spec
  if (struct !== undefined) return structForm(definitions.struct(struct))
  if (type === 'string' || type === 'binary' || type === 'pad') return bytesForm(spec)
  return integerForm(spec, type, definitions)
}

function structForm(codec: StructCodec): Form {
  return {
    size: codec.size,
    read: (bytes, offset) => codec.decode(bytes, offset, offset + codec.size),
    write(value, writer, offset, path) {
      const length = writer.length
      codec.encodeAlone(value, writer, path)
      writer.bytes.copyWithin(offset, length, writer.length)
      writer.truncate(length)
    },
  }
}

function bytesForm({ type, length = 0, hint }: MemberSpec): Form {
  const form = textForm(hint)
  const isText = type === 'string'
  return {
    size: length,
    read(bytes, offset) {
      const end = offset + length
      if (isText) return readString(bytes, offset, end)
      return form?.format(bytes, offset, end) ?? new Uint8Array(bytes.subarray(offset, end))
    },
    write(value, writer, offset, path) {
      const payload =
        isText && typeof value === 'string' ? utf8.encode(value) : bytesOf(value, form, path)
      if (payload.length > length) {
        throw new InvalidRangeError(path, `must be at most ${length} bytes, got ${payload.length}`)
      }
      writer.bytes.set(payload, offset)
    },
  }
}

const utf8 = new TextEncoder()

function integerForm(spec: MemberSpec, type: IntegerType, definitions: Definitions): Form {
  const codec = integer(type, spec.byteOrder)
  const names =
    spec.enum === undefined ? undefined : naming(definitions.enum(spec.enum), spec.isFlags)
  const { read, width } = codec
  return {
    size: width,
    read: names ? (bytes, offset) => names.decode(read(bytes, offset)) : read,
    write(value, writer, offset, path) {
      const number = names ? names.encode(value, path) : value
      codec.put(writer.bytes, offset, codec.check(number, path))
    },
  }
}
