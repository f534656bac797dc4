import type { AttributeType, ByteOrder, DisplayHint, IntegerType, Protocol } from './model.js'

/** The words of the schemas in Documentation/netlink of the kernel. */
export const PROTOCOLS: readonly Protocol[] = [
  'genetlink',
  'genetlink-c',
  'genetlink-legacy',
  'netlink-raw',
]

export const INTEGERS: readonly IntegerType[] = [
  'u8',
  'u16',
  'u32',
  'u64',
  's8',
  's16',
  's32',
  's64',
]

export const ATTRIBUTE_TYPES: readonly AttributeType[] = [
  ...INTEGERS,
  'uint',
  'sint',
  'bitfield32',
  'string',
  'binary',
  'flag',
  'nest',
  'indexed-array',
  'nest-type-value',
  'sub-message',
  'pad',
  'unused',
]

export const HINTS: readonly DisplayHint[] = [
  'hex',
  'mac',
  'fddi',
  'ipv4',
  'ipv6',
  'ipv4-or-v6',
  'uuid',
]

export const BYTE_ORDERS: readonly ByteOrder[] = ['little-endian', 'big-endian']
