import { AMNEZIA_FIELDS } from './amnezia.js'
import { InvalidRangeError, InvalidTypeError, invalid } from './errors.js'
import { showable } from './showable.js'

/**
 * Lines of a daemon's protocol that this version has no field for: the key, and its value or, where it comes in several
 * lines, its values in order.
 */
export type ExtraKeys = Readonly<Record<string, string | readonly string[]>>

/** Each line of it. */
export type CheckedExtra = readonly (readonly [key: string, value: string])[]

/** Lines that one device or peer may have. */
export const MOST_EXTRA = 64
/** Bytes of one value. */
export const LONGEST_EXTRA = 4096

/** What no reading shows of lines: it may be a secret, and nobody could wipe a string. @internal */
export const EXTRA_SECRET: { readonly key: RegExp; readonly value: RegExp } = {
  key: /key|secret|password|psk|token/,
  value: /^[0-9a-f]{64}$/i,
}

/** What {@link DeviceConfig} and {@link PeerConfig} have fields for, and what the protocol itself needs. */
const OWN: ReadonlySet<string> = new Set([
  ...['get', 'set', 'errno', 'private_key', 'own_public_key', 'listen_port', 'fwmark'],
  ...['replace_peers', 'public_key', 'remove', 'update_only', 'preshared_key', 'endpoint'],
  ...['persistent_keepalive_interval', 'replace_allowed_ips', 'allowed_ip', 'protocol_version'],
  ...['last_handshake_time_sec', 'last_handshake_time_nsec', 'rx_bytes', 'tx_bytes'],
  ...AMNEZIA_FIELDS.map(({ key }) => key),
])

const KEY = /^[a-z][a-z0-9_]{0,63}$/

/**
 * Checks lines that are sent as they are given: none may be two, or one that has a field.
 *
 * @param path the field that they stand in
 * @throws {TypeError | RangeError | WireGuardError} `EINVAL` with `path`
 */
export function checkExtra(input: ExtraKeys, path: string): CheckedExtra {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw new InvalidTypeError(path, 'must be an object of keys and values')
  }
  const lines: [string, string][] = []
  for (const [key, given] of Object.entries(input)) {
    const at = `${path}.${showable(key)}`
    if (!KEY.test(key)) throw invalid(at, 'is no key: a to z, 0 to 9 and _, 64 at most')
    if (OWN.has(key)) throw invalid(at, 'has a field of its own')
    const values: unknown = Array.isArray(given) ? given : [given]
    for (const value of values as readonly unknown[]) lines.push([key, checkValue(value, at)])
  }
  if (lines.length <= MOST_EXTRA) return lines
  throw new InvalidRangeError(path, `must be ${MOST_EXTRA} lines at most`)
}

function checkValue(value: unknown, path: string): string {
  if (typeof value !== 'string') throw new InvalidTypeError(path, 'must be a string, or several')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a newline would begin a line that nobody checked
  if (/[\x00-\x1f\x7f]/.test(value))
    throw invalid(path, 'must be one line without control characters')
  if (Buffer.byteLength(value) <= LONGEST_EXTRA) return value
  throw new InvalidRangeError(path, `must have ${LONGEST_EXTRA} bytes at most`)
}
