import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Where a user or group stands, and what of its line is the number. */
const DATABASES = { user: 'passwd', group: 'group' } as const

/**
 * The number of a user or group. A name is looked up as the system does it, which may ask more than files.
 *
 * @throws {Error} in words for the user
 */
export async function accountNumber(kind: 'user' | 'group', name: string): Promise<number> {
  if (/^\d{1,9}$/.test(name)) return Number(name)
  if (!/^[A-Za-z_][\w.@-]*\$?$/.test(name)) throw unknown(kind, name)
  try {
    const { stdout } = await run('getent', ['--', DATABASES[kind], name])
    const number = Number(stdout.split(':')[2])
    if (Number.isInteger(number)) return number
  } catch {
    // It says with its status that there is none.
  }
  throw unknown(kind, name)
}

const unknown = (kind: string, name: string): Error =>
  new Error(`--${kind}: there is no ${kind} ${JSON.stringify(name)}`)
