import { publicKey, SecretKey } from '@wgctrl/types'
import type { Run } from '../command.js'
import { isSpace, KEY_TEXT_LENGTH } from './key-text.js'
import { printUsage } from './usage.js'

const NO_KEY = 'Key is not the correct length or format'
const TOO_MUCH = 'Trailing characters found after key'

export const run: Run = async (invocation, io) => {
  const { program, words } = invocation
  if (words.length > 0) {
    printUsage(invocation, io)
    return 1
  }
  const input = await io.stdin.read()
  try {
    const problem = problemOf(input)
    const key = problem ? undefined : SecretKey.fromBase64(input.subarray(0, KEY_TEXT_LENGTH))
    if (!key) {
      io.stderr.write(`${program}: ${problem ?? NO_KEY}\n`)
      return 1
    }
    io.stdout.write(`${publicKey(key)}\n`)
    key.wipe()
    return 0
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
