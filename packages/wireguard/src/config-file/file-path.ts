import { checkText, invalid } from '@wgctrl/types'

/**
 * Refuses what names no file, as the word that was missing on a command line.
 *
 * @throws {TypeError | WireGuardError} `EINVAL` with `path`
 */
export function checkFilePath(path: string): void {
  checkText(path, 'path')
  if (path === '' || path.includes('\0')) throw invalid('path', 'names no file')
}
