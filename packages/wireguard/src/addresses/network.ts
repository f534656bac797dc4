import { type Cidr, type Family, parseCidr } from '@wgctrl/types'

/** All addresses from `first` to `last`, as numbers of 32 or 128 bits. */
export interface AddressRange {
  readonly family: Family
  readonly first: bigint
  readonly last: bigint
}

/** @throws {TypeError | WireGuardError} `EINVAL` with `path` when it is no network */
export function networkRange(cidr: string, path: string): AddressRange {
  return rangeOf(parseCidr(cidr, path))
}

function rangeOf({ family, bytes, prefixLength }: Cidr): AddressRange {
  const first = toNumber(bytes)
  const hostBits = BigInt(bytes.length * 8 - prefixLength)
  return { family, first, last: first + (1n << hostBits) - 1n }
}

const toNumber = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)

/** The bytes of an address that is given as its number. */
export function addressBytes(family: Family, address: bigint): Uint8Array {
  return Buffer.from(address.toString(16).padStart(family === 4 ? 8 : 32, '0'), 'hex')
}

/**
 * Whether a network lies wholly within another one, or is the same. Either can be an address alone: one host.
 * Bits behind a prefix do not count. Networks of different families never contain each other.
 *
 * @throws {TypeError | WireGuardError} `EINVAL` when one is no network
 * @example
 * ```ts
 * containsNetwork('10.0.0.0/8', '10.8.0.2') // true
 * ```
 */
export function containsNetwork(outer: string, inner: string): boolean {
  const around = networkRange(outer, 'outer')
  const { family, first, last } = networkRange(inner, 'inner')
  return around.family === family && around.first <= first && last <= around.last
}

/**
 * Whether two networks have an address in common.
 *
 * @throws {TypeError | WireGuardError} `EINVAL` when one is no network
 */
export function networksOverlap(one: string, other: string): boolean {
  const a = networkRange(one, 'one')
  const b = networkRange(other, 'other')
  return a.family === b.family && a.first <= b.last && b.first <= a.last
}

/**
 * How many hosts a network has room for: all its addresses, less those that {@link AddressPool} never gives out.
 *
 * @throws {TypeError | WireGuardError} `EINVAL` when it is no network
 * @example
 * ```ts
 * hostCount('10.8.0.0/24') // 254n
 * ```
 */
export function hostCount(network: string): bigint {
  const range = networkRange(network, 'network')
  return range.last - range.first + 1n - BigInt(notForHosts(range).length)
}

/**
 * What no host is given: in IPv4 the network's own address and the broadcast address, in IPv6 the anycast address
 * of its routers. A network of two addresses or one has neither.
 *
 * @source RFC 919, 7; RFC 3021; RFC 4291, 2.6.1; RFC 6164
 */
export function notForHosts({ family, first, last }: AddressRange): bigint[] {
  if (last - first < 2n) return []
  return family === 4 ? [first, last] : [first]
}
