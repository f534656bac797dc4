import {
  type Cidr,
  type Endpoint,
  formatAddress,
  formatCidr,
  formatEndpoint,
  isNamed,
  type NamedEndpoint,
  parseAddress,
  parseCidr,
  parseEndpoint,
} from '@wgctrl/types'

/** One entry of `AllowedIPs`. */
export interface AllowedIPEntry {
  /** Canonical. */
  readonly cidr: string
  /** Takes the network from the peer: a `-` stood before it. */
  readonly remove: boolean
  /** A `+` or `-` stood before it: the list changes what the peer has, it does not replace it. */
  readonly incremental: boolean
  /** Bits behind the prefix were set and are cleared. */
  readonly hadHostBits: boolean
}

/**
 * One allowed IP as wg(8) reads it, in files and on its command line; `undefined` when it is none.
 *
 * @source wireguard-tools, src/config.c: inet_pton(3), and strtoul(3) for the digits of the mask
 */
export function readAllowedIP(text: string): AllowedIPEntry | undefined {
  const sign = /^[+-]/.exec(text)?.[0]
  const network = readNetwork(sign === undefined ? text : text.slice(1))
  if (!network) return undefined
  const spelled = formatCidr(network)
  const hadHostBits = hasHostBits(network)
  const cidr = hadHostBits ? formatCidr(parseCidr(spelled)) : spelled
  return { cidr, remove: sign === '-', incremental: sign !== undefined, hadHostBits }
}

/** True when a bit behind the prefix is set. */
function hasHostBits({ bytes, prefixLength }: Cidr): boolean {
  for (let at = prefixLength >> 3; at < bytes.length; at++) {
    const kept = Math.max(0, prefixLength - 8 * at)
    if (((bytes[at] as number) & (0xff >> kept)) !== 0) return true
  }
  return false
}

/**
 * An address of the interface with its prefix length, host bits kept: `10.0.0.7/24`. As ip(8) does, it takes a
 * mask in dots for the length of an IPv4 prefix.
 */
export function readInterfaceAddress(text: string): string | undefined {
  const [, host, mask] = /^([\d.]+)\/(\d+\.[\d.]+)$/.exec(text) ?? []
  const length = mask === undefined ? undefined : maskLength(mask)
  const network = readNetwork(length === undefined ? text : `${host}/${length}`)
  return network && formatCidr(network)
}

/** The number of bits in a mask: ones, and then zeros alone. */
function maskLength(text: string): number | undefined {
  const bits = [...(parseAddress(text)?.bytes ?? [])].map((byte) =>
    byte.toString(2).padStart(8, '0'),
  )
  const [, ones] = /^(1*)0*$/.exec(bits.join('')) ?? []
  return bits.length > 0 ? ones?.length : undefined
}

/** A network in canonical form. */
export const readWholeNetwork = (text: string): string | undefined =>
  /^[+-]/.test(text) ? undefined : readAllowedIP(text)?.cidr

/** An address without a prefix length, in canonical form. */
export function readHost(text: string): string | undefined {
  const address = parseAddress(text)
  return address && formatAddress(address.family, address.bytes)
}

/** Host bits are kept. */
function readNetwork(text: string): Cidr | undefined {
  const [, host = '', digits] = /^([^/]*)(?:\/(\d+))?$/.exec(text) ?? []
  const address = parseAddress(host)
  if (!address) return undefined
  const bits = address.bytes.length * 8
  const prefixLength = digits === undefined ? bits : Number(digits)
  return prefixLength <= bits ? { ...address, prefixLength } : undefined
}

/**
 * An endpoint in every spelling that wg(8) hands to getaddrinfo(3): `host:port` where the host is all
 * before the last colon (an IPv6 address may go without brackets), or `[host]:port` with any host.
 * A name stays a name; `undefined` when it is no endpoint.
 */
export function readEndpoint(text: string): Endpoint | NamedEndpoint | undefined {
  const match = /^\[([^\]]+)\]:(.+)$/.exec(text) ?? /^([^[].*):([^:]+)$/.exec(text)
  const [, host = '', port = ''] = match ?? []
  if (!/^\+?\d+$/.test(port)) return undefined
  const plain = readInetAton(host) ?? host
  try {
    return parseEndpoint(`${plain.includes(':') ? `[${plain}]` : plain}:${Number(port)}`)
  } catch {
    return undefined
  }
}

/** An endpoint as a file has it: a name stays a name. */
export const endpointValue = (endpoint: Endpoint | NamedEndpoint): string =>
  isNamed(endpoint) ? `${endpoint.host}:${endpoint.port}` : formatEndpoint(endpoint)

/**
 * The short, octal and hexadecimal spellings of IPv4 that getaddrinfo(3) takes, in the usual one:
 * `127.1` is `127.0.0.1`. @source inet_aton(3)
 */
function readInetAton(text: string): string | undefined {
  if (!/^\d[\da-fx.]*$/i.test(text)) return undefined
  const parts = text.split('.').map(readInetNumber)
  const last = parts.pop()
  if (last === undefined || parts.length > 3) return undefined
  if (parts.some((part) => part === undefined || part > 255)) return undefined
  if (last >= 2 ** (8 * (4 - parts.length))) return undefined
  const high = parts.reduce<number>((sum, part, at) => sum + (part ?? 0) * 2 ** (24 - 8 * at), 0)
  const value = high + last
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.')
}

function readInetNumber(text: string): number | undefined {
  if (/^0x[\da-f]{1,8}$/i.test(text)) return Number.parseInt(text, 16)
  if (/^0[0-7]{0,11}$/.test(text)) return Number.parseInt(text, 8)
  return /^[1-9]\d{0,9}$/.test(text) ? Number(text) : undefined
}
