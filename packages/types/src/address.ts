import { InvalidTypeError, invalid } from './errors.js'
import { quoted } from './showable.js'

/** The version of the Internet Protocol. */
export type Family = 4 | 6

/** An IP address as its bytes: 4 or 16 of them, in network order. */
export interface IpAddress {
  readonly family: Family
  readonly bytes: Uint8Array
}

const DOT = 46
const SLASH = 47
const COLON = 58

/**
 * Reads an IPv4 or IPv6 address in any valid spelling; neither scope nor brackets.
 * Strict as inet_pton(3): four decimal parts without leading zeros, at most four hex digits a group.
 *
 * @returns `undefined` when the text is no address, or no text
 */
export function parseAddress(text: string): IpAddress | undefined {
  return typeof text === 'string' ? parseAddressWithin(text, text.length) : undefined
}

/** The address that the first `end` characters of `text` are: no substring is made for it. */
function parseAddressWithin(text: string, end: number): IpAddress | undefined {
  const family = putAddress(text, end, readLast, 0)
  return family && { family, bytes: readLast.slice(0, family === 4 ? 4 : 16) }
}

/** The address that {@link parseAddressWithin} read last. */
const readLast = new Uint8Array(16)

/**
 * Puts the bytes of an address at `at`. Nothing is allocated.
 *
 * @returns what it is; `undefined`: no address, and up to 16 bytes hold anything
 */
function putAddress(text: string, end: number, bytes: Uint8Array, at: number): Family | undefined {
  const value = parseIPv4(text, 0, end)
  if (value < 0) return putIPv6(text, end, bytes, at) ? 6 : undefined
  putIPv4(value, bytes, at)
  return 4
}

/** The address at `[start, end)` as a number of 32 bits, or -1. Nothing is allocated. */
function parseIPv4(text: string, start: number, end: number): number {
  let address = 0
  let at = start
  for (let part = 0; part < 4; part++) {
    if (part > 0 && (at >= end || text.charCodeAt(at++) !== DOT)) return -1
    const from = at
    let value = 0
    for (; at < end && at - from < 3; at++) {
      const digit = text.charCodeAt(at) - 48
      if (digit < 0 || digit > 9) break
      value = value * 10 + digit
    }
    const leadingZero = at - from > 1 && text.charCodeAt(from) === 48
    if (at === from || value > 255 || leadingZero) return -1
    address = address * 256 + value
  }
  return at === end ? address : -1
}

/** True when the first `end` characters are an IPv4 address. */
export function isIPv4(text: string, end: number): boolean {
  return parseIPv4(text, 0, end) >= 0
}

/** Writes the 4 bytes of such an address. @returns whether it is one @internal */
export function writeIPv4(text: string, end: number, bytes: Uint8Array, at: number): boolean {
  const address = parseIPv4(text, 0, end)
  if (address < 0) return false
  putIPv4(address, bytes, at)
  return true
}

/** True of `::ffff:0:0/96`, the IPv6 form of IPv4 addresses. @source RFC 4291, 2.5.5.2 */
export function isIPv4Mapped(address: IpAddress): boolean {
  checkAddressBytes(address?.bytes, 'address.bytes')
  const { family, bytes } = address
  if (family === 4) return false
  return bytes.subarray(0, 12).every((byte, at) => byte === (at < 10 ? 0 : 0xff))
}

function putIPv4(address: number, bytes: Uint8Array, at: number): void {
  bytes[at] = address >>> 24
  bytes[at + 1] = address >>> 16
  bytes[at + 2] = address >>> 8
  bytes[at + 3] = address
}

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48
  const lower = code | 32
  return lower >= 97 && lower <= 102 ? lower - 87 : -1
}

/**
 * Groups are filled from the left; at the end those after `::` move to the right.
 *
 * @param bytes gets 16 of them from `start` on; has some of them when the text is no address
 * @returns whether it is
 */
function putIPv6(text: string, end: number, bytes: Uint8Array, start: number): boolean {
  let filled = 0
  let gap = -1
  let at = 0
  if (end > 0 && text.charCodeAt(0) === COLON) {
    if (end < 2 || text.charCodeAt(1) !== COLON) return false
    gap = 0
    at = 2
  }
  while (at < end) {
    if (filled === 16) return false
    const from = at
    let value = 0
    for (; at < end && at - from < 4; at++) {
      const digit = hexDigit(text.charCodeAt(at))
      if (digit < 0) break
      value = value * 16 + digit
    }
    const next = text.charCodeAt(at)
    if (at < end && next === DOT) {
      const tail = filled <= 12 ? parseIPv4(text, from, end) : -1
      if (tail < 0) return false
      putIPv4(tail, bytes, start + filled)
      filled += 4
      break
    }
    if (at === from) return false
    bytes[start + filled++] = value >> 8
    bytes[start + filled++] = value & 255
    if (at === end) break
    if (next !== COLON) return false
    at++
    if (at < end && text.charCodeAt(at) === COLON) {
      if (gap >= 0) return false
      gap = filled
      at++
    } else if (at === end) return false
  }
  if (gap < 0) return filled === 16
  if (filled > 14) return false
  const behind = filled - gap
  for (let back = 1; back <= behind; back++) {
    bytes[start + 16 - back] = bytes[start + filled - back] as number
  }
  for (let zero = gap; zero < 16 - behind; zero++) bytes[start + zero] = 0
  return true
}

function checkAddressBytes(bytes: unknown, path: string): void {
  if (!(bytes instanceof Uint8Array)) throw new InvalidTypeError(path, 'must be a Uint8Array')
}

/**
 * The canonical text of the address whose 4 or 16 bytes stand at `offset`.
 *
 * @throws {TypeError} `EINVAL` when `bytes` are none
 */
export function formatAddress(family: Family, bytes: Uint8Array, offset = 0): string {
  checkAddressBytes(bytes, 'bytes')
  return family === 4 ? formatIPv4(bytes, offset) : formatIPv6(bytes, offset)
}

function formatIPv4(bytes: Uint8Array, at: number): string {
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`
}

/**
 * RFC 5952: lower case, no leading zeros, the longest run of two or more zero groups (the first of
 * equals) as `::`, and dotted decimal for IPv4-mapped addresses (section 5).
 */
function formatIPv6(bytes: Uint8Array, at: number): string {
  const group = (index: number): number =>
    ((bytes[at + 2 * index] as number) << 8) | (bytes[at + 2 * index + 1] as number)
  let bestStart = -1
  let bestLength = 1
  let start = 0
  for (let index = 0; index <= 8; index++) {
    if (index < 8 && group(index) === 0) continue
    if (index - start > bestLength) {
      bestStart = start
      bestLength = index - start
    }
    start = index + 1
  }
  if (bestStart === 0 && bestLength === 5 && group(5) === 0xffff) {
    return `::ffff:${formatIPv4(bytes, at + 12)}`
  }
  let text = ''
  for (let index = 0; index < 8; index++) {
    if (index === bestStart) {
      text += index === 0 ? '::' : ':'
      index += bestLength - 1
    } else {
      text += group(index).toString(16)
      if (index < 7) text += ':'
    }
  }
  return text
}

/** A network: an address whose host bits are zero, and the length of its prefix in bits. */
export interface Cidr extends IpAddress {
  readonly prefixLength: number
}

/**
 * Reads `10.0.0.0/24`, `fd00::/64`, or a bare address for a host of its own (`/32`, `/128`). Bits
 * behind the prefix are cleared, as both wires do it: `10.0.0.7/24` is `10.0.0.0/24`.
 *
 * @throws {TypeError} when it is no string
 * @throws {WireGuardError} `EINVAL` with `path`
 */
export function parseCidr(text: string, path = 'cidr'): Cidr {
  if (typeof text !== 'string') throw new InvalidTypeError(path, 'a CIDR must be a string')
  const slash = text.indexOf('/')
  const address = parseAddressWithin(text, slash < 0 ? text.length : slash)
  if (!address) throw invalid(path, `not an IP network: ${quoted(text)}`)
  const bits = address.bytes.length * 8
  const prefixLength = slash < 0 ? bits : parsePrefixLength(text, slash + 1, text.length)
  if (!(prefixLength <= bits)) {
    throw invalid(path, `prefix length of ${quoted(text)} must be 0 to ${bits}`)
  }
  clearHostBits(address.bytes, prefixLength)
  return { family: address.family, bytes: address.bytes, prefixLength }
}

/** One to three digits without leading zeros at `[from, end)`; NaN for anything else. */
function parsePrefixLength(text: string, from: number, end: number): number {
  const digits = end - from
  if (digits < 1 || digits > 3 || (digits > 1 && text.charCodeAt(from) === 48)) return Number.NaN
  let value = 0
  for (let at = from; at < end; at++) {
    const digit = text.charCodeAt(at) - 48
    if (digit < 0 || digit > 9) return Number.NaN
    value = value * 10 + digit
  }
  return value
}

function clearHostBits(bytes: Uint8Array, prefixLength: number): void {
  const whole = prefixLength >> 3
  if (whole >= bytes.length) return
  bytes[whole] = (bytes[whole] as number) & (0xff00 >> (prefixLength & 7))
  bytes.fill(0, whole + 1)
}

/**
 * Writes the 4 or 16 bytes of a network whose text is canonical: neither its prefix nor the bits behind that are
 * looked at. No object is made for them.
 *
 * @returns the length of its prefix
 * @throws {WireGuardError} `EINVAL` when it is no address
 */
export function writeCidr(text: string, bytes: Uint8Array, at: number): number {
  const slash = text.indexOf('/')
  writeAddressWithin(text, slash, bytes, at)
  return parsePrefixLength(text, slash + 1, text.length)
}

/**
 * The same of a text that nobody has looked at yet: it is checked as it is read.
 *
 * @returns the length of its prefix; -1: the text is not canonical, and up to 16 bytes hold anything
 * @internal
 */
export function writeCanonicalCidr(text: string, bytes: Uint8Array, at: number): number {
  const slash = text.lastIndexOf('/')
  if (slash <= 0) return -1
  const prefixLength = parsePrefixLength(text, slash + 1, text.length)
  const address = parseIPv4(text, 0, slash)
  if (address >= 0) {
    if (!hasIPv4Prefix(address, prefixLength)) return -1
    putIPv4(address, bytes, at)
  } else {
    if (!hasCanonicalIPv6Prefix(text, 0, slash, prefixLength)) return -1
    putGroups(bytes, at)
  }
  return prefixLength
}

/** Writes the 4 or 16 bytes of an address. @throws {WireGuardError} `EINVAL` when it is none */
export function writeAddress(text: string, bytes: Uint8Array, at: number): void {
  writeAddressWithin(text, text.length, bytes, at)
}

function writeAddressWithin(text: string, end: number, bytes: Uint8Array, at: number): void {
  if (putAddress(text, end, bytes, at)) return
  throw invalid('address', `not an IP address: ${quoted(text)}`)
}

/**
 * The canonical text of a network, always with its prefix length.
 *
 * @throws {TypeError} `EINVAL` when it is none, such as a text
 */
export function formatCidr(cidr: Cidr): string {
  checkAddressBytes(cidr?.bytes, 'cidr.bytes')
  return `${formatAddress(cidr.family, cidr.bytes)}/${cidr.prefixLength}`
}

/**
 * The canonical text of a network in any spelling: the text itself where it is that already.
 *
 * @throws {TypeError | WireGuardError} as {@link parseCidr}
 */
export function canonicalCidr(text: string, path = 'cidr'): string {
  if (isCanonicalCidr(text)) return text
  return formatCidr(parseCidr(text, path))
}

/**
 * True when the text is what {@link formatCidr} makes of it, which is what daemons and most users write.
 * Nothing is allocated. False also for networks of IPv4-mapped addresses, and for what is no string.
 */
export function isCanonicalCidr(text: string): boolean {
  return typeof text === 'string' && isCanonicalCidrAt(text, 0, text.length)
}

/**
 * The same of `text[start, end)`. In a text that others are cut out of it is faster to look than in those.
 *
 * @internal
 */
export function isCanonicalCidrAt(text: string, start: number, end: number): boolean {
  let slash = end - 1
  while (slash > start && text.charCodeAt(slash) !== SLASH) slash--
  if (slash <= start) return false
  const prefixLength = parsePrefixLength(text, slash + 1, end)
  const address = parseIPv4(text, start, slash)
  if (address >= 0) return hasIPv4Prefix(address, prefixLength)
  return hasCanonicalIPv6Prefix(text, start, slash, prefixLength)
}

/** True when the prefix is one and nothing of the address stands behind it. */
const hasIPv4Prefix = (address: number, prefixLength: number): boolean =>
  prefixLength <= 32 && address % 2 ** (32 - prefixLength) === 0

const hasCanonicalIPv6Prefix = (
  text: string,
  start: number,
  end: number,
  prefixLength: number,
): boolean =>
  prefixLength <= 128 && isCanonicalIPv6(text, start, end) && hasNoBitsBehind(prefixLength)

/** Those of the text that {@link isCanonicalIPv6} read last. */
const groups = new Uint16Array(8)

function putGroups(bytes: Uint8Array, at: number): void {
  for (let index = 0, to = at; index < 8; index++, to += 2) {
    const group = groups[index] as number
    bytes[to] = group >> 8
    bytes[to + 1] = group
  }
}

/** As {@link formatIPv6} would spell it. Fills {@link groups}. @internal */
export function isCanonicalIPv6(text: string, start: number, end: number): boolean {
  let count = 0
  let gap = -1
  let at = start
  if (text.startsWith('::', start)) {
    gap = 0
    at += 2
  }
  while (at < end) {
    const stop = count < 8 ? readGroup(text, at, end, count++) : -1
    if (stop === end) break
    if (stop < 0 || text.charCodeAt(stop) !== COLON || stop + 1 === end) return false
    at = stop + 1
    if (text.charCodeAt(at) !== COLON) continue
    if (gap >= 0) return false
    gap = count
    at++
  }
  const missing = 8 - count
  if (gap < 0) return missing === 0 && longestZeroRun(0, 8) < 2
  if (missing < 2 || (gap === 0 && missing === 5 && groups[0] === 0xffff)) return false
  moveGroups(gap, count, missing)
  const isWhole = groups[gap - 1] !== 0 && groups[gap + missing] !== 0
  return isWhole && longestZeroRun(0, gap) < missing && longestZeroRun(gap + missing, 8) <= missing
}

/** Makes room for zeros at `from`. A call to the engine's own would take longer than all the rest. */
function moveGroups(from: number, count: number, missing: number): void {
  for (let at = count - 1; at >= from; at--) groups[at + missing] = groups[at] as number
  for (let at = from; at < from + missing; at++) groups[at] = 0
}

/** One to four lower-case hex digits without leading zeros. @returns where they end, or -1 */
function readGroup(text: string, from: number, end: number, index: number): number {
  let at = from
  let value = 0
  for (; at < end; at++) {
    const code = text.charCodeAt(at)
    if (code === COLON) break
    const digit = hexDigit(code)
    if (digit < 0 || (code >= 65 && code <= 70)) return -1
    value = value * 16 + digit
  }
  if (at === from || at - from > 4 || (at - from > 1 && text.charCodeAt(from) === 48)) return -1
  groups[index] = value
  return at
}

function longestZeroRun(from: number, to: number): number {
  let longest = 0
  let length = 0
  for (let index = from; index < to; index++) {
    length = groups[index] === 0 ? length + 1 : 0
    if (length > longest) longest = length
  }
  return longest
}

function hasNoBitsBehind(prefixLength: number): boolean {
  const whole = prefixLength >> 4
  if (whole === 8) return true
  if (((groups[whole] as number) & (0xffff >> (prefixLength & 15))) !== 0) return false
  return longestZeroRun(whole + 1, 8) === 7 - whole
}
