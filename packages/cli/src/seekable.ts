import { fstatSync } from 'node:fs'
import { isatty } from 'node:tty'

/** Whether ftell(3) works on an open file: not on pipes, sockets and terminals. */
export function isSeekable(fd: number): boolean {
  const stat = fstatSync(fd)
  return !stat.isFIFO() && !stat.isSocket() && !isatty(fd)
}
