import { attributeSet } from '../codec/attribute-set.js'
import { binary, fixed, multi, nest, s32, string, u8, u32 } from '../codec/field.js'
import { struct } from '../codec/struct.js'

/** @source linux/rtnetlink.h */
export const RTM_LINK = { new: 16, delete: 17, get: 18 } as const

/** Multicast group number of link events. @source linux/rtnetlink.h, RTNLGRP_LINK */
export const RTNLGRP_LINK = 1

/** @source linux/if.h, net_device_flags */
export const IFF = {
  up: 0x1,
  broadcast: 0x2,
  loopback: 0x8,
  pointToPoint: 0x10,
  running: 0x40,
  noArp: 0x80,
  multicast: 0x1000,
  lowerUp: 0x10000,
} as const

/** RFC 2863 states. @source linux/if.h, IF_OPER_* */
export const OPERSTATE = [
  'unknown',
  'notpresent',
  'down',
  'lowerlayerdown',
  'testing',
  'dormant',
  'up',
] as const

/** @source linux/rtnetlink.h, struct ifinfomsg; `type` is an ARPHRD_ number */
export const ifinfomsg = struct('ifinfomsg', {
  family: 'u8',
  type: 'u16',
  index: 's32',
  flags: 'u32',
  change: 'u32',
})

/** Kernels before 4.6 end at tx-compressed, before 6.0 at rx-nohandler. @source linux/if_link.h */
export const linkStats64 = struct(
  'rtnl-link-stats64',
  {
    rxPackets: 'u64',
    txPackets: 'u64',
    rxBytes: 'u64',
    txBytes: 'u64',
    rxErrors: 'u64',
    txErrors: 'u64',
    rxDropped: 'u64',
    txDropped: 'u64',
    multicast: 'u64',
    collisions: 'u64',
    rxLengthErrors: 'u64',
    rxOverErrors: 'u64',
    rxCrcErrors: 'u64',
    rxFrameErrors: 'u64',
    rxFifoErrors: 'u64',
    rxMissedErrors: 'u64',
    txAbortedErrors: 'u64',
    txCarrierErrors: 'u64',
    txFifoErrors: 'u64',
    txHeartbeatErrors: 'u64',
    txWindowErrors: 'u64',
    rxCompressed: 'u64',
    txCompressed: 'u64',
    rxNohandler: 'u64',
    rxOtherhostDropped: 'u64',
  },
  { minSize: 23 * 8 },
)

/** Attributes of what kind of link it is. @source linux/if_link.h */
export const linkInfo = attributeSet('linkinfo-attrs', {
  kind: string(1),
  /** Attributes of the kind's own set; encode and decode them with it. */
  data: binary(2),
  slaveKind: string(4),
  slaveData: binary(5),
})

/** IFLA_PROP_LIST: properties that a link can have several of. */
export const linkProperties = attributeSet('prop-list-link-attrs', {
  altIfname: multi(string(53)),
})

/** Attributes of a link. @source linux/if_link.h */
export const linkAttributes = attributeSet('link-attrs', {
  address: binary(1),
  broadcast: binary(2),
  ifname: string(3),
  mtu: u32(4),
  link: u32(5),
  qdisc: string(6),
  master: u32(10),
  txqlen: u32(13),
  operstate: u8(16),
  linkmode: u8(17),
  linkinfo: nest(18, linkInfo),
  netNsPid: u32(19),
  ifalias: string(20),
  stats64: fixed(23, linkStats64),
  group: u32(27),
  netNsFd: u32(28),
  extMask: u32(29),
  promiscuity: u32(30),
  numTxQueues: u32(31),
  numRxQueues: u32(32),
  carrier: u8(33),
  carrierChanges: u32(35),
  linkNetnsid: s32(37),
  protoDown: u8(39),
  newNetnsid: s32(45),
  targetNetnsid: s32(46),
  newIfindex: s32(49),
  minMtu: u32(50),
  maxMtu: u32(51),
  propList: nest(52, linkProperties),
  altIfname: string(53),
  permAddress: binary(54),
})

/** VETH_INFO_PEER holds an ifinfomsg and link attributes. @source linux/veth.h */
export const vethInfo = attributeSet('linkinfo-veth-attrs', { peer: binary(1) })
