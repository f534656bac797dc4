/** What a packet is made of; each can be made wrong. */
export interface PacketParts {
  readonly from?: readonly number[]
  readonly sourcePort?: number
  readonly port?: number
  readonly payload: Uint8Array
  /** Of IPv4: 32-bit words of options. */
  readonly optionWords?: number
  /** Of IPv4: flags and fragment offset. */
  readonly fragment?: number
  /** IP protocol number, next header. */
  readonly protocol?: number
}

export function ipv4Packet(parts: PacketParts): Uint8Array {
  const { from = [127, 0, 0, 1], optionWords = 0, fragment = 0x4000, protocol = 17 } = parts
  const udp = udpDatagram(parts)
  const header = Buffer.alloc(20 + 4 * optionWords, 1)
  header[0] = 0x40 | (header.length / 4)
  header.writeUInt16BE(header.length + udp.length, 2)
  header.writeUInt16BE(fragment, 6)
  header[9] = protocol
  header.set(from, 12)
  header.set([127, 0, 0, 1], 16)
  return Uint8Array.from([...header, ...udp])
}

export function ipv6Packet(parts: PacketParts): Uint8Array {
  const loopback = [...Array<number>(15).fill(0), 1]
  const { from = loopback, protocol = 17 } = parts
  const udp = udpDatagram(parts)
  const header = Buffer.alloc(40)
  header[0] = 0x60
  header.writeUInt16BE(udp.length, 4)
  header[6] = protocol
  header.set(from, 8)
  header.set(loopback, 24)
  return Uint8Array.from([...header, ...udp])
}

function udpDatagram({ sourcePort = 51_821, port = 51_820, payload }: PacketParts): Uint8Array {
  const header = Buffer.alloc(8)
  header.writeUInt16BE(sourcePort, 0)
  header.writeUInt16BE(port, 2)
  header.writeUInt16BE(8 + payload.length, 4)
  return Uint8Array.from([...header, ...payload])
}
