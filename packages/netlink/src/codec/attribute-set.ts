import type { Struct } from './struct.js'

/** One attribute of a set. `T` is the type of its value and exists for inference alone. */
export interface Field<T = unknown> {
  readonly op: number
  /** The attribute's number in its enum. */
  readonly type: number
  /** Payload bytes that must be there; fewer is a malformed attribute. */
  readonly minLen: number
  readonly maxLen: number
  /** The attribute may stand several times (`multi-attr`): the value is an array. */
  readonly multi: boolean
  /** For `flags`: the mask of each named bit. */
  readonly masks?: Readonly<Record<string, number>>
  /** Of `binary`: the bytes are attributes, and marked as such. */
  readonly nested?: boolean
  readonly set?: AttributeSet
  readonly struct?: Struct
  /** Never set. */
  readonly value?: T
}

/** The attributes of a set, by the names of their properties. */
// biome-ignore lint/suspicious/noExplicitAny: the variance of a field's value is of no interest here
export type Fields = Record<string, Field<any>>

/**
 * An attribute set: the declaration, and the dense table that it was compiled to.
 * The table is indexed by attribute type; there is one entry per number up to the highest.
 */
export interface AttributeSet<F extends Fields = Fields> {
  readonly name: string
  readonly fields: F
  /** Property names in declaration order: the order in which they are encoded. */
  readonly keys: readonly string[]
  readonly ordered: readonly Field[]
  readonly table: {
    readonly size: number
    /** `OP` of each type; 0 where the set has no such attribute. */
    readonly ops: Uint8Array
    readonly minLen: Uint16Array
    readonly maxLen: Uint16Array
    readonly keys: readonly string[]
    readonly fields: readonly (Field | undefined)[]
  }
}

/** The record that a set decodes to and encodes from. An absent attribute is an absent property. */
export type Infer<S> =
  S extends AttributeSet<infer F>
    ? { -readonly [K in keyof F]?: (F[K] extends Field<infer T> ? T : never) | undefined }
    : never

/**
 * Declares an attribute set and compiles its table. One declaration gives `decode`, `encode`,
 * `locate` and the type (`Infer`).
 *
 * @param name as in the kernel's YAML; it begins the paths in errors
 * @throws {RangeError} when two fields claim one attribute type
 */
export const attributeSet = <const F extends Fields>(name: string, fields: F): AttributeSet<F> => {
  const keys = Object.keys(fields)
  const ordered = Object.values(fields) as Field[]
  const size = Math.max(-1, ...ordered.map((f) => f.type)) + 1
  const table = {
    size,
    ops: new Uint8Array(size),
    minLen: new Uint16Array(size),
    maxLen: new Uint16Array(size).fill(0xffff),
    keys: new Array<string>(size).fill(''),
    fields: new Array<Field | undefined>(size).fill(undefined),
  }
  ordered.forEach((f, i) => {
    if (table.ops[f.type] !== 0) throw new RangeError(`${name}: type ${f.type} is declared twice`)
    table.ops[f.type] = f.op
    table.minLen[f.type] = f.minLen
    table.maxLen[f.type] = f.maxLen
    table.keys[f.type] = keys[i] as string
    table.fields[f.type] = f
  })
  return { name, fields, keys, ordered, table }
}

/** `cidrMask` as the kernel's YAML spells it: `cidr-mask`. */
export const specName = (key: string): string =>
  key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
