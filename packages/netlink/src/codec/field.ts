import type { AttributeSet, Field, Infer } from './attribute-set.js'
import { OP } from './op.js'
import type { Struct, StructValue } from './struct.js'

export { OP }

const MAX = 0xffff - 4

const field = <T>(op: number, type: number, minLen: number, rest: Partial<Field<T>> = {}) =>
  ({ op, type, minLen, maxLen: MAX, multi: false, ...rest }) as Field<T>

/** A number of 8 bits. */
export const u8 = (type: number) => field<number>(OP.u8, type, 1)
/** A number of 16 bits. */
export const u16 = (type: number) => field<number>(OP.u16, type, 2)
/** A number of 32 bits. */
export const u32 = (type: number) => field<number>(OP.u32, type, 4)
/** A number of 64 bits. */
export const u64 = (type: number) => field<bigint>(OP.u64, type, 8)
/** A number of 32 bits with a sign. */
export const s32 = (type: number) => field<number>(OP.s32, type, 4)
/** A number of 64 bits with a sign. */
export const s64 = (type: number) => field<bigint>(OP.s64, type, 8)
/** Network byte order. */
export const be16 = (type: number) => field<number>(OP.be16, type, 2)
/** Network byte order. */
export const be32 = (type: number) => field<number>(OP.be32, type, 4)
/** Network byte order. */
export const be64 = (type: number) => field<bigint>(OP.be64, type, 8)
/** NUL-terminated on the wire; the NUL is no part of the value. */
export const string = (type: number) => field<string>(OP.string, type, 0)
/** An attribute without payload: `true` when it is there. */
export const flag = (type: number) => field<boolean>(OP.flag, type, 0)
/** A u32 array without per-element headers. */
export const u32Array = (type: number) => field<number[]>(OP.u32Array, type, 0)

/**
 * Bytes; decoded values are copies that the caller owns. `nested`: they are attributes whose set depends on what stands
 * beside them.
 */
export const binary = (
  type: number,
  limits: { len?: number; minLen?: number; maxLen?: number; nested?: boolean } = {},
) =>
  field<Uint8Array>(OP.binary, type, limits.len ?? limits.minLen ?? 0, {
    maxLen: limits.len ?? limits.maxLen ?? MAX,
    ...(limits.nested && { nested: true }),
  })

/**
 * A u32 of named bits, named by bit position as in the kernel's YAML. The value is the plain
 * number, so that bits which this table does not know survive; `masks` has the named ones.
 */
export const flags = <const B extends Record<string, number>>(type: number, bits: B) =>
  field<number>(OP.u32, type, 4, {
    masks: Object.fromEntries(Object.entries(bits).map(([name, bit]) => [name, (1 << bit) >>> 0])),
  }) as Field<number> & { readonly masks: { readonly [K in keyof B]: number } }

/** An attribute that holds attributes of another set. */
export const nest = <S extends AttributeSet>(type: number, set: S) =>
  field<Infer<S>>(OP.nest, type, 0, { set })

/** A nest of nests, whose inner attribute types are an index that is not part of the value. */
export const indexedArray = <S extends AttributeSet>(type: number, set: S) =>
  field<Infer<S>[]>(OP.indexedArray, type, 0, { set })

/** An attribute that is a struct. */
export const fixed = <S extends Struct>(type: number, struct: S) =>
  field<S extends Struct<infer M> ? StructValue<M> : never>(OP.struct, type, struct.minSize, {
    struct: struct as unknown as Struct,
  })

/** The attribute may stand several times; its value is an array. */
export const multi = <T>(inner: Field<T>): Field<T[]> =>
  ({ ...inner, multi: true }) as unknown as Field<T[]>
