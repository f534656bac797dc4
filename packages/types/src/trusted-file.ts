import { WireGuardError } from './errors.js'

/** What a file's status says of who may change it. */
export interface FileStatus {
  readonly mode: number
  readonly uid: number
}

/** What to do about a file that somebody else may write: `refuse` is the default everywhere. */
export type UnsafePermissions = 'refuse' | 'allow'

const GROUP_OR_OTHERS_WRITE = 0o022
const STICKY = 0o1000

/**
 * Refuses a file that somebody else than this user and root can write: whoever can write a config file has
 * its hooks run, whoever can write a socket's directory is given the keys. Windows has no such modes.
 *
 * @throws {WireGuardError} `EPERM`; it says how to mend it, and how to allow it
 */
export function checkTrusted(path: string, file: FileStatus, isDirectory = false): void {
  const uid = process.geteuid?.()
  if (uid === undefined) return
  const mode = (file.mode & 0o7777).toString(8).padStart(4, '0')
  const isSticky = isDirectory && (file.mode & STICKY) !== 0
  if ((file.mode & GROUP_OR_OTHERS_WRITE) !== 0 && !isSticky) {
    throw untrusted(`${path} can be written by others (mode ${mode}): chmod go-w`)
  }
  if (file.uid !== uid && file.uid !== 0) {
    throw untrusted(`${path} belongs to user ${file.uid}, who is neither root nor this one: chown`)
  }
}

const untrusted = (problem: string): WireGuardError =>
  new WireGuardError(
    `${problem} it, or allow it by { unsafePermissions: 'allow' } (on the command line: --unsafe-permissions)`,
    {
      code: 'EPERM',
    },
  )
