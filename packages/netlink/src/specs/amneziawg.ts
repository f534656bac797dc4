import type { AmneziaName } from '@wgctrl/types'
import { attributeSet } from '../codec/attribute-set.js'
import { binary, string, u16, u32 } from '../codec/field.js'
import { WG_KEY_LEN, wgDevice } from './wireguard.js'

/** The generic netlink family, and the kind of its links. @source amneziawg-linux-kernel-module, src/uapi/wireguard.h */
export const AWG_GENL_NAME = 'amneziawg'

/**
 * The version of the family from which on there are ranges of 16 bits, in a u32 with the upper end above, and of 32 bits, in
 * a u64. Before, headers were text (2) or a u32 (1), and a keepalive a u16.
 *
 * @source the same, v1.0.20241112, v1.0.20260725 and v3.0.20260805; src/type.h
 */
export const AWG_RANGES_VERSION = 3

const header = (type: number) => binary(type, { minLen: 2 })

const parameters = {
  jc: u16(9),
  jmin: u16(10),
  jmax: u16(11),
  s1: u16(12),
  s2: u16(13),
  h1: header(14),
  h2: header(15),
  h3: header(16),
  h4: header(17),
  s3: u16(19),
  s4: u16(20),
  i1: string(21),
  i2: string(22),
  i3: string(23),
  i4: string(24),
  i5: string(25),
  headerProtectionKey: binary(26, { len: WG_KEY_LEN }),
  contentPaddingAddition: u32(27),
  rekeyAfterTime: u32(28),
  rekeyTimeout: u32(29),
  rejectAfterTime: u32(30),
  keepaliveTimeout: u32(31),
  maxHandshakeAttempts: u32(32),
} as const

/** Attributes of a device, those of WireGuard among them. @source the same, src/netlink.c: device_policy */
export const awgDevice = attributeSet('wgdevice', { ...wgDevice.fields, ...parameters })

/** The attributes that WireGuard does not have, by the names of their parameters. */
export const AWG_PARAMETERS: readonly (readonly [name: AmneziaName, type: number])[] =
  Object.entries(parameters).map(([name, { type }]) => [name as AmneziaName, type])
