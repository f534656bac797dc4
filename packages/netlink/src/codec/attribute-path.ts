import { align } from './align.js'
import { specName } from './attribute-set.js'
import { readU16 } from './bytes.js'
import { OP } from './op.js'
import { ATTRIBUTE_HEADER, NLA_TYPE_MASK } from './writer.js'

/** What errors have to know of an attribute. */
export interface FieldName {
  readonly op: number
  /** Of a nest, and of an array of nests. */
  readonly set?: SetNames | undefined
}

/** What errors have to know of a set: an {@link AttributeSet}, or what another codec has in its place. */
export interface SetNames {
  readonly name: string
  readonly table: {
    /** By the number of each attribute: its name, as a property or as in the kernel's YAML. */
    readonly keys: readonly string[]
    readonly fields: readonly (FieldName | undefined)[]
  }
}

/**
 * Names the attribute of a request that an offset points at, such as
 * `wgdevice.peers[3].allowedips[0].cidr-mask`.
 *
 * @param bytes the request as it was sent; offsets count from its first byte
 * @param start where its attributes begin
 * @returns undefined when no attribute of the request covers the offset
 */
export const attributePath = (
  set: SetNames,
  bytes: Uint8Array,
  start: number,
  end: number,
  offset: number,
): string | undefined => find(set, bytes, start, end, offset, set.name)

const find = (
  set: SetNames,
  bytes: Uint8Array,
  start: number,
  end: number,
  offset: number,
  path: string,
): string | undefined => {
  const at = attributeAt(bytes, start, end, offset)
  if (at === undefined) return undefined
  const type = readU16(bytes, at.start + 2) & NLA_TYPE_MASK
  const field = set.table.fields[type]
  const here = `${path}.${field ? specName(set.table.keys[type] as string) : type}`
  if (offset === at.start || field === undefined) return here
  return inside(field, bytes, at.start + ATTRIBUTE_HEADER, at.end, offset, here)
}

const inside = (
  field: FieldName,
  bytes: Uint8Array,
  start: number,
  end: number,
  offset: number,
  path: string,
): string => {
  if (field.set === undefined) return path
  if (field.op === OP.nest) return find(field.set, bytes, start, end, offset, path) ?? path
  const element = attributeAt(bytes, start, end, offset)
  if (element === undefined) return path
  const here = `${path}[${element.index}]`
  if (offset === element.start) return here
  return find(field.set, bytes, element.start + ATTRIBUTE_HEADER, element.end, offset, here) ?? here
}

/** The attribute among those of `bytes[start..end)` that covers `offset`, and its position. */
const attributeAt = (bytes: Uint8Array, start: number, end: number, offset: number) => {
  let index = 0
  for (let o = start; o + ATTRIBUTE_HEADER <= end && o <= offset; index++) {
    const length = readU16(bytes, o)
    if (length < ATTRIBUTE_HEADER || o + length > end) return undefined
    if (offset < o + length) return { start: o, end: o + length, index }
    o += align(length)
  }
  return undefined
}
