import {
  readBe16,
  readBe32,
  readBe64,
  readS32,
  readS64,
  readU16,
  readU32,
  readU64,
  writeBe16,
  writeBe32,
  writeBe64,
  writeU16,
  writeU32,
  writeU64,
} from '@wgctrl/netlink'
import { checkInteger, InvalidRangeError, InvalidTypeError } from '@wgctrl/types'
import type { ByteOrder, IntegerType } from '../spec/model.js'

/** An integer of a fixed width: a number, of 64 bits a bigint. */
export interface Integer {
  readonly width: number
  read(bytes: Uint8Array, offset: number): number | bigint
  /** @throws {TypeError | RangeError} `EINVAL` for what does not fit; 64 bits take a whole number as well */
  check(value: unknown, path: string): number | bigint
  /** Puts a value that was checked. */
  put(bytes: Uint8Array, offset: number, value: number | bigint): void
}

type Reader = Integer['read']
type Putter = (bytes: Uint8Array, offset: number, value: never) => void

const WIDTH: Readonly<Record<IntegerType, number>> = {
  u8: 1,
  u16: 2,
  u32: 4,
  u64: 8,
  s8: 1,
  s16: 2,
  s32: 4,
  s64: 8,
}

const readU8: Reader = (b, o) => b[o] as number
const writeU8 = (b: Uint8Array, o: number, value: number): void => {
  b[o] = value
}

/** Native order is little-endian wherever `@wgctrl/netlink` opens a socket. */
const LITTLE: Readonly<Record<IntegerType, Reader>> = {
  u8: readU8,
  u16: readU16,
  u32: readU32,
  u64: readU64,
  s8: (b, o) => ((b[o] as number) << 24) >> 24,
  s16: (b, o) => (readU16(b, o) << 16) >> 16,
  s32: readS32,
  s64: readS64,
}

const BIG: Readonly<Record<IntegerType, Reader>> = {
  ...LITTLE,
  u16: readBe16,
  u32: readBe32,
  u64: readBe64,
  s16: (b, o) => (readBe16(b, o) << 16) >> 16,
  s32: (b, o) => readBe32(b, o) | 0,
  s64: (b, o) => BigInt.asIntN(64, readBe64(b, o)),
}

const WRITE_LITTLE: Readonly<Record<number, Putter>> = {
  1: writeU8,
  2: writeU16,
  4: writeU32,
  8: writeU64,
}
const WRITE_BIG: Readonly<Record<number, Putter>> = {
  1: writeU8,
  2: writeBe16,
  4: writeBe32,
  8: writeBe64,
}

/** How an integer of a spec is read and written. */
export function integer(type: IntegerType, order?: ByteOrder): Integer {
  const width = WIDTH[type]
  const put = (order === 'big-endian' ? WRITE_BIG : WRITE_LITTLE)[width] as Integer['put']
  return {
    width,
    read: (order === 'big-endian' ? BIG : LITTLE)[type],
    check: rangeCheck(type),
    put,
  }
}

/** What refuses values that an integer of a type cannot have. */
function rangeCheck(type: IntegerType): (value: unknown, path: string) => number | bigint {
  const bits = WIDTH[type] * 8
  const isSigned = type.startsWith('s')
  if (bits === 64) return (value, path) => checkedBig(value, path, isSigned)
  const least = isSigned ? -(2 ** (bits - 1)) : 0
  const most = isSigned ? 2 ** (bits - 1) - 1 : 2 ** bits - 1
  return (value, path) => {
    checkInteger(value, path, least, most)
    return value as number
  }
}

/** A bigint of 64 bits, or a whole number in its place. */
export function checkedBig(value: unknown, path: string, isSigned: boolean): bigint {
  const isWhole = typeof value === 'number' && Number.isSafeInteger(value)
  if (typeof value !== 'bigint' && !isWhole) {
    throw new InvalidTypeError(path, 'must be a bigint, or a whole number')
  }
  const big = BigInt(value as number | bigint)
  const fits = isSigned ? BigInt.asIntN(64, big) === big : BigInt.asUintN(64, big) === big
  if (!fits) {
    throw new InvalidRangeError(
      path,
      `does not fit in 64 bits ${isSigned ? 'with' : 'without'} a sign`,
    )
  }
  return big
}
