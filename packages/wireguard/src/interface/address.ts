import {
  type Family,
  formatAddress,
  InvalidTypeError,
  invalid,
  parseAddress,
  quoted,
} from '@wgctrl/types'

/** An address of an interface: unlike in a network, the bits behind the prefix count. */
export interface InterfaceAddress {
  readonly family: Family
  /** Canonical, with prefix length. */
  readonly text: string
}

/**
 * Reads `10.0.0.1/24`, `fd00::1/64`, or an address alone: one host.
 *
 * @throws {TypeError | WireGuardError} `EINVAL` with `path`
 */
export function parseInterfaceAddress(text: string, path: string): InterfaceAddress {
  if (typeof text !== 'string') throw new InvalidTypeError(path, 'an address must be a string')
  const [address = '', prefix, ...more] = text.split('/')
  const ip = parseAddress(address)
  const bits = (ip?.bytes.length ?? 0) * 8
  const length =
    prefix === undefined ? bits : Number(/^\d{1,3}$/.test(prefix) ? prefix : Number.NaN)
  if (!ip || more.length > 0 || !(length <= bits)) {
    throw invalid(path, `not an address with prefix length: ${quoted(text)}`)
  }
  return { family: ip.family, text: `${formatAddress(ip.family, ip.bytes)}/${length}` }
}

/** The address without its prefix length. */
export const hostOf = (address: string): string => address.split('/')[0] as string
