import type { AmneziaName, CheckedAmnezia, Device } from '@wgctrl/types'
import { attr, attributes, find, text, u16, u32, u64 } from './bytes.js'

/** The numbers of AmneziaWG's attributes, by hand. @source amneziawg-linux-kernel-module, src/uapi/wireguard.h and src/netlink.c */

type Attribute = readonly [name: AmneziaName, type: number]

/** A u16 each. */
const SIZES: readonly Attribute[] = [
  ...([
    ['jc', 9],
    ['jmin', 10],
    ['jmax', 11],
    ['s1', 12],
    ['s2', 13],
  ] as const),
  ...([
    ['s3', 19],
    ['s4', 20],
  ] as const),
]
const HEADERS: readonly Attribute[] = [
  ['h1', 14],
  ['h2', 15],
  ['h3', 16],
  ['h4', 17],
]
/** A u32 each: both ends of 16 bits, the upper one above. */
const RANGES: readonly Attribute[] = [
  ...([
    ['contentPaddingAddition', 27],
    ['rekeyAfterTime', 28],
    ['rekeyTimeout', 29],
  ] as const),
  ...([
    ['rejectAfterTime', 30],
    ['keepaliveTimeout', 31],
    ['maxHandshakeAttempts', 32],
  ] as const),
]
const PACKETS: readonly Attribute[] = [
  ['i1', 21],
  ['i2', 22],
  ['i3', 23],
  ['i4', 24],
  ['i5', 25],
]
const PROTECTION = 26

const endsOf = (value: unknown, fresh: number): [from: number, to: number] => {
  const [from = fresh, to = from] = `${value ?? fresh}`.split('-').map(Number)
  return [from, to]
}

/** What the module shows of a device, in its order. @param version of the family */
export function amneziaAttributes({ amnezia = {} }: Device, version: number): Buffer {
  const headers = HEADERS.map(([name, type], at) => {
    const [from, to] = endsOf(amnezia[name], at + 1)
    if (version === 1) return attr(type, u32(from))
    if (version === 2) return attr(type, text(from === to ? `${from}` : `${from}-${to}`))
    return attr(type, u64(BigInt(to) * 2n ** 32n + BigInt(from)))
  })
  const sizes = SIZES.map(([name, type]) => attr(type, u16(Number(amnezia[name] ?? 0))))
  const packets = PACKETS.flatMap(([name, type]) =>
    amnezia[name] === undefined ? [] : [attr(type, text(`${amnezia[name]}`))],
  )
  if (version < 3) return Buffer.concat([...sizes, ...headers, ...packets])
  const ranges = RANGES.map(([name, type]) => {
    const [from, to] = endsOf(amnezia[name], 0)
    return attr(type, u16(from), u16(to))
  })
  const { headerProtectionKey: key } = amnezia
  const protection = key ? [attr(PROTECTION, key.toBytes())] : []
  return Buffer.concat([...sizes, ...headers, ...ranges, ...packets, ...protection])
}

/** What a set-device request changes of them. */
export function amneziaChange(payload: Buffer): { amnezia?: CheckedAmnezia } {
  const list = attributes(payload)
  const take = (rows: readonly Attribute[], read: (bytes: Buffer) => number | string) =>
    rows.flatMap(([name, type]) => {
      const bytes = find(list, type)
      return bytes ? [[name, read(bytes)] as const] : []
    })
  const range = (from: number, to: number) => (from === to ? from : `${from}-${to}`)
  const key = find(list, PROTECTION)
  const entries = [
    ...take(SIZES, (bytes) => exactly(bytes, 2).readUInt16LE()),
    ...take(HEADERS, (bytes) => range(exactly(bytes, 8).readUInt32LE(), bytes.readUInt32LE(4))),
    ...take(RANGES, (bytes) => range(exactly(bytes, 4).readUInt16LE(), bytes.readUInt16LE(2))),
    ...take(PACKETS, (bytes) => bytes.toString('latin1', 0, bytes.length - 1)),
    ...(key ? [['headerProtectionKey', new Uint8Array(exactly(key, 32))] as const] : []),
  ]
  return entries.length > 0 ? { amnezia: Object.fromEntries(entries) } : {}
}

/** The module's policy has no other lengths. */
function exactly(bytes: Buffer, length: number): Buffer {
  if (bytes.length !== length) throw new Error(`${bytes.length} bytes in the place of ${length}`)
  return bytes
}
