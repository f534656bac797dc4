import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { checkTrusted, inContext, WireGuardError } from '@wgctrl/types'

/** Bytes. Some two million clients. */
const LARGEST = 256 * 2 ** 20

/** What changes when a file is written or replaced. */
export interface FileStamp {
  readonly size: bigint
  readonly mtimeNs: bigint
  readonly ino: bigint
}

/** What a file has; who reads it wipes it. */
export interface TrustedBytes {
  readonly bytes: Buffer
  readonly stamp: FileStamp
}

export interface TrustedText {
  readonly text: string
  readonly stamp: FileStamp
}

/**
 * Reads a file that decides who may come in: nobody but this user and root may be able to write it.
 *
 * @throws {WireGuardError} `EPERM` when others can write it, `EINVAL` when it is no file or too large, `ENOENT`, …
 */
export async function readTrusted(path: string): Promise<TrustedText> {
  const { bytes, stamp } = await readTrustedBytes(path)
  try {
    return { text: bytes.toString('utf8'), stamp }
  } finally {
    bytes.fill(0)
  }
}

/** As {@link readTrusted}, of what is no text or must not become a string. */
export async function readTrustedBytes(path: string): Promise<TrustedBytes> {
  try {
    // Without waiting: a pipe in its place would have nobody at the other end.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      return await readOpen(path, file)
    } finally {
      await file.close()
    }
  } catch (error) {
    throw inContext(error, { operation: 'read' })
  }
}

async function readOpen(path: string, file: FileHandle): Promise<TrustedBytes> {
  const status = await file.stat({ bigint: true })
  if (!status.isFile()) throw new WireGuardError(`${path} is no file`, { code: 'EINVAL' })
  checkTrusted(path, { mode: Number(status.mode), uid: Number(status.uid) })
  if (status.size > LARGEST) {
    const text = `${path} has ${status.size} bytes: more than ${LARGEST} are not read`
    throw new WireGuardError(text, { code: 'EINVAL' })
  }
  return { bytes: await file.readFile(), stamp: stampOf(status) }
}

export const stampOf = ({ size, mtimeNs, ino }: FileStamp): FileStamp => ({ size, mtimeNs, ino })

export const isSameStamp = (one: FileStamp | undefined, other: FileStamp | undefined): boolean =>
  one?.size === other?.size && one?.mtimeNs === other?.mtimeNs && one?.ino === other?.ino
