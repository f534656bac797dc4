import { randomBytes } from 'node:crypto'
import { type FileHandle, open, realpath, rename, stat, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { checkFields, checkTrusted, inContext, type UnsafePermissions } from '@wgctrl/types'
import { READ_OPTIONS } from '../option-fields.js'
import type { ConfigFile } from './config-file.js'
import { checkFilePath } from './file-path.js'
import { formatConfig, type ParseOptions, parseNamed } from './parse.js'
import { decodeText, encodeText } from './text-encoding.js'

export interface ReadOptions extends ParseOptions {
  /**
   * What to do with a file that somebody else than this user and root can write: its hooks run as
   * whoever brings the interface up. Absent: `refuse` it with `EPERM`. Pipes are taken from anybody.
   */
  readonly unsafePermissions?: UnsafePermissions | undefined
}

/**
 * Reads a config file.
 *
 * @throws {ConfigFileError} `EINVAL`; `problems` has all that is wrong, `file` the path
 * @throws {TypeError} `EINVAL` when `path` is no string
 * @throws {WireGuardError} `ENOENT`, `EPERM` (also when others can write the file), …
 */
export async function readConfigFile(path: string, options: ReadOptions = {}): Promise<ConfigFile> {
  checkFilePath(path)
  checkFields(options, 'options', READ_OPTIONS)
  const { unsafePermissions = 'refuse' } = options
  const bytes = await inFile('readConfigFile', () => readTrusted(path, unsafePermissions))
  try {
    return parseNamed(decodeText(bytes), options, path)
  } finally {
    bytes.fill(0)
  }
}

/**
 * Writes a config file, with secrets, for its owner alone (mode 0600). The file is never half written: a
 * crash leaves the old one or the new one, and once this returns the new one is on the disk. An existing
 * file keeps its owner where the process may give files away; a symbolic link keeps pointing to it.
 *
 * @throws {WireGuardError} `EPERM`, `ENOENT` (no such directory), `ENOSPC`, …; the old file is untouched
 * @throws {TypeError} `EINVAL` when `path` is no string, or `config` no file that was parsed
 */
export async function writeConfigFile(path: string, config: ConfigFile): Promise<void> {
  checkFilePath(path)
  const bytes = encodeText(formatConfig(config))
  try {
    await inFile('writeConfigFile', () => replaceFile(path, bytes))
  } finally {
    bytes.fill(0)
  }
}

async function inFile<T>(operation: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body()
  } catch (error) {
    throw inContext(error, { operation })
  }
}

async function readTrusted(path: string, permissions: UnsafePermissions): Promise<Buffer> {
  const file = await open(path, 'r')
  try {
    const status = await file.stat()
    if (permissions === 'refuse' && status.isFile()) checkTrusted(path, status)
    return await file.readFile()
  } finally {
    await file.close()
  }
}

async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  const target = await realpath(path).catch(ifAbsent(path))
  const directory = dirname(target)
  const name = `.${basename(target)}.${randomBytes(6).toString('hex')}.tmp`
  const temporary = join(directory, name)
  const file = await open(temporary, 'wx', 0o600)
  try {
    try {
      await keepOwner(target, file)
      await file.chmod(0o600)
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, target)
  } catch (error) {
    await unlink(temporary).catch(() => undefined)
    throw error
  }
  await syncDirectory(directory)
}

async function keepOwner(target: string, file: FileHandle): Promise<void> {
  const old = await stat(target).catch(ifAbsent(undefined))
  if (!old) return
  const made = await file.stat()
  if (old.uid === made.uid && old.gid === made.gid) return
  await file.chown(old.uid, old.gid).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPERM') throw error
  })
}

/** The new name is on the disk only when its directory is. Windows cannot open directories. */
async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function ifAbsent<T>(value: T): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    if (error.code === 'ENOENT') return value
    throw error
  }
}
