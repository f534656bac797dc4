import {
  ATTRIBUTE_HEADER,
  type FieldName,
  keepUnknown,
  malformed,
  NLA_F_NESTED,
  NLA_TYPE_MASK,
  OP,
  type SetNames,
  type Writer,
} from '@wgctrl/netlink'
import { InvalidRangeError, InvalidTypeError, unknownField } from '@wgctrl/types'
import type { AttributeSetSpec, AttributeSpec } from '../spec/model.js'
import type { FamilyCodec } from './family-codec.js'
import type { Payload, Scope } from './payload.js'
import { propertyName } from './property-name.js'

/** An attribute, ready to be read and written. */
interface Attribute {
  readonly key: string
  readonly type: number
  readonly isMulti: boolean
  /** Absent of padding. */
  readonly payload: Payload | undefined
}

/** Specs nest by far less; a set may refer to itself, and a hostile message need not end. */
const MAX_DEPTH = 32

/** An attribute set, compiled to a table by number when it is first used. */
export class SetCodec {
  readonly name: string
  readonly keys: ReadonlySet<string>
  readonly #spec: AttributeSetSpec
  readonly #family: FamilyCodec
  #table: (Attribute | undefined)[] | undefined
  #named: Map<string, Attribute> | undefined
  #names: SetNames | undefined
  #isScope: boolean | undefined

  constructor(spec: AttributeSetSpec, family: FamilyCodec) {
    this.name = spec.name
    this.#spec = spec
    this.#family = family
    const values = spec.attributes.filter(({ type }) => type !== 'pad' && type !== 'unused')
    this.keys = new Set(values.map(({ name }) => propertyName(name)))
  }

  /** The attributes of `bytes[start..end)`. What the set does not declare is kept: `unknownAttributes`. */
  decode(
    bytes: Uint8Array,
    start: number,
    end: number,
    outer: Scope | undefined,
  ): Record<string, unknown> {
    const record: Record<string, unknown> = {}
    this.decodeInto(record, bytes, start, end, outer)
    return record
  }

  decodeInto(
    record: Record<string, unknown>,
    bytes: Uint8Array,
    start: number,
    end: number,
    outer: Scope | undefined,
  ): void {
    const table = this.#table ?? this.#compile()
    const scope = this.#isScope ? { values: record, outer } : outer
    for (let o = start; o < end; ) {
      const length =
        end - o < ATTRIBUTE_HEADER ? 0 : (bytes[o] as number) | ((bytes[o + 1] as number) << 8)
      if (length < ATTRIBUTE_HEADER || length > end - o) throw this.#cutShort(length, o, end)
      const type = ((bytes[o + 2] as number) | ((bytes[o + 3] as number) << 8)) & NLA_TYPE_MASK
      const attribute = table[type]
      const payload = o + ATTRIBUTE_HEADER
      const stop = o + length
      if (attribute === undefined) {
        keepUnknown(record, type, new Uint8Array(bytes.subarray(payload, stop)))
      } else if (attribute.payload !== undefined) {
        if (stop - payload < attribute.payload.least) throw this.#tooShort(attribute, length, o)
        const value = attribute.payload.decode(bytes, payload, stop, scope)
        if (attribute.isMulti) pushTo(record, attribute.key, value)
        else record[attribute.key] = value
      }
      o += (length + 3) & ~3
    }
  }

  /** The same one level further in. @throws {NetlinkError} EPROTO for a message that nests without end */
  decodeNest(
    bytes: Uint8Array,
    start: number,
    end: number,
    outer: Scope | undefined,
  ): Record<string, unknown> {
    const nesting = this.#family.nesting
    if (nesting.depth >= MAX_DEPTH) {
      nesting.depth = 0
      throw malformed(`${this.name}: nested deeper than ${MAX_DEPTH}`, start)
    }
    nesting.depth++
    const record = this.decode(bytes, start, end, outer)
    nesting.depth--
    return record
  }

  /**
   * Writes the attributes of a record, in its order. Properties that are `undefined` are left out.
   *
   * @param header names of properties that were written before
   * @throws {TypeError | RangeError} `EINVAL` for a property that the set does not have, and for values that do not fit
   */
  encode(
    record: Readonly<Record<string, unknown>>,
    writer: Writer,
    path: string,
    outer: Scope | undefined,
    header: readonly string[] = [],
  ): void {
    if (this.#named === undefined) this.#compile()
    const named = this.#named as Map<string, Attribute>
    const scope = { values: record, outer }
    for (const key in record) {
      const attribute = named.get(key)
      const value = record[key]
      if (attribute?.payload !== undefined) {
        if (value !== undefined) encodeAttribute(attribute, value, writer, `${path}.${key}`, scope)
      } else if (!header.includes(key)) {
        throw unknownField(key, [...header, ...named.keys()], `${path}.`)
      }
    }
  }

  /** What names the set's attributes in errors. */
  get names(): SetNames {
    this.#names ??= namesOf(this.name, this.#spec, this.#table ?? this.#compile())
    return this.#names
  }

  /** A sub-message somewhere within looks for its selector in this set, or around it. */
  holdsSubMessage(seen: Set<SetCodec> = new Set()): boolean {
    if (seen.has(this)) return false
    seen.add(this)
    return this.#spec.attributes.some(
      ({ type, nested }) =>
        type === 'sub-message' ||
        (nested !== undefined && this.#family.set(nested).holdsSubMessage(seen)),
    )
  }

  #compile(): (Attribute | undefined)[] {
    const table: (Attribute | undefined)[] = []
    const named = new Map<string, Attribute>()
    for (const spec of this.#spec.attributes) {
      const attribute = this.#attribute(spec)
      table[spec.value] = attribute
      if (attribute?.payload) named.set(attribute.key, attribute)
    }
    this.#table = Array.from(table)
    this.#named = named
    this.#isScope = this.holdsSubMessage()
    return this.#table
  }

  #attribute(spec: AttributeSpec): Attribute | undefined {
    const { name, value, type, isMulti = false } = spec
    if (type === 'unused') return undefined
    const payload = type === 'pad' ? undefined : this.#family.payload(spec)
    return { key: propertyName(name), type: value, isMulti, payload }
  }

  #cutShort(length: number, o: number, end: number) {
    this.#family.nesting.depth = 0
    return malformed(`${this.name}: attribute length ${length} with ${end - o} bytes left`, o)
  }

  #tooShort({ type }: Attribute, length: number, o: number) {
    this.#family.nesting.depth = 0
    const bytes = length - ATTRIBUTE_HEADER
    return malformed(`${this.name}.${this.names.table.keys[type]}: ${bytes} bytes of payload`, o)
  }
}

function encodeAttribute(
  { type, isMulti, payload }: Attribute,
  value: unknown,
  writer: Writer,
  path: string,
  scope: Scope,
): void {
  if (payload === undefined) return
  if (!isMulti) {
    encodePayload(type, payload, value, writer, path, scope)
    return
  }
  if (!Array.isArray(value)) throw new InvalidTypeError(path, 'must be an array')
  value.forEach((item, at) => {
    encodePayload(type, payload, item, writer, `${path}[${at}]`, scope)
  })
}

function encodePayload(
  type: number,
  payload: Payload,
  value: unknown,
  writer: Writer,
  path: string,
  scope: Scope,
): void {
  // A flag that is not set is not there.
  if (value === false) return
  const start = payload.isNest
    ? writer.openAttribute(type | NLA_F_NESTED)
    : writer.openAttribute(type)
  payload.encode(value, writer, path, scope)
  const length = writer.length - start
  if (length > 0xffff)
    throw new InvalidRangeError(path, `${length} bytes are more than an attribute has`)
  writer.closeAttribute(start)
}

function pushTo(record: Record<string, unknown>, key: string, value: unknown): void {
  const list = record[key]
  if (Array.isArray(list)) list.push(value)
  else record[key] = [value]
}

function namesOf(
  name: string,
  spec: AttributeSetSpec,
  table: readonly (Attribute | undefined)[],
): SetNames {
  const keys = table.map(() => '')
  const fields = table.map((attribute): FieldName | undefined => {
    const payload = attribute?.payload
    const inner = payload?.inner
    if (!payload) return undefined
    return {
      op: inner ? OP.nest : OP.binary,
      get set() {
        return inner?.names
      },
    }
  })
  for (const { name: each, value } of spec.attributes) keys[value] = each
  return { name, table: { keys, fields } }
}
