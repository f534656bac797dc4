/**
 * BLAKE2s with a key and an output of any length (RFC 7693, sequential mode, no salt).
 * node:crypto has BLAKE2s neither keyed nor of 16 bytes, and WireGuard's MAC is both. What it has costs an object of its own
 * for each hash, which the garbage collector stands still for: thousands in a second, when many clients come at once.
 */

/** @source RFC 7693, section 2.6: those of SHA-256 */
const IV = Int32Array.of(
  0x6a09e667,
  0xbb67ae85,
  0x3c6ef372,
  0xa54ff53a,
  0x510e527f,
  0x9b05688c,
  0x1f83d9ab,
  0x5be0cd19,
)

/** The order of the message words in each round. @source RFC 7693, section 2.7 */
const SIGMA = Uint8Array.from(
  [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
    [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
    [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
    [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
    [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
    [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
    [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
    [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
    [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
  ].flat(),
)

const BLOCK = 64
const HASH_LENGTH = 32
const NO_KEY = new Uint8Array(0)

// One call at a time and no yielding in between: scratch space that every call overwrites.
const state = new Int32Array(8)
const work = new Int32Array(16)
const words = new Int32Array(16)
const block = new Uint8Array(BLOCK)

/**
 * @param key at most 32 bytes; empty for the plain hash
 * @param length of the output in bytes, 1 to 32
 */
export function blake2s(input: Uint8Array, key: Uint8Array, length: number): Uint8Array {
  begin(key, length)
  if (key.length === 0) return finish(input, 0, length)
  compress(block, 0, BLOCK, input.length === 0)
  return input.length === 0 ? digest(length) : finish(input, BLOCK, length)
}

/** HMAC of BLAKE2s with 32 bytes of output (RFC 2104), of a key of 64 bytes at most. */
export function hmacBlake2s(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const inner = padded(key, 0x36, parts)
  const outer = padded(key, 0x5c, [blake2s(inner, NO_KEY, HASH_LENGTH)])
  const mac = blake2s(outer, NO_KEY, HASH_LENGTH)
  inner.fill(0)
  outer.fill(0)
  return mac
}

function padded(key: Uint8Array, pad: number, parts: readonly Uint8Array[]): Uint8Array {
  let end = BLOCK
  for (const part of parts) end += part.length
  const bytes = new Uint8Array(end).fill(pad, 0, BLOCK)
  for (let index = 0; index < key.length; index++) bytes[index] = (key[index] as number) ^ pad
  end = BLOCK
  for (const part of parts) {
    bytes.set(part, end)
    end += part.length
  }
  return bytes
}

/**
 * The same for many inputs and one key, whose own block is worked on once.
 *
 * @returns a function of the input, which must not be empty
 */
export function blake2sMac(key: Uint8Array, length: number): (input: Uint8Array) => Uint8Array {
  begin(key, length)
  compress(block, 0, BLOCK, false)
  const afterKey = state.slice()
  return (input) => {
    state.set(afterKey)
    return finish(input, BLOCK, length)
  }
}

/** Sets up the state, and the key as the first block. */
function begin(key: Uint8Array, length: number): void {
  state.set(IV)
  // The parameter block's first word: length, key length, fanout 1, depth 1 (section 2.5).
  state[0] = (state[0] as number) ^ 0x01010000 ^ (key.length << 8) ^ length
  block.fill(0)
  block.set(key)
}

/** @param done how many bytes were worked on before the input */
function finish(input: Uint8Array, done: number, length: number): Uint8Array {
  let at = 0
  for (; input.length - at > BLOCK; at += BLOCK) compress(input, at, done + at + BLOCK, false)
  block.fill(0)
  block.set(input.subarray(at))
  compress(block, 0, done + input.length, true)
  return digest(length)
}

function digest(length: number): Uint8Array {
  const out = new Uint8Array(length)
  for (let index = 0; index < length; index++) {
    out[index] = (state[index >> 2] as number) >>> (8 * (index & 3))
  }
  block.fill(0)
  return out
}

/**
 * The function F of section 3.2. Inputs are far below 2^32 bytes: the counter's high word is 0.
 * Plain indices, no objects: this runs on every packet of a flood.
 */
function compress(bytes: Uint8Array, offset: number, count: number, isLast: boolean): void {
  for (let index = 0, at = offset; index < 16; index++, at += 4) {
    const low = (bytes[at] as number) | ((bytes[at + 1] as number) << 8)
    words[index] = low | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24)
  }
  for (let index = 0; index < 8; index++) {
    work[index] = state[index] as number
    work[index + 8] = IV[index] as number
  }
  work[12] = (work[12] as number) ^ count
  if (isLast) work[14] = ~(work[14] as number)
  for (let round = 0; round < 160; round += 16) {
    mix(0, 4, 8, 12, round)
    mix(1, 5, 9, 13, round + 2)
    mix(2, 6, 10, 14, round + 4)
    mix(3, 7, 11, 15, round + 6)
    mix(0, 5, 10, 15, round + 8)
    mix(1, 6, 11, 12, round + 10)
    mix(2, 7, 8, 13, round + 12)
    mix(3, 4, 9, 14, round + 14)
  }
  for (let index = 0; index < 8; index++) {
    const folded = (work[index] as number) ^ (work[index + 8] as number)
    state[index] = (state[index] as number) ^ folded
  }
}

/** The function G of section 3.1, on two message words whose places stand at `at` in SIGMA. */
function mix(ia: number, ib: number, ic: number, id: number, at: number): void {
  let a = work[ia] as number
  let b = work[ib] as number
  let c = work[ic] as number
  let d = work[id] as number
  a = (a + b + (words[SIGMA[at] as number] as number)) | 0
  d ^= a
  d = (d >>> 16) | (d << 16)
  c = (c + d) | 0
  b ^= c
  b = (b >>> 12) | (b << 20)
  a = (a + b + (words[SIGMA[at + 1] as number] as number)) | 0
  d ^= a
  d = (d >>> 8) | (d << 24)
  c = (c + d) | 0
  b ^= c
  b = (b >>> 7) | (b << 25)
  work[ia] = a
  work[ib] = b
  work[ic] = c
  work[id] = d
}
