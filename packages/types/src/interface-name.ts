import { InvalidTypeError, invalid } from './errors.js'
import { quoted } from './showable.js'

/** @source wg-quick(8); 15 characters are IFNAMSIZ less the closing NUL */
const INTERFACE_NAME = /^[a-zA-Z0-9_=+.-]{1,15}$/

/** True of a name that can be part of a path and an argument without meaning anything else. */
export function isInterfaceName(name: string): boolean {
  if (typeof name !== 'string') return false
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

/**
 * True of a name that the kernel takes for a link, which is more than what can safely be part of a path or
 * an argument: for netlink alone.
 *
 * @source net/core/dev.c, dev_valid_name: 15 bytes, of which none is a space in Latin-1, not even within a
 * character of UTF-8
 */
export function isLinkName(name: string): boolean {
  const bytes = new TextEncoder().encode(name)
  if (bytes.length === 0 || bytes.length > 15 || name === '.' || name === '..') return false
  // Half a surrogate pair would become another name.
  const isWhole = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes) === name
  return isWhole && !bytes.some((byte) => NOT_IN_LINK_NAMES.has(byte))
}

/** NUL, white space, no-break space, `/` and `:`. */
const NOT_IN_LINK_NAMES = new Set([0, 9, 10, 11, 12, 13, 32, 0xa0, 0x2f, 0x3a])

/**
 * Refuses what no link can be called.
 *
 * @throws {TypeError} when it is no string
 * @throws {WireGuardError} `EINVAL` with `path`
 */
export function checkLinkName(name: string, path = 'name'): void {
  if (typeof name !== 'string') throw new InvalidTypeError(path, 'a device name must be a string')
  if (isLinkName(name)) return
  const rule = '1 to 15 bytes without white space, / and :'
  throw invalid(path, `${quoted(name)} is no interface name: expected ${rule}`)
}
