import { fstatSync } from 'node:fs'
import { isatty } from 'node:tty'
import { KEPT_APART } from '@wgctrl/types'

/** Whether ftell(3) works on an open file: not on pipes, sockets and terminals. */
export function isSeekable(fd: number): boolean {
  const stat = fstatSync(fd, KEPT_APART)
  return !stat.isFIFO() && !stat.isSocket() && !isatty(fd)
}
