import { attributeSet } from '../codec/attribute-set.js'
import { be64, binary, fixed, string, u8, u32 } from '../codec/field.js'
import { struct } from '../codec/struct.js'

/** @source linux/rtnetlink.h */
export const RTM_RULE = { new: 32, delete: 33, get: 34 } as const

/** @source linux/fib_rules.h, FIB_RULE_*: bits of the header's `flags` */
export const FIB_RULE = { permanent: 0x1, invert: 0x2, unresolved: 0x4 } as const

/** @source linux/fib_rules.h, FR_ACT_* */
export const FR_ACT = {
  unspec: 0,
  toTable: 1,
  goto: 2,
  nop: 3,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
} as const

/** @source linux/fib_rules.h, struct fib_rule_hdr */
export const fibRuleHdr = struct('fib-rule-hdr', {
  family: 'u8',
  dstLen: 'u8',
  srcLen: 'u8',
  tos: 'u8',
  table: 'u8',
  res1: 'u8',
  res2: 'u8',
  action: 'u8',
  flags: 'u32',
})

/** A range of users. @source linux/fib_rules.h, fib_rule_uid_range */
export const fibRuleUidRange = struct('fib-rule-uid-range', { start: 'u32', end: 'u32' })
/** A range of ports. @source linux/fib_rules.h, fib_rule_port_range */
export const fibRulePortRange = struct('fib-rule-port-range', { start: 'u16', end: 'u16' })

/** Attributes of a rule. @source linux/fib_rules.h */
export const ruleAttributes = attributeSet('fib-rule-attrs', {
  dst: binary(1),
  src: binary(2),
  iifname: string(3),
  goto: u32(4),
  priority: u32(6),
  fwmark: u32(10),
  flow: u32(11),
  tunId: be64(12),
  suppressIfgroup: u32(13),
  suppressPrefixlen: u32(14),
  table: u32(15),
  fwmask: u32(16),
  oifname: string(17),
  l3mdev: u8(19),
  uidRange: fixed(20, fibRuleUidRange),
  protocol: u8(21),
  ipProto: u8(22),
  sportRange: fixed(23, fibRulePortRange),
  dportRange: fixed(24, fibRulePortRange),
})
