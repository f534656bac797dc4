import { type Endpoint, type Family, formatAddress } from '@wgctrl/types'

const UDP = 17
const UDP_HEADER = 8
const IPV6_HEADER = 40

/** A UDP packet, as far as it matters who sent it and what is in it. */
export interface UdpPacket {
  readonly source: Endpoint
  readonly destinationPort: number
  /** Part of the packet's bytes, not a copy. */
  readonly payload: Uint8Array
}

/**
 * Reads a packet that begins with its IP header; `undefined` when it is not whole, or no UDP. The
 * source has no scope: a packet does not say which link it came over.
 */
export function parseUdpPacket(packet: Uint8Array): UdpPacket | undefined {
  const version = (packet[0] ?? 0) >> 4
  if (version === 4) return parseIPv4(packet)
  return version === 6 ? parseIPv6(packet) : undefined
}

/** @source RFC 791, section 3.1 */
function parseIPv4(packet: Uint8Array): UdpPacket | undefined {
  const headerLength = ((packet[0] as number) & 15) * 4
  if (headerLength < 20 || packet.length < headerLength + UDP_HEADER) return undefined
  if (packet[9] !== UDP || (u16(packet, 6) & 0x3fff) !== 0) return undefined
  if (u16(packet, 2) > packet.length) return undefined
  return parseUdp(packet, headerLength, 4, 12)
}

/** @source RFC 8200, section 3 */
function parseIPv6(packet: Uint8Array): UdpPacket | undefined {
  if (packet.length < IPV6_HEADER + UDP_HEADER || packet[6] !== UDP) return undefined
  return parseUdp(packet, IPV6_HEADER, 6, 8)
}

/** @source RFC 768 */
function parseUdp(
  packet: Uint8Array,
  at: number,
  family: Family,
  addressAt: number,
): UdpPacket | undefined {
  const end = at + u16(packet, at + 4)
  const port = u16(packet, at)
  if (end < at + UDP_HEADER || end > packet.length || port === 0) return undefined
  return {
    source: { address: formatAddress(family, packet, addressAt), port, family },
    destinationPort: u16(packet, at + 2),
    payload: packet.subarray(at + UDP_HEADER, end),
  }
}

const u16 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] as number) << 8) | (bytes[at + 1] as number)

/** True of addresses that mean nothing without the link they belong to. @source RFC 4291, 2.5.6 */
export const isLinkLocal = ({ family, address }: Endpoint): boolean =>
  family === 6 && /^fe[89ab]/.test(address)
