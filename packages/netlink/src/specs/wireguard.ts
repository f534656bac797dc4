import { attributeSet } from '../codec/attribute-set.js'
import { binary, fixed, flags, indexedArray, string, u8, u16, u32, u64 } from '../codec/field.js'
import { struct } from '../codec/struct.js'

/** @source linux/wireguard.h, WG_GENL_NAME and WG_GENL_VERSION */
export const WG_GENL_NAME = 'wireguard'
/** The version of the family. @source linux/wireguard.h */
export const WG_GENL_VERSION = 1
/** Commands of the family. @source linux/wireguard.h, enum wg_cmd */
export const WG_CMD = { getDevice: 0, setDevice: 1 } as const
/** Bytes of a key. @source linux/wireguard.h */
export const WG_KEY_LEN = 32

/** @source linux/time_types.h, struct __kernel_timespec: both halves are s64 since 1970 */
export const kernelTimespec = struct('--kernel-timespec', { sec: 's64', nsec: 's64' })

/** Attributes of a network that a peer may use. @source linux/wireguard.h */
export const wgAllowedIp = attributeSet('wgallowedip', {
  /** AF_INET 2 or AF_INET6 10. */
  family: u16(1),
  /** struct in_addr or in6_addr. */
  ipaddr: binary(2, { minLen: 4, maxLen: 16 }),
  cidrMask: u8(3),
  /** Kernel 6.16 and later; earlier ones answer EINVAL to the attribute. */
  flags: flags(4, { removeMe: 0 }),
})

/** Attributes of a peer. @source linux/wireguard.h */
export const wgPeer = attributeSet('wgpeer', {
  publicKey: binary(1, { len: WG_KEY_LEN }),
  /** All zero means none, in both directions. */
  presharedKey: binary(2, { len: WG_KEY_LEN }),
  flags: flags(3, { removeMe: 0, replaceAllowedips: 1, updateOnly: 2 }),
  /** struct sockaddr_in (16 bytes) or sockaddr_in6 (28). */
  endpoint: binary(4, { minLen: 16 }),
  persistentKeepaliveInterval: u16(5),
  lastHandshakeTime: fixed(6, kernelTimespec),
  rxBytes: u64(7),
  txBytes: u64(8),
  allowedips: indexedArray(9, wgAllowedIp),
  protocolVersion: u32(10),
})

/** Attributes of a device. @source linux/wireguard.h */
export const wgDevice = attributeSet('wgdevice', {
  ifindex: u32(1),
  ifname: string(2),
  privateKey: binary(3, { len: WG_KEY_LEN }),
  publicKey: binary(4, { len: WG_KEY_LEN }),
  flags: flags(5, { replacePeers: 0 }),
  listenPort: u16(6),
  fwmark: u32(7),
  peers: indexedArray(8, wgPeer),
})
