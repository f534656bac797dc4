import { InvalidRangeError, InvalidTypeError } from '@wgctrl/types'
import { OP } from './op.js'

/** What an integer may be, both ends included. */
type Range<T> = readonly [least: T, most: T]

const U16: Range<number> = [0, 0xffff]
const U32: Range<number> = [0, 0xffff_ffff]
const U64: Range<bigint> = [0n, (1n << 64n) - 1n]

const NUMBERS: Readonly<Record<number, Range<number>>> = {
  [OP.u8]: [0, 0xff],
  [OP.u16]: U16,
  [OP.be16]: U16,
  [OP.u32]: U32,
  [OP.be32]: U32,
  [OP.u32Array]: U32,
  [OP.s32]: [-0x8000_0000, 0x7fff_ffff],
}

const BIGINTS: Readonly<Record<number, Range<bigint>>> = {
  [OP.u64]: U64,
  [OP.be64]: U64,
  [OP.s64]: [-(1n << 63n), (1n << 63n) - 1n],
}

/** Whether a value can be written as it is: an integer is cut to its width without a word otherwise. */
export function fits(op: number, value: unknown): boolean {
  switch (op) {
    case OP.u32:
    case OP.be32:
      return typeof value === 'number' && value >>> 0 === value
    case OP.u8:
    case OP.u16:
    case OP.be16:
    case OP.s32: {
      const [least, most] = NUMBERS[op] as Range<number>
      return Number.isInteger(value) && (value as number) >= least && (value as number) <= most
    }
    case OP.u64:
    case OP.be64:
    case OP.s64: {
      const [least, most] = BIGINTS[op] as Range<bigint>
      return typeof value === 'bigint' && value >= least && value <= most
    }
    case OP.binary:
      return value instanceof Uint8Array
    case OP.string:
      return typeof value === 'string' && !value.includes('\0')
    case OP.flag:
      return typeof value === 'boolean'
    case OP.u32Array:
      return Array.isArray(value) && value.every((item) => fits(OP.u32, item))
    case OP.indexedArray:
      return Array.isArray(value) && value.every(isRecord)
    default:
      return isRecord(value)
  }
}

const isRecord = (value: unknown): boolean => typeof value === 'object' && value !== null

const TYPES: Readonly<Record<number, string>> = {
  [OP.binary]: 'must be a Uint8Array',
  [OP.flag]: 'must be true or false',
  [OP.u32Array]: 'must be an array of numbers',
  [OP.indexedArray]: 'must be an array of objects',
}

/** What to throw for a value that does not fit. */
export function misfit(op: number, value: unknown, path: string): TypeError | RangeError {
  if (op === OP.u32Array && Array.isArray(value)) {
    const index = value.findIndex((item) => !fits(OP.u32, item))
    return misfit(OP.u32, value[index], `${path}[${index}]`)
  }
  if (op === OP.string) {
    return typeof value === 'string'
      ? new InvalidRangeError(path, 'must not have a NUL')
      : new InvalidTypeError(path, 'must be a string')
  }
  const isBig = op in BIGINTS
  const range = isBig ? BIGINTS[op] : NUMBERS[op]
  if (!range) return new InvalidTypeError(path, TYPES[op] ?? 'must be an object')
  if (typeof value !== (isBig ? 'bigint' : 'number')) {
    return new InvalidTypeError(path, isBig ? 'must be a bigint' : 'must be a number')
  }
  return new InvalidRangeError(
    path,
    `must be a whole number from ${range[0]} to ${range[1]}, got ${value}`,
  )
}
