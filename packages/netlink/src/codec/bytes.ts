/**
 * Integers in and out of byte arrays.
 *
 * Netlink is native-endian. x64 and arm64, the platforms this package opens sockets on, are both
 * little-endian, so "native" is little-endian here and nowhere else; `openNetlinkSocket` refuses a
 * big-endian machine. The `Be` forms are for the few network-order fields (addresses, ports).
 *
 * Reads past the end give `undefined` arithmetic, never a throw: callers check lengths first.
 */

/** 16 bits. */
export const readU16 = (b: Uint8Array, o: number): number =>
  (b[o] as number) | ((b[o + 1] as number) << 8)

/** 32 bits. */
export const readU32 = (b: Uint8Array, o: number): number => readS32(b, o) >>> 0

/** 32 bits with a sign. */
export const readS32 = (b: Uint8Array, o: number): number =>
  (b[o] as number) |
  ((b[o + 1] as number) << 8) |
  ((b[o + 2] as number) << 16) |
  ((b[o + 3] as number) << 24)

/** One bigint from one double where the value is exact in a double; two halves above 2^53. */
export const readU64 = (b: Uint8Array, o: number): bigint => {
  const high = readU32(b, o + 4)
  const low = readU32(b, o)
  if (high === 0 && low === 0) return 0n
  return high < 0x200000 ? BigInt(high * 0x1_0000_0000 + low) : (BigInt(high) << 32n) | BigInt(low)
}

/** The same without a bigint where a number is exact: nearly all counters are. */
export const readU64Counter = (b: Uint8Array, o: number): number | bigint => {
  const high = readU32(b, o + 4)
  return high < 0x200000 ? high * 0x1_0000_0000 + readU32(b, o) : readU64(b, o)
}

/** 64 bits with a sign. */
export const readS64 = (b: Uint8Array, o: number): bigint => BigInt.asIntN(64, readU64(b, o))

/** 16 bits in network byte order. */
export const readBe16 = (b: Uint8Array, o: number): number =>
  ((b[o] as number) << 8) | (b[o + 1] as number)

/** 32 bits in network byte order. */
export const readBe32 = (b: Uint8Array, o: number): number =>
  (((b[o] as number) << 24) |
    ((b[o + 1] as number) << 16) |
    ((b[o + 2] as number) << 8) |
    (b[o + 3] as number)) >>>
  0

/** 64 bits in network byte order. */
export const readBe64 = (b: Uint8Array, o: number): bigint =>
  (BigInt(readBe32(b, o)) << 32n) | BigInt(readBe32(b, o + 4))

/** The low 16 bits: of a negative number its two's complement, as with the others. */
export const writeU16 = (b: Uint8Array, o: number, value: number): void => {
  b[o] = value
  b[o + 1] = value >>> 8
}

/** The low 32 bits. */
export const writeU32 = (b: Uint8Array, o: number, value: number): void => {
  b[o] = value
  b[o + 1] = value >>> 8
  b[o + 2] = value >>> 16
  b[o + 3] = value >>> 24
}

/** The low 64 bits. */
export const writeU64 = (b: Uint8Array, o: number, value: bigint): void => {
  writeU32(b, o, Number(value & 0xffffffffn))
  writeU32(b, o + 4, Number((value >> 32n) & 0xffffffffn))
}

/** The low 16 bits in network byte order. */
export const writeBe16 = (b: Uint8Array, o: number, value: number): void => {
  b[o] = value >>> 8
  b[o + 1] = value
}

/** The low 32 bits in network byte order. */
export const writeBe32 = (b: Uint8Array, o: number, value: number): void => {
  b[o] = value >>> 24
  b[o + 1] = value >>> 16
  b[o + 2] = value >>> 8
  b[o + 3] = value
}

/** The low 64 bits in network byte order. */
export const writeBe64 = (b: Uint8Array, o: number, value: bigint): void => {
  writeBe32(b, o, Number((value >> 32n) & 0xffffffffn))
  writeBe32(b, o + 4, Number(value & 0xffffffffn))
}

const utf8 = new TextDecoder()

/** Text up to the first NUL or `end`. Names are short ASCII, so no decoder is entered for them. */
export const readString = (b: Uint8Array, start: number, end: number): string => {
  let text = ''
  for (let o = start; o < end; o++) {
    const byte = b[o] as number
    if (byte === 0) return text
    if (byte > 0x7f) {
      const nul = b.indexOf(0, start)
      return utf8.decode(b.subarray(start, nul >= 0 && nul < end ? nul : end))
    }
    text += String.fromCharCode(byte)
  }
  return text
}
