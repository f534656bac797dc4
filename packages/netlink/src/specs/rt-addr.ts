import { attributeSet } from '../codec/attribute-set.js'
import { binary, fixed, flags, s32, string, u8, u32 } from '../codec/field.js'
import { struct } from '../codec/struct.js'

/** @source linux/rtnetlink.h */
export const RTM_ADDRESS = { new: 20, delete: 21, get: 22 } as const

/** @source linux/if_addr.h, struct ifaddrmsg; `flags` has the low eight of IFA_FLAGS */
export const ifaddrmsg = struct('ifaddrmsg', {
  family: 'u8',
  prefixlen: 'u8',
  flags: 'u8',
  scope: 'u8',
  index: 'u32',
})

/** Lifetimes in seconds, 0xffffffff for ever; time stamps in hundredths of a second since boot. */
export const ifaCacheinfo = struct('ifa-cacheinfo', {
  prefered: 'u32',
  valid: 'u32',
  created: 'u32',
  updated: 'u32',
})

/** Attributes of an address. @source linux/if_addr.h */
export const addressAttributes = attributeSet('addr-attrs', {
  /** The other end on a point-to-point link, else the same as `local`. */
  address: binary(1),
  local: binary(2),
  label: string(3),
  broadcast: binary(4),
  anycast: binary(5),
  cacheinfo: fixed(6, ifaCacheinfo),
  multicast: binary(7),
  flags: flags(8, {
    secondary: 0,
    nodad: 1,
    optimistic: 2,
    dadfailed: 3,
    homeaddress: 4,
    deprecated: 5,
    tentative: 6,
    permanent: 7,
    managetempaddr: 8,
    noprefixroute: 9,
    mcautojoin: 10,
    stablePrivacy: 11,
  }),
  rtPriority: u32(9),
  targetNetnsid: s32(10),
  proto: u8(11),
})
