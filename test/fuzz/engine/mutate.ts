/** Random numbers that a seed makes again: mulberry32. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** From 0 up to, not including, `end`. */
  below(end: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * end)
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T
  }
}

/** Lengths and counts that code is likely to get wrong. */
const NUMBERS = [
  0, 1, 2, 3, 4, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 127, 128, 255, 256, 4095, 4096, 32767, 32768,
  65531, 65535, 65536, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff,
]

/** Larger inputs find little that smaller ones do not, and are slow. */
export const LONGEST_INPUT = 4096

/** A changed copy of `input`: one to eight of the changes below. */
export function mutate(
  input: Uint8Array,
  others: readonly Uint8Array[],
  words: readonly Uint8Array[],
  random: Random,
): Uint8Array {
  let bytes = Uint8Array.from(input)
  for (let left = 1 << random.below(4); left > 0; left--)
    bytes = change(bytes, others, words, random)
  return bytes.subarray(0, LONGEST_INPUT)
}

function change(
  bytes: Uint8Array<ArrayBuffer>,
  others: readonly Uint8Array[],
  words: readonly Uint8Array[],
  random: Random,
): Uint8Array<ArrayBuffer> {
  const at = random.below(bytes.length + 1)
  const length = 1 + random.below(Math.min(64, bytes.length + 1))
  switch (random.below(10)) {
    case 0:
      if (at < bytes.length) bytes[at] = (bytes[at] as number) ^ (1 << random.below(8))
      return bytes
    case 1:
      if (at < bytes.length) bytes[at] = random.below(256)
      return bytes
    case 2:
      return putNumber(bytes, at, random)
    case 3:
      return replace(bytes, at, length, [])
    case 4:
      return replace(
        bytes,
        at,
        0,
        Array.from({ length }, () => random.below(256)),
      )
    case 5: {
      const from = random.below(bytes.length + 1)
      return replace(bytes, at, 0, bytes.slice(from, from + length))
    }
    case 6: {
      const from = random.below(bytes.length + 1)
      return replace(bytes, at, length, bytes.slice(from, from + length))
    }
    case 7: {
      const other = random.pick(others)
      const from = random.below(other.length + 1)
      return replace(bytes, at, random.below(2) * bytes.length, other.slice(from))
    }
    case 8:
      return words.length > 0 ? replace(bytes, at, 0, random.pick(words)) : bytes
    default: {
      if (words.length === 0) return bytes
      const word = random.pick(words)
      return replace(bytes, at, word.length, word)
    }
  }
}

/** In one, two or four bytes, little- or big-endian. */
function putNumber(
  bytes: Uint8Array<ArrayBuffer>,
  at: number,
  random: Random,
): Uint8Array<ArrayBuffer> {
  const size = 1 << random.below(3)
  if (at + size > bytes.length) return bytes
  const value = random.pick(NUMBERS)
  const isLittle = random.below(2) === 0
  for (let index = 0; index < size; index++) {
    bytes[at + index] = value >>> (8 * (isLittle ? index : size - 1 - index))
  }
  return bytes
}

function replace(
  bytes: Uint8Array,
  at: number,
  length: number,
  by: ArrayLike<number>,
): Uint8Array<ArrayBuffer> {
  const tail = bytes.subarray(Math.min(bytes.length, at + length))
  const changed = new Uint8Array(at + by.length + tail.length)
  changed.set(bytes.subarray(0, at))
  changed.set(by, at)
  changed.set(tail, at + by.length)
  return changed
}
