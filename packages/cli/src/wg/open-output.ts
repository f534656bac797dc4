import { fstatSync } from 'node:fs'
import { KEPT_APART } from '@wgctrl/types'
import type { Io } from '../io.js'

/** @source stat(2): S_IRWXO, all rights of others */
const RIGHTS_OF_OTHERS = 0o7

/** Warns, in the words of wg(8), of a standard output with secrets that is a file which others can read. */
export function warnIfOpen(io: Io): void {
  if (!isOpenToOthers(io)) return
  io.stderr.write(
    'Warning: writing to world accessible file.\nConsider setting the umask to 077 and trying again.\n',
  )
}

function isOpenToOthers({ stdout }: Io): boolean {
  if (stdout.fd === undefined) return false
  const stat = fstatSync(stdout.fd, KEPT_APART)
  return stat.isFile() && (Number(stat.mode) & RIGHTS_OF_OTHERS) !== 0
}
