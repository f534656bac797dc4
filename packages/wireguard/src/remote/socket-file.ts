import { once } from 'node:events'
import {
  type BigIntStats,
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdtempSync,
  renameSync,
  rmdirSync,
  unlinkSync,
} from 'node:fs'
import { type Server, Socket } from 'node:net'
import { dirname, join } from 'node:path'
import { invalid, KEPT_APART, WireGuardError } from '@wgctrl/types'

/** Bytes. @source linux/un.h: UNIX_PATH_MAX 108, less the closing NUL */
const LONGEST_PATH = 107

export interface SocketFileOptions {
  /** The file's mode. */
  readonly mode: number
  /** The file's group; absent: the process' own. */
  readonly group: number | undefined
}

/**
 * Has a server listen at a path. The socket is made in a folder of its own and is put in its place when its mode and
 * group are right: nobody can connect before. One that a dead process left behind is replaced, one that somebody listens
 * on never.
 *
 * @returns removes the file, if it is still this one
 * @throws {WireGuardError} `EADDRINUSE` when somebody listens there, `EEXIST` when something else than a socket is there;
 *   `EINVAL` for a path that is too long
 */
export async function listenAt(
  server: Server,
  path: string,
  { mode, group }: SocketFileOptions,
): Promise<() => void> {
  const folder = mkdtempSync(join(dirname(checkPath(path)), '.'))
  const made = join(folder, 's')
  const aside = join(folder, 'o')
  try {
    checkPath(made)
    server.listen({ path: made })
    await once(server, 'listening')
    if (group !== undefined) chownSync(made, -1, group)
    chmodSync(made, mode)
    await removeStale(path, aside)
    putAt(made, path)
    const own = statusOf(path)
    return () => {
      if (own && isSame(statusOf(path), own)) unlinkSync(path)
    }
  } finally {
    // One by one: `rmSync` would look at the socket, and modules could not be found any more (see KEPT_APART).
    for (const left of [made, aside]) unlinkIfThere(left)
    rmdirSync(folder)
  }
}

function unlinkIfThere(path: string): void {
  if (statusOf(path)) unlinkSync(path)
}

function checkPath(path: string): string {
  if (Buffer.byteLength(path) <= LONGEST_PATH && !path.includes('\0') && path !== '') return path
  throw invalid('path', `the path of a socket has 1 to ${LONGEST_PATH} bytes`)
}

/** A link to a name that is taken fails: of two who begin at once one has it. */
function putAt(made: string, path: string): void {
  try {
    linkSync(made, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw inUse(path)
    throw error
  }
}

const inUse = (path: string): WireGuardError =>
  new WireGuardError(`${path}: another process listens there`, { code: 'EADDRINUSE' })

async function removeStale(path: string, aside: string): Promise<void> {
  const found = statusOf(path)
  if (!found) return
  if (!found.isSocket()) {
    throw new WireGuardError(`${path} is there, and is no socket`, { code: 'EEXIST' })
  }
  if (await isAlive(path)) throw inUse(path)
  // Another server may have replaced it meanwhile: what was taken away tells.
  renameSync(path, aside)
  if (isSame(statusOf(aside), found)) return unlinkSync(aside)
  putAt(aside, path)
  throw inUse(path)
}

/** What is not answered with "nobody is there" may be somebody who is busy. */
async function isAlive(path: string): Promise<boolean> {
  const socket = new Socket()
  try {
    const connected = once(socket, 'connect')
    socket.connect(path)
    await connected
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code !== 'ECONNREFUSED' && code !== 'ENOENT'
  } finally {
    socket.destroy()
  }
}

function statusOf(path: string): BigIntStats | undefined {
  return lstatSync(path, { ...KEPT_APART, throwIfNoEntry: false })
}

const isSame = (one: BigIntStats | undefined, other: BigIntStats): boolean =>
  one?.ino === other.ino && one.dev === other.dev
