import { type Family, invalid, parseAddress, quoted } from '@wgctrl/types'
import { decode } from './codec/decode.js'
import type { Message } from './codec/message.js'
import { decodeStruct } from './codec/struct.js'
import { addressText, familyNumber, familyOf } from './family.js'
import type { Request } from './reply.js'
import { fixedRequest } from './request.js'
import { addressAttributes, ifaddrmsg, RTM_ADDRESS } from './specs/rt-addr.js'
import { RT_SCOPE } from './specs/rt-route.js'

export { RTM_ADDRESS }

/** An address that a link has. */
export interface Address {
  /** The index of the link. */
  readonly index: number
  readonly family: Family
  /** Canonical text, without prefix. */
  readonly address: string
  readonly prefixLength: number
  /** The other end of a point-to-point link, when it differs. */
  readonly peer?: string
  readonly label?: string
  /** One of RT_SCOPE. */
  readonly scope: number
  /** Bits of `addressAttributes.fields.flags.masks`. */
  readonly flags: number
}

/** Which addresses are wanted. */
export interface AddressFilter {
  index?: number | undefined
  family?: Family | undefined
}

export interface NewAddress {
  /** The index of the link. */
  index: number
  /** `10.0.0.1/24` or `fd00::1/64`: the host bits are the address. Without prefix: one host. */
  address: string
  /** Bits of `addressAttributes.fields.flags.masks`, such as `noprefixroute`. */
  flags?: number | undefined
}

/** @throws {WireGuardError} EINVAL for text that is no address with prefix */
export function addressRequest(
  type: number,
  flags: number,
  input: AddressFilter | NewAddress,
): Request {
  const { index } = input
  if (!('address' in input)) {
    const { family } = input as AddressFilter
    const header = { index, family: family === undefined ? 0 : familyNumber(family) }
    return fixedRequest(type, flags, ifaddrmsg, header, addressAttributes, {})
  }
  const [text = '', prefix] = input.address.split('/')
  const ip = parseAddress(text)
  const bits = (ip?.bytes.length ?? 0) * 8
  const prefixlen = prefix === undefined ? bits : Number(prefix)
  if (!ip || !/^\d{1,3}$/.test(prefix ?? '0') || prefixlen > bits) {
    throw invalid('address', `not an address with prefix: ${quoted(input.address)}`)
  }
  const header = { index, family: familyNumber(ip.family), prefixlen, scope: scopeOf(ip) }
  // IPv4 wants the address as local; on anything but point-to-point links both are the same.
  return fixedRequest(type, flags, ifaddrmsg, header, addressAttributes, {
    local: ip.bytes,
    address: ip.bytes,
    flags: input.flags,
  })
}

/** As ip(8) has it: what is of loopback means nothing outside this machine. IPv6 has scopes of its own. */
const scopeOf = ({ family, bytes }: { family: Family; bytes: Uint8Array }): number =>
  family === 4 && bytes[0] === 127 ? RT_SCOPE.host : RT_SCOPE.universe

export function toAddress({ payload }: Pick<Message, 'payload'>): Address {
  const header = decodeStruct(ifaddrmsg, payload)
  const attributes = decode(addressAttributes, payload, ifaddrmsg.size)
  const family = familyOf(header.family)
  const own = attributes.local ?? attributes.address
  const other = attributes.address
  const address = own ? addressText(family, own) : ''
  const peer = other ? addressText(family, other) : ''
  return {
    index: header.index,
    family,
    address,
    prefixLength: header.prefixlen,
    ...(peer !== '' && peer !== address && { peer }),
    ...(attributes.label !== undefined && { label: attributes.label }),
    scope: header.scope,
    flags: attributes.flags ?? header.flags,
  }
}
