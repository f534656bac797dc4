import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { initiationFilter, LONGEST_PACKET } from './initiation-filter.js'
import { parseUdpPacket } from './packet.js'
import { runBpf } from './testing/bpf-machine.js'
import { ipv4Packet, ipv6Packet, type PacketParts } from './testing/packets.js'

const PORT = 51_820
const payload = Uint8Array.from({ length: 148 }, (_, index) =>
  index === 0 ? 1 : index < 4 ? 0 : 7,
)
const filter = initiationFilter(PORT)
const IPV4 = { protocol: 0x0800, packetType: 0 }
const IPV6 = { protocol: 0x86dd, packetType: 0 }

const passes4 = (parts: Partial<PacketParts>, packetType = 0): boolean =>
  runBpf(filter, ipv4Packet({ payload, ...parts }), { ...IPV4, packetType }) > 0
const passes6 = (parts: Partial<PacketParts>, packetType = 0): boolean =>
  runBpf(filter, ipv6Packet({ payload, ...parts }), { ...IPV6, packetType }) > 0

describe('initiationFilter', () => {
  it('passes whole initiations of both families', () => {
    expect(runBpf(filter, ipv4Packet({ payload }), IPV4)).toBe(LONGEST_PACKET)
    expect(runBpf(filter, ipv6Packet({ payload }), IPV6)).toBe(LONGEST_PACKET)
  })

  it.each(Array.from({ length: 11 }, (_, words) => words))(
    'passes IPv4 with %i words of options',
    (optionWords) => {
      expect(passes4({ optionWords })).toBe(true)
      expect(passes4({ optionWords, port: 1 })).toBe(false)
    },
  )

  it.each<[string, Partial<PacketParts>]>([
    ['another port', { port: PORT + 1 }],
    ['the port as the source', { port: 1, sourcePort: PORT }],
    ['TCP', { protocol: 6 }],
    ['IPv6 fragments and extension headers', { protocol: 44 }],
    ['a shorter message', { payload: payload.subarray(1) }],
    ['a longer message', { payload: Uint8Array.from([...payload, 0]) }],
    ['another type', { payload: Uint8Array.from(payload).fill(2, 0, 1) }],
    ['reserved bytes that are not zero', { payload: Uint8Array.from(payload).fill(1, 3, 4) }],
  ])('refuses %s', (_, parts) => {
    expect(passes4(parts)).toBe(false)
    expect(passes6(parts)).toBe(false)
  })

  it.each([1, 2, 3, 4, 5, 6, 7])('refuses packets of type %i: not for us, or our own', (type) => {
    expect(passes4({}, type)).toBe(false)
    expect(passes6({}, type)).toBe(false)
  })

  it.each([0x2000, 0x2001, 0x0001, 0x1fff])('refuses fragments: %i', (fragment) => {
    expect(passes4({ fragment })).toBe(false)
  })

  it('refuses a header that is too short to be one', () => {
    for (let words = 0; words < 5; words++) {
      const packet = ipv4Packet({ payload })
      packet[0] = 0x40 | words
      expect(runBpf(filter, packet, IPV4)).toBe(0)
    }
  })

  it('refuses one family in the frame of the other, and other protocols', () => {
    expect(runBpf(filter, ipv4Packet({ payload }), IPV6)).toBe(0)
    expect(runBpf(filter, ipv6Packet({ payload }), IPV4)).toBe(0)
    const arp = { ...IPV4, protocol: 0x0806 }
    expect(runBpf(filter, ipv4Packet({ payload }), arp)).toBe(0)
  })

  it('refuses everything when there is no port', () => {
    expect(runBpf(initiationFilter(0), ipv4Packet({ payload, port: 0 }), IPV4)).toBe(0)
  })

  it('passes nothing that the parser would not read as the same', () => {
    const bytes = fc.uint8Array({ maxLength: LONGEST_PACKET })
    const nearly = fc
      .tuple(fc.nat(200), fc.nat(255), fc.boolean(), fc.nat(10), fc.nat(220))
      .map(([at, value, isIPv4, optionWords, cut]) => {
        const packet = (isIPv4 ? ipv4Packet : ipv6Packet)({ payload, optionWords })
        packet[at % packet.length] = value
        return packet.subarray(0, Math.max(cut, packet.length - 1))
      })
    fc.assert(
      fc.property(fc.oneof(bytes, nearly), fc.boolean(), (packet, isIPv4) => {
        if (runBpf(filter, packet, isIPv4 ? IPV4 : IPV6) === 0) return
        const udp = parseUdpPacket(packet)
        // IPv4's own length may say less than the UDP header: the parser is the stricter one.
        if (!udp) return
        expect(udp.destinationPort).toBe(PORT)
        expect(udp.payload).toHaveLength(148)
        expect([...udp.payload.subarray(0, 4)]).toEqual([1, 0, 0, 0])
      }),
      { numRuns: 2000 },
    )
  })
})
