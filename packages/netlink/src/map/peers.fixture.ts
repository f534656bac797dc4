import fc from 'fast-check'
import { NLMSG } from '../codec/message.js'
import { attr, nested, u8, u16, u32, u64 } from '../testing/bytes.js'

export const element = (payload: Uint8Array): Buffer => nested(0, Buffer.from(payload))

const bytes = (length: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((list) => Buffer.from(list))
const keys = fc.oneof(fc.constant(Buffer.alloc(32)), bytes(32))
const counters = fc.oneof(
  fc.bigInt({ min: 0n, max: 5n }),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
)
const seconds = fc.oneof(
  fc.constant(0n),
  fc.bigInt({ min: -(2n ** 40n), max: 2n ** 40n }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
)
/** Addresses with runs of zeros, those of IPv4 in IPv6, and any. */
const ipv6 = fc.oneof(
  bytes(16),
  fc
    .array(fc.constantFrom(0, 0, 0, 1, 0xff, 0xffff, 0x1000), { minLength: 8, maxLength: 8 })
    .map((groups) => Buffer.from(groups.flatMap((group) => [group >> 8, group & 255]))),
  bytes(4).map((tail) => Buffer.concat([Buffer.from('00000000000000000000ffff', 'hex'), tail])),
)
const addresses = fc.oneof(bytes(4), ipv6)
const network = fc
  .record({ address: addresses, mask: fc.nat(255) })
  .map(({ address, mask }) =>
    element(
      Buffer.concat([
        attr(3, u8(mask)),
        attr(1, u16(address.length === 4 ? 2 : 10)),
        attr(2, address),
      ]),
    ),
  )
const endpoint = fc
  .record({ address: addresses, port: bytes(2), scope: fc.constantFrom(0, 0, 7, 2 ** 32 - 1) })
  .map(({ address, port, scope }) =>
    address.length === 4
      ? Buffer.concat([u16(2), port, address, Buffer.alloc(8)])
      : Buffer.concat([u16(10), port, u32(0), address, u32(scope)]),
  )

/** The attributes of a peer in the order of the kernel. */
export const attributes: fc.Arbitrary<Buffer[]> = fc
  .record({
    publicKey: bytes(32),
    presharedKey: keys,
    handshake: fc.tuple(
      seconds,
      fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 999_999_999n })),
    ),
    keepalive: fc.nat(65_535),
    counters: fc.tuple(counters, counters),
    version: fc.oneof(fc.constant(1), fc.nat()),
    endpoint: fc.option(endpoint, { nil: undefined }),
    networks: fc.oneof(fc.array(network, { maxLength: 3 }), fc.array(network, { maxLength: 60 })),
  })
  .map((peer) => [
    attr(1, peer.publicKey),
    attr(2, peer.presharedKey),
    attr(6, ...peer.handshake.map((half) => u64(BigInt.asUintN(64, half)))),
    attr(5, u16(peer.keepalive)),
    attr(8, u64(peer.counters[0])),
    attr(7, u64(peer.counters[1])),
    attr(10, u32(peer.version)),
    ...(peer.endpoint ? [attr(4, peer.endpoint)] : []),
    ...(peer.networks.length > 0 ? [nested(9, ...peer.networks)] : []),
  ])

/** All but endpoint and allowed IPs. */
export const plain: Buffer[] = [
  attr(1, Buffer.alloc(32, 1)),
  attr(2, Buffer.alloc(32, 2)),
  attr(6, u64(0n), u64(0n)),
  attr(5, u16(0)),
  attr(8, u64(0n)),
  attr(7, u64(0n)),
  attr(10, u32(1)),
]

/** The payloads of the peers in a datagram of get-device. */
export function* peersIn(datagram: Buffer): Generator<Buffer> {
  for (let at = 0; at < datagram.length; at += padded(datagram.readUInt32LE(at))) {
    const end = at + datagram.readUInt32LE(at)
    if (datagram.readUInt16LE(at + 4) < NLMSG.minType) continue
    for (let o = at + 20; o < end; o += padded(datagram.readUInt16LE(o))) {
      if ((datagram.readUInt16LE(o + 2) & 0x3fff) !== 8) continue
      const stop = o + datagram.readUInt16LE(o)
      for (let p = o + 4; p < stop; p += padded(datagram.readUInt16LE(p))) {
        yield datagram.subarray(p + 4, p + datagram.readUInt16LE(p))
      }
    }
  }
}

const padded = (length: number): number => (length + 3) & ~3
