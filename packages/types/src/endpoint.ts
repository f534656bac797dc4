import {
  type Family,
  formatAddress,
  type IpAddress,
  isCanonicalIPv6,
  isIPv4,
  isIPv4Mapped,
  parseAddress,
  writeIPv4,
} from './address.js'
import { InvalidRangeError, InvalidTypeError, invalid } from './errors.js'
import { quoted } from './showable.js'

/**
 * Where a peer is reached over UDP.
 *
 * @source both wires carry a socket address: `struct sockaddr_in`/`sockaddr_in6` on netlink, text
 * as `192.0.2.1:51820` or `[fe80::1%2]:51820` over UAPI
 */
export interface Endpoint {
  /**
   * Canonical text, without brackets and scope. An IPv4-mapped address that is given becomes the IPv4 address
   * in it; one that a device has, because another program gave it, is shown as it is.
   */
  readonly address: string
  /** 1 to 65535. */
  readonly port: number
  readonly family: Family
  /**
   * The link that a link-local IPv6 address belongs to (RFC 4007): the interface's index, or its
   * name where the backend gave or takes one. Absent: none.
   */
  readonly scopeId?: number | string
}

/** An endpoint whose host is a DNS name that has yet to be resolved. */
export interface NamedEndpoint {
  readonly host: string
  readonly port: number
}

const HOST_NAME =
  /^(?=.{1,253}\.?$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\.?$/i

/** Bytes. @source linux/if.h: IFNAMSIZ less the closing NUL */
export const LONGEST_LINK_NAME = 15

/**
 * What Linux takes as the name of a link, less what has a meaning in an endpoint, and less what cannot be seen
 * or moves what stands beside it.
 */
const LINK_NAME = /^[^\s%/:[\]\p{C}\ufffd]{1,15}$/u

/** True of a name that can stand as the scope of an endpoint. */
export function isScopeName(name: string): boolean {
  return LINK_NAME.test(name) && new TextEncoder().encode(name).length <= LONGEST_LINK_NAME
}

/**
 * Reads `192.0.2.1:51820`, `[2001:db8::1]:51820`, `[fe80::1%eth0]:51820`, or a name and a port.
 * No I/O: a name stays a name.
 *
 * @throws {TypeError} when it is neither text nor an {@link Endpoint}
 * @throws {WireGuardError} `EINVAL` with `path`
 */
export function parseEndpoint(
  input: string | Endpoint,
  path = 'endpoint',
): Endpoint | NamedEndpoint {
  if (typeof input === 'string') return parseEndpointText(input, path)
  if (typeof input !== 'object' || input === null || typeof input.address !== 'string') {
    throw new InvalidTypeError(path, "an endpoint must be 'host:port' or { address, port }")
  }
  const ip = parseAddress(input.address)
  if (!ip) throw invalid(`${path}.address`, `not an IP address: ${quoted(input.address)}`)
  const reached = unmapped(ip)
  const { family, port, scopeId } = input
  if (family !== undefined && family !== ip.family && family !== reached.family) {
    throw invalid(`${path}.family`, `${input.address} is of family ${ip.family}`)
  }
  checkPort(port, `${path}.port`)
  return withScope(reached, port, scopeId, path)
}

function parseEndpointText(text: string, path: string): Endpoint | NamedEndpoint {
  const plain = parseIPv4Endpoint(text)
  if (plain && plain.port > 0) return plain
  const match = /^(?:\[([^\]%]+)(?:%([^\]]+))?\]|([^:[\]]+)):(\d{1,5})$/.exec(text)
  if (!match) {
    throw invalid(path, `expected 'host:port' or '[IPv6]:port', got ${quoted(text)}`)
  }
  const [, inBrackets, zone, bare] = match
  const port = Number(match[4])
  checkPort(port, path)
  const host = inBrackets ?? bare ?? ''
  const ip = parseAddress(host)
  if (ip && ip.family === (inBrackets === undefined ? 4 : 6)) {
    const scopeId = zone !== undefined && /^\d{1,10}$/.test(zone) ? Number(zone) : zone
    return withScope(unmapped(ip), port, scopeId, path)
  }
  const looksNumeric = /^[\d.]+$/.test(host)
  if (ip || inBrackets !== undefined || looksNumeric || !HOST_NAME.test(host)) {
    throw invalid(path, `not an IP address or host name: ${quoted(host)}`)
  }
  return { host, port }
}

/**
 * The usual case without a regular expression: an IPv4 address, whose text is canonical, and a port from
 * 0 on. @returns `undefined` for anything else
 */
export function parseIPv4Endpoint(text: string): Endpoint | undefined {
  const colon = text.indexOf(':')
  const port = colon < 7 ? -1 : readPort(text, colon + 1)
  if (port < 0 || !isIPv4(text, colon)) return undefined
  return { address: text.slice(0, colon), port, family: 4 }
}

/**
 * The same without an object for it: the port at `at` and the address behind it, in network order, as a socket address
 * has them.
 *
 * @returns false: it is anything else, or its port is 0; nothing was written
 * @internal
 */
export function writeIPv4Endpoint(text: string, bytes: Uint8Array, at: number): boolean {
  const colon = text.indexOf(':')
  const port = colon < 7 ? -1 : readPort(text, colon + 1)
  if (port < 1 || !writeIPv4(text, colon, bytes, at + 2)) return false
  bytes[at] = port >> 8
  bytes[at + 1] = port
  return true
}

/**
 * True of an address and a port as {@link formatEndpoint} spells them, without a scope. Nothing is allocated.
 *
 * @internal
 */
export function isCanonicalEndpoint(text: string): boolean {
  const colon = text.lastIndexOf(':')
  if (readPort(text, colon + 1) < 1) return false
  if (!text.startsWith('[')) return isIPv4(text, colon)
  return text[colon - 1] === ']' && isCanonicalIPv6(text, 1, colon - 1)
}

/** One to five digits, to the end of the text. @returns -1 when it is none, or more than 65535 */
function readPort(text: string, start: number): number {
  const digits = text.length - start
  if (digits < 1 || digits > 5) return -1
  let port = 0
  for (let at = start; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 48
    if (digit < 0 || digit > 9) return -1
    port = port * 10 + digit
  }
  return port > 65535 ? -1 : port
}

/**
 * An IPv4-mapped address (`::ffff:192.0.2.1`, as a socket for both families shows its callers) is the IPv4 address in
 * it. Both kinds of device take it as IPv6, where nothing can be sent to it.
 *
 * @source RFC 4291, 2.5.5.2
 */
function unmapped(ip: IpAddress): IpAddress {
  return isIPv4Mapped(ip) ? { family: 4, bytes: ip.bytes.subarray(12) } : ip
}

function withScope(
  ip: IpAddress,
  port: number,
  scopeId: number | string | undefined,
  path: string,
): Endpoint {
  const { family } = ip
  const address = formatAddress(family, ip.bytes)
  if (scopeId === undefined || scopeId === 0) return { address, port, family }
  if (family === 4) throw invalid(`${path}.scopeId`, 'only IPv6 addresses have a scope')
  const isIndex = typeof scopeId === 'number'
  if (!isIndex && typeof scopeId !== 'string') {
    throw new InvalidTypeError(`${path}.scopeId`, 'must be a number or a string')
  }
  if (isIndex ? !isU32(scopeId) : !isScopeName(scopeId)) {
    throw invalid(`${path}.scopeId`, 'a scope is an interface index or name')
  }
  return { address, port, family, scopeId }
}

const isU32 = (value: number): boolean => Number.isInteger(value) && value >= 0 && value < 2 ** 32

function checkPort(port: unknown, path: string): void {
  if (typeof port !== 'number') throw new InvalidTypeError(path, 'a port must be a number')
  if (!Number.isInteger(port) || port < 1 || port > 65535) {
    throw new InvalidRangeError(path, `port must be 1 to 65535, got ${port}`)
  }
}

/** True of an endpoint whose name has yet to be resolved; false also of what is no endpoint. */
export function isNamed(endpoint: Endpoint | NamedEndpoint): endpoint is NamedEndpoint {
  return typeof endpoint === 'object' && endpoint !== null && 'host' in endpoint
}

/** @throws {TypeError} `EINVAL` when it is none: a peer that was not heard from may have no endpoint */
export function checkReadEndpoint(endpoint: Endpoint): void {
  if (typeof endpoint?.address === 'string') return
  throw new InvalidTypeError('endpoint', 'must be an endpoint that was read')
}

/**
 * The text that both `wg` and UAPI read: `192.0.2.1:51820`, `[fe80::1%2]:51820`.
 *
 * @throws {TypeError} `EINVAL` when it is none: a peer that was not heard from may have no endpoint
 */
export function formatEndpoint(endpoint: Endpoint): string {
  checkReadEndpoint(endpoint)
  if (endpoint.family === 4) return `${endpoint.address}:${endpoint.port}`
  const scope = endpoint.scopeId === undefined ? '' : `%${endpoint.scopeId}`
  return `[${endpoint.address}${scope}]:${endpoint.port}`
}
