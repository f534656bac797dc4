import { constants } from 'node:os'
import { type Family, formatAddress, invalid } from '@wgctrl/types'
import { readU16 } from './codec/bytes.js'
import { MESSAGE_HEADER } from './codec/message.js'
import { NetlinkError, protocolError, recoded } from './errors.js'
import type { Request } from './reply.js'
import { RTM_ROUTE } from './specs/rt-route.js'

/** Address families as numbers. @source linux/socket.h */
const AF = { unspec: 0, inet: 2, inet6: 10 } as const

export const familyNumber = (family: Family): number => (family === 4 ? AF.inet : AF.inet6)

export const familyOf = (number: number): Family => (number === AF.inet6 ? 6 : 4)

/** @throws {WireGuardError} `EINVAL` when what `path` names is of another family than the rest */
export function checkFamily(family: Family, found: Family, path: string): void {
  if (family !== found) throw invalid(path, `must be of IPv${family}, not of IPv${found}`)
}

/**
 * True of a header's first byte that is of one family; without one, of either. A dump of all families has others too: routes and rules of
 * multicast routing (128, 129), labels of MPLS, addresses of one byte.
 *
 * @source linux/rtnetlink.h: every header begins with its family
 */
export const isFamilyNumber = (family: Family | undefined, number: number | undefined): boolean =>
  family === undefined ? number === AF.inet || number === AF.inet6 : number === familyNumber(family)

/** The same of messages. */
export const isOfFamily =
  (family: Family | undefined) =>
  ({ payload }: { payload: Uint8Array }): boolean =>
    isFamilyNumber(family, payload[0])

/** @throws {NetlinkError} EPROTO for fewer bytes than an address of the family has */
export const addressText = (
  family: Family,
  bytes: Uint8Array,
  start = 0,
  end: number = bytes.length,
): string => {
  if (end - start >= (family === 4 ? 4 : 16)) return formatAddress(family, bytes, start)
  throw protocolError(`an IPv${family} address of ${end - start} bytes`)
}

/**
 * One code for IPv6 that is not to be had: booted without it (`ipv6.disable=1`) the kernel says EOPNOTSUPP,
 * and EACCES to what is added where it is switched off (`disable_ipv6`).
 *
 * @source net/core/rtnetlink.c; net/ipv6/addrconf.c, addrconf_add_dev; net/ipv6/route.c, ip6_route_info_create
 */
export function familyError(error: unknown, { bytes }: Request): unknown {
  if (!(error instanceof NetlinkError) || bytes[MESSAGE_HEADER] !== AF.inet6) return error
  // Of a look-up it is the word of a route that prohibits.
  const isOff = error.errno === constants.errno.EACCES && readU16(bytes, 4) !== RTM_ROUTE.get
  if (!isOff && error.code !== 'EOPNOTSUPP') return error
  return recoded(error, 'EAFNOSUPPORT', `IPv6 is switched off: ${error.message}`)
}
