import { SecretKey } from '@wgctrl/types'
import { isSpace, KEY_TEXT_LENGTH } from './key-text.js'

const NO_KEY = 'Key is not the correct length or format'
const TOO_MUCH = 'Trailing characters found after key'

/**
 * Reads a key from what came in, as wg(8) does, and zeroes that.
 *
 * @returns the key, for the caller to wipe, or what is wrong
 */
export function takeKey(input: Uint8Array): SecretKey | string {
  try {
    const problem = problemOf(input)
    if (problem !== undefined) return problem
    return SecretKey.fromBase64(input.subarray(0, KEY_TEXT_LENGTH)) ?? NO_KEY
  } finally {
    input.fill(0)
  }
}

/** What is wrong with the length of the input. A NUL behind the key is skipped like white space. */
function problemOf(input: Uint8Array): string | undefined {
  if (input.length < KEY_TEXT_LENGTH) return NO_KEY
  const rest = input.subarray(KEY_TEXT_LENGTH)
  return rest.every((code) => code === 0 || isSpace(code)) ? undefined : TOO_MUCH
}
