import { randomBytes } from 'node:crypto'

/** Nobody who chooses what is hashed can choose what meets. */
const SEED: number = randomBytes(4).readInt32LE()

/**
 * The hash of `words[from, from + count)`, for a table of this process: a rotation and a multiplication for each word, and
 * the high bits in the low ones.
 *
 * @internal
 */
export function hashOfWords(words: Int32Array, from: number, count: number): number {
  let hash = SEED
  for (let at = from; at < from + count; at++) {
    hash = Math.imul(((hash << 5) | (hash >>> 27)) ^ (words[at] as number), 0x9e3779b1)
  }
  hash ^= hash >>> 15
  return hash ^ (hash >>> 7)
}
