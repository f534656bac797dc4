import { fstatSync } from 'node:fs'
import { KEPT_APART } from '@wgctrl/types'
import { isTerminal } from './terminal.js'

/** Whether ftell(3) works on an open file: not on pipes, sockets and terminals. */
export function isSeekable(fd: number): boolean {
  const stat = fstatSync(fd, KEPT_APART)
  return !stat.isFIFO() && !stat.isSocket() && !isTerminal(fd)
}
