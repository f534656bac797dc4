import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { checkTrusted } from '@wgctrl/types'
import { type FileStamp, stampOf } from '../../files/trusted-text.js'

/** The files that clients are in, each with what changes when it is written. */
export type ClientFiles = ReadonlyMap<string, FileStamp>

/** Files that editors and package managers leave, and those that are being made, are named otherwise. */
const CLIENTS = /^[^.].*\.conf$/

/** How many files are looked at at once. */
const AT_ONCE = 64

/**
 * @param path a folder or a file
 * @throws {WireGuardError} `EPERM` when others can write the folder
 * @throws {Error} when it cannot be read, with the system's code
 */
export async function listClientFiles(path: string): Promise<ClientFiles> {
  const status = await stat(path, { bigint: true })
  if (!status.isDirectory()) return new Map([[path, stampOf(status)]])
  checkTrusted(path, { mode: Number(status.mode), uid: Number(status.uid) }, true)
  const names = (await readdir(path)).filter((name) => CLIENTS.test(name)).sort()
  const files = new Map<string, FileStamp>()
  for (let at = 0; at < names.length; at += AT_ONCE) {
    const some = names.slice(at, at + AT_ONCE).map((name) => join(path, name))
    const found = await Promise.all(some.map((file) => stat(file, { bigint: true }).catch(ifGone)))
    for (const [index, file] of some.entries()) {
      const status = found[index]
      if (status) files.set(file, stampOf(status))
    }
  }
  return files
}

/** Removed since it was listed, or a link that leads nowhere. */
function ifGone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}
