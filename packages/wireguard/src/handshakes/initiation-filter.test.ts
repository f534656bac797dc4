import { createSecretKey } from 'node:crypto'
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

  it.each([
    [5, 5],
    [100, 199],
    [250, 70_000],
    [0x01020304, 0x0102ffff],
    [0, 0xffffffff],
    [0xfffffff0, 0xffffffff],
  ])('passes disguised types of %i to %i, and none that begins otherwise', (from, to) => {
    const disguise = { padding: 17, from, to }
    const passes = (type: number, length = 17 + 148): boolean => {
      const payload = Buffer.alloc(length, 7)
      payload.writeUInt32LE(type, 17)
      const program = initiationFilter(PORT, disguise)
      const isPassed4 = runBpf(program, ipv4Packet({ payload, optionWords: 3 }), IPV4) > 0
      expect(runBpf(program, ipv6Packet({ payload }), IPV6) > 0).toBe(isPassed4)
      return isPassed4
    }
    for (const type of [from, to, Math.floor((from + to) / 2)]) expect(passes(type)).toBe(true)
    expect(passes(from, 17 + 147)).toBe(false)
    expect(passes(from, 148)).toBe(false)
    const differs = 32 - Math.clz32(from ^ to)
    const above = Math.ceil(differs / 8) * 8
    if (above < 32) expect(passes((to ^ (1 << above)) >>> 0)).toBe(false)
  })

  it('passes what is encrypted by its length alone, and no padding that goes into no packet', () => {
    const key = createSecretKey(Buffer.alloc(32, 1))
    const long = ipv4Packet({ payload: Buffer.alloc(17 + 148, 7) })
    const disguise = { padding: 17, from: 1, to: 1, key }
    expect(runBpf(initiationFilter(PORT, disguise), long, IPV4)).toBe(LONGEST_PACKET)
    expect(runBpf(initiationFilter(PORT, disguise), ipv4Packet({ payload }), IPV4)).toBe(0)
    const endless = ipv4Packet({ payload: Buffer.alloc(2000 + 148, 7) })
    const wide = { ...disguise, padding: 2000 }
    expect(runBpf(initiationFilter(PORT, wide), endless, IPV4)).toBe(0)
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
