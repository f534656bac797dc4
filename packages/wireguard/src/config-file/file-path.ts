import { InvalidTypeError, invalid } from '@wgctrl/types'

/**
 * Refuses what names no file, as the word that was missing on a command line.
 *
 * @throws {TypeError | WireGuardError} `EINVAL` with `path`
 */
export function checkFilePath(path: string): void {
  if (typeof path !== 'string') throw new InvalidTypeError('path', 'must be a string')
  if (path === '' || path.includes('\0')) throw invalid('path', 'names no file')
}
