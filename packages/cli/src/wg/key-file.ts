import { open } from 'node:fs/promises'
import { SecretKey } from '@wgctrl/types'
import type { Io } from '../io.js'
import { isSeekable as isSeekableFile } from '../seekable.js'
import { CommandFailure, reasonOfFile } from './failure.js'
import { isSpace, KEY_TEXT_LENGTH } from './key-text.js'

/**
 * The key in a file: 44 characters of base64 and white space. Nothing at all, as in /dev/null, is 32 zero
 * bytes, which clear a key; nothing from a pipe is a mistake.
 *
 * @throws {CommandFailure} it never repeats what was read
 */
export async function readKeyFile(path: string, io: Io): Promise<SecretKey> {
  const { bytes, isSeekable } = await readContent(path, io)
  try {
    return parseKeyFile(bytes, isSeekable)
  } finally {
    bytes.fill(0)
  }
}

interface Content {
  readonly bytes: Uint8Array
  readonly isSeekable: boolean
}

function parseKeyFile(bytes: Uint8Array, isSeekable: boolean): SecretKey {
  if (bytes.length === 0 && isSeekable) return SecretKey.from(new Uint8Array(32))
  if (bytes.length < KEY_TEXT_LENGTH) throw new CommandFailure(TOO_SHORT)
  if (!bytes.subarray(KEY_TEXT_LENGTH).every(isSpace)) {
    throw new CommandFailure('Found trailing character in key file')
  }
  const key = SecretKey.fromBase64(bytes.subarray(0, KEY_TEXT_LENGTH))
  if (key) return key
  throw new CommandFailure('Key is not the correct length or format: (hidden)')
}

const TOO_SHORT = 'Invalid length key in key file'

async function readContent(path: string, io: Io): Promise<Content> {
  try {
    return await readInput(path, io)
  } catch (error) {
    // fopen(3) opens a folder, and finds nothing to read in it.
    const isFolder = (error as NodeJS.ErrnoException).code === 'EISDIR'
    throw new CommandFailure(isFolder ? TOO_SHORT : `fopen: ${reasonOfFile(error)}`)
  }
}

/** The content of a file; of standard input where the path means that, also where it is a socket. */
export async function readInput(path: string, { stdin }: Io): Promise<Content> {
  if (path === '/dev/stdin') {
    const { isSeekable } = stdin
    return { bytes: await stdin.read(), isSeekable }
  }
  const file = await open(path)
  try {
    return { bytes: await file.readFile(), isSeekable: isSeekableFile(file.fd) }
  } finally {
    await file.close()
  }
}
