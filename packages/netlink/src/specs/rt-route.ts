import { attributeSet } from '../codec/attribute-set.js'
import { binary, fixed, nest, u8, u16, u32 } from '../codec/field.js'
import { struct } from '../codec/struct.js'

/** @source linux/rtnetlink.h */
export const RTM_ROUTE = { new: 24, delete: 25, get: 26 } as const

/** @source linux/rtnetlink.h, rt_class_t; larger numbers go in RTA_TABLE alone */
export const RT_TABLE = { unspec: 0, compat: 252, default: 253, main: 254, local: 255 } as const

/** Who installed a route. @source linux/rtnetlink.h, RTPROT_* */
export const RTPROT = { unspec: 0, redirect: 1, kernel: 2, boot: 3, static: 4 } as const

/** @source linux/rtnetlink.h, rt_scope_t */
export const RT_SCOPE = { universe: 0, site: 200, link: 253, host: 254, nowhere: 255 } as const

/** @source linux/rtnetlink.h, RTN_* */
export const RTN = {
  unspec: 0,
  unicast: 1,
  local: 2,
  broadcast: 3,
  anycast: 4,
  multicast: 5,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
  throw: 9,
} as const

/**
 * `lookupTable`: the answer to a lookup names the table that the route is in; without, an IPv4 one says
 * main. IPv6 names it without being asked. @source linux/rtnetlink.h, RTM_F_*; net/ipv4/route.c
 */
export const RTM_F = { lookupTable: 0x1000 } as const

/** @source linux/rtnetlink.h, struct rtmsg */
export const rtmsg = struct('rtmsg', {
  family: 'u8',
  dstLen: 'u8',
  srcLen: 'u8',
  tos: 'u8',
  table: 'u8',
  protocol: 'u8',
  scope: 'u8',
  type: 'u8',
  flags: 'u32',
})

/** How a route was used. @source linux/rtnetlink.h, rta_cacheinfo */
export const rtaCacheinfo = struct('rta-cacheinfo', {
  clntref: 'u32',
  lastuse: 'u32',
  expires: 's32',
  error: 'u32',
  used: 'u32',
  id: 'u32',
  ts: 'u32',
  tsage: 'u32',
})

/** Attributes of the metrics of a route. @source linux/rtnetlink.h */
export const routeMetrics = attributeSet('metrics', {
  lock: u32(1),
  mtu: u32(2),
  window: u32(3),
  rtt: u32(4),
  rttvar: u32(5),
  ssthresh: u32(6),
  cwnd: u32(7),
  advmss: u32(8),
  reordering: u32(9),
  hoplimit: u32(10),
  initcwnd: u32(11),
  features: u32(12),
  rtoMin: u32(13),
  initrwnd: u32(14),
  quickack: u32(15),
})

/** Attributes of a route. @source linux/rtnetlink.h */
export const routeAttributes = attributeSet('route-attrs', {
  dst: binary(1),
  src: binary(2),
  iif: u32(3),
  oif: u32(4),
  gateway: binary(5),
  priority: u32(6),
  prefsrc: binary(7),
  metrics: nest(8, routeMetrics),
  /** Array of struct rtnexthop, each followed by attributes. */
  multipath: binary(9),
  flow: u32(11),
  cacheinfo: fixed(12, rtaCacheinfo),
  table: u32(15),
  mark: u32(16),
  /** struct rtvia: a gateway of another family. */
  via: binary(18),
  newdst: binary(19),
  pref: u8(20),
  encapType: u16(21),
  encap: binary(22),
  expires: u32(23),
  uid: u32(25),
  ttlPropagate: u8(26),
  nhId: u32(30),
})
