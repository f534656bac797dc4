import { InvalidTypeError, invalid } from './errors.js'
import { quoted } from './showable.js'

/** @source wg-quick(8); 15 characters are IFNAMSIZ less the closing NUL */
const INTERFACE_NAME = /^[a-zA-Z0-9_=+.-]{1,15}$/

/** True of a name that can be part of a path and an argument without meaning anything else. */
export function isInterfaceName(name: string): boolean {
  return INTERFACE_NAME.test(name) && name !== '.' && name !== '..' && !name.startsWith('-')
}

/**
 * Refuses names that are no interface names, so that none ever becomes a path or an option.
 *
 * @throws {TypeError} when it is no string
 * @throws {WireGuardError} `EINVAL` with `path`
 */
export function checkInterfaceName(name: string, path = 'name'): void {
  if (typeof name !== 'string') throw new InvalidTypeError(path, 'a device name must be a string')
  if (isInterfaceName(name)) return
  const rule = '1 to 15 of the characters a-z A-Z 0-9 _ = + . -'
  throw invalid(path, `${quoted(name)} is no interface name: expected ${rule}`)
}
