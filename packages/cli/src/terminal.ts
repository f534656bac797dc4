import { fstatSync } from 'node:fs'
import { isatty } from 'node:tty'
import { KEPT_APART } from '@wgctrl/types'

/** Whether a descriptor is a terminal. Of files and pipes a status tells, without what terminals need. */
export function isTerminal(fd: number): boolean {
  try {
    return fstatSync(fd, KEPT_APART).isCharacterDevice() && isatty(fd)
  } catch {
    return false
  }
}
