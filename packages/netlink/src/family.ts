import { type Family, formatAddress } from '@wgctrl/types'
import { protocolError } from './errors.js'

/** Address families as numbers. @source linux/socket.h */
const AF = { unspec: 0, inet: 2, inet6: 10 } as const

export const familyNumber = (family: Family): number => (family === 4 ? AF.inet : AF.inet6)

export const familyOf = (number: number): Family => (number === AF.inet6 ? 6 : 4)

/**
 * True of a message about IPv4 or IPv6. A dump of all families has others too: routes and rules of
 * multicast routing (128, 129), labels of MPLS, addresses of one byte.
 *
 * @source linux/rtnetlink.h: every header begins with its family
 */
export const isInternet = ({ payload }: { payload: Uint8Array }): boolean =>
  payload[0] === AF.inet || payload[0] === AF.inet6

/** @throws {NetlinkError} EPROTO for fewer bytes than an address of the family has */
export const addressText = (family: Family, bytes: Uint8Array): string => {
  if (bytes.length >= (family === 4 ? 4 : 16)) return formatAddress(family, bytes)
  throw protocolError(`an IPv${family} address of ${bytes.length} bytes`)
}
