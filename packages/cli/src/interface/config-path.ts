import { stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import type { Globals } from '../globals.js'
import { configFileOf } from '../peer-names/peer-names.js'
import { reasonOfFile } from '../wg/failure.js'

/** A config file, and the interface that it is for. */
export interface ConfigPath {
  readonly path: string
  readonly name: string
}

const NAME = /^[a-zA-Z0-9_=+.-]{1,15}$/
const FILE = /^([a-zA-Z0-9_=+.-]{1,15})\.conf$/

/**
 * Finds the file that a word on the command line means: a bare name is one of /etc/wireguard, of AmneziaWG of /etc/amnezia/amneziawg.
 *
 * @param warn told when others can read the file, and so the keys
 * @returns `undefined` when a bare name has no file
 * @throws {Error} in words for the user
 * @source wg-quick(8), src/wg-quick/linux.bash, parse_options
 */
export async function findConfig(
  word: string,
  warn: (text: string) => void,
  { dialect }: Pick<Globals, 'dialect'> = {},
): Promise<ConfigPath | undefined> {
  const isName = NAME.test(word)
  const path = isName ? configFileOf(word, dialect) : word
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    const advice = error.code === 'EACCES' ? ': run as root' : ''
    throw new Error(`cannot look at ${path}: ${reasonOfFile(error)}${advice}`)
  })
  if (!found) {
    if (isName) return undefined
    throw new Error(`${path} does not exist`)
  }
  const name = FILE.exec(basename(path))?.[1]
  if (name === undefined) {
    throw new Error(
      `${path} is not named for an interface: expected up to 15 characters, then .conf`,
    )
  }
  // Windows has no such modes, and Node says 0666 of every file there.
  const isOpen = process.platform !== 'win32' && (found.mode & 0o007) !== 0
  if (isOpen && ((await stat(dirname(path))).mode & found.mode & 0o007) !== 0) {
    warn(`${path} can be read by everybody`)
  }
  return { path, name }
}

/**
 * As {@link findConfig}, where there has to be a file.
 *
 * @throws {Error} in words for the user
 */
export async function configOf(
  word: string,
  warn: (text: string) => void,
  globals: Pick<Globals, 'dialect'>,
): Promise<ConfigPath> {
  const found = await findConfig(word, warn, globals)
  if (!found) throw new Error(`${configFileOf(word, globals.dialect)} does not exist`)
  return found
}
