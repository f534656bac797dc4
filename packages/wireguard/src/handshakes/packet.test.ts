import { describe, expect, it } from 'vitest'
import { isLinkLocal, parseUdpPacket } from './packet.js'
import { ipv4Packet, ipv6Packet } from './testing/packets.js'

const payload = Uint8Array.of(1, 2, 3, 4)

describe('parseUdpPacket', () => {
  it.each([0, 3, 10])('reads IPv4 with %i words of options', (optionWords) => {
    const packet = ipv4Packet({ payload, optionWords, from: [192, 0, 2, 7], sourcePort: 9 })
    expect(parseUdpPacket(packet)).toEqual({
      source: { address: '192.0.2.7', port: 9, family: 4 },
      destinationPort: 51_820,
      payload,
    })
  })

  it('reads IPv6', () => {
    const from = [0x20, 1, 0xd, 0xb8, ...Array<number>(11).fill(0), 7]
    expect(parseUdpPacket(ipv6Packet({ payload, from, sourcePort: 9 }))).toEqual({
      source: { address: '2001:db8::7', port: 9, family: 6 },
      destinationPort: 51_820,
      payload,
    })
  })

  it.each([ipv4Packet({ payload, optionWords: 2 }), ipv6Packet({ payload })])(
    'takes no packet that was cut',
    (packet) => {
      for (let length = 0; length < packet.length; length++) {
        expect(parseUdpPacket(packet.subarray(0, length)), `${length}`).toBeUndefined()
      }
    },
  )

  it('does not take padding for payload', () => {
    const padded = Uint8Array.from([...ipv4Packet({ payload }), 0, 0, 0])
    expect(parseUdpPacket(padded)?.payload).toEqual(payload)
  })

  it('takes neither other protocols nor fragments nor a source that cannot be answered', () => {
    for (const parts of [
      { protocol: 6 },
      { fragment: 0x2000 },
      { fragment: 1 },
      { sourcePort: 0 },
    ]) {
      expect(parseUdpPacket(ipv4Packet({ payload, ...parts }))).toBeUndefined()
    }
  })
})

describe('isLinkLocal', () => {
  it.each([
    ['fe80::1', 6, true],
    ['febf::1', 6, true],
    ['fec0::1', 6, false],
    ['fd00::1', 6, false],
    ['169.254.0.1', 4, false],
  ] as const)('%s', (address, family, is) => {
    expect(isLinkLocal({ address, family, port: 1 })).toBe(is)
  })
})
