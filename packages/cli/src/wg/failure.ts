import { errnoName, reasonWithin, WireGuardError } from '@wgctrl/types'
import { errorText } from '../error-text.js'
import type { Io } from '../io.js'

/** A command that cannot go on: `message` is for standard error, without the last line's end. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure'
}

/** Runs a command's body and tells of its failure. @returns the exit status */
export async function withFailures(io: Io, body: () => Promise<void>): Promise<number> {
  try {
    await body()
    return 0
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error
    io.stderr.write(`${error.message}\n`)
    return 1
  }
}

/** The words of strerror(3) for what can happen to a command. */
const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'Permission denied',
  EADDRINUSE: 'Address already in use',
  EBADF: 'Bad file descriptor',
  EBUSY: 'Device or resource busy',
  ECONNREFUSED: 'Connection refused',
  EINTR: 'Interrupted system call',
  EINVAL: 'Invalid argument',
  EIO: 'Input/output error',
  EISDIR: 'Is a directory',
  EMFILE: 'Too many open files',
  ENAMETOOLONG: 'File name too long',
  ENETUNREACH: 'Network is unreachable',
  ENODEV: 'No such device',
  ENOENT: 'No such file or directory',
  ENOMEM: 'Cannot allocate memory',
  ENOSPC: 'No space left on device',
  ENOTDIR: 'Not a directory',
  ENXIO: 'No such device or address',
  EOPNOTSUPP: 'Operation not supported',
  EPERM: 'Operation not permitted',
  EPROTO: 'Protocol error',
  EPROTONOSUPPORT: 'Protocol not supported',
  ETIMEDOUT: 'Connection timed out',
}

/** Codes of the library that are no errno, and what wg(8) meets in their place. */
const ERRNO_OF: Readonly<Record<string, string>> = {
  ENOBACKEND: 'EPROTONOSUPPORT',
  ENODEV: 'ENODEV',
  // Of a kernel that has no such netlink family.
  ENOENT: 'EPROTONOSUPPORT',
  ENOTWIREGUARD: 'EOPNOTSUPP',
  EUNSUPPORTED: 'EOPNOTSUPP',
  // A socket that its daemon left behind: wg(8) removes it and finds no device.
  ECONNREFUSED: 'ENODEV',
}

/** Why a call failed, in the words that wg(8) has for it. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code = '', errno } = error as NodeJS.ErrnoException
  if (isOfNamespace(error)) return REASONS[code] ?? reasonWithin(error)
  const name = ERRNO_OF[code] ?? (errno ? errnoName(errno) : code)
  return REASONS[name] ?? reasonWithin(error)
}

/** A namespace that is none is nothing that wg(8) could meet. */
const isOfNamespace = (error: unknown): boolean =>
  error instanceof WireGuardError && error.path === 'netns'

/** What the library knows beyond the words of wg(8): how to get what is missing, what was lost. Not when we are wg(8). */
export function adviceOf(error: unknown, program: string): string {
  if (program === 'wg' || !(error instanceof WireGuardError)) return ''
  const isMissing = ['ENOBACKEND', 'EPERM', 'EUNSUPPORTED'].includes(error.code)
  const isTelling = isMissing || error.lostPort !== undefined || isOfNamespace(error)
  return isTelling ? `${errorText(error)}\n` : ''
}

/** A file that could not be read. */
export function reasonOfFile(error: unknown): string {
  const { code = '' } = error as NodeJS.ErrnoException
  return REASONS[code] ?? (error as Error).message
}
