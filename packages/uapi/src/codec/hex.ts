/** The value of each hex digit by character code; 255 for every other character. */
const DIGITS = new Uint8Array(256).fill(255)
for (let value = 0; value < 16; value++) {
  const digit = value.toString(16)
  DIGITS[digit.charCodeAt(0)] = value
  DIGITS[digit.toUpperCase().charCodeAt(0)] = value
}

const CHARACTERS = Uint8Array.from('0123456789abcdef', (character) => character.charCodeAt(0))

/**
 * Decodes the 64 hex digits at `from` into 32 bytes of `target`. From bytes to bytes: the text of a
 * secret never becomes a string, which nobody could wipe.
 *
 * @returns false when one of them is no hex digit
 */
export function decodeHexKey(text: Uint8Array, from: number, target: Uint8Array): boolean {
  let bad = 0
  for (let index = 0; index < 32; index++) {
    const high = DIGITS[text[from + 2 * index] as number] as number
    const low = DIGITS[text[from + 2 * index + 1] as number] as number
    bad |= high | low
    target[index] = (high << 4) | low
  }
  return bad < 16
}

/** Writes 32 bytes as 64 lower-case hex digits at `at`. */
export function encodeHexKey(key: Uint8Array, target: Uint8Array, at: number): void {
  for (let index = 0; index < 32; index++) {
    const byte = key[index] as number
    target[at + 2 * index] = CHARACTERS[byte >> 4] as number
    target[at + 2 * index + 1] = CHARACTERS[byte & 15] as number
  }
}
