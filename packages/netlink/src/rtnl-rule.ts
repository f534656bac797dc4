import { type Family, parseCidr } from '@wgctrl/types'
import { decode } from './codec/decode.js'
import type { Message } from './codec/message.js'
import { decodeStruct } from './codec/struct.js'
import { addressText, checkFamily, familyNumber, familyOf } from './family.js'
import type { Request } from './reply.js'
import { fixedRequest } from './request.js'
import { RT_TABLE } from './specs/rt-route.js'
import { FIB_RULE, FR_ACT, fibRuleHdr, RTM_RULE, ruleAttributes } from './specs/rt-rule.js'

export { RTM_RULE }

/** A rule of policy routing: packets that match it look in its table. */
export interface Rule {
  readonly family: Family
  /** Rules are tried in ascending order; absent means 0. */
  readonly priority?: number
  readonly table?: number
  /** One of FR_ACT. */
  readonly action: number
  /** Matches packets that the other fields do not match. */
  readonly invert: boolean
  /** CIDR. */
  readonly from?: string
  /** CIDR. */
  readonly to?: string
  readonly firewallMark?: number
  readonly firewallMask?: number
  readonly inputLink?: string
  readonly outputLink?: string
  /** Ignores routes of this prefix length or shorter: 0 ignores the default route. */
  readonly suppressPrefixLength?: number
  readonly l3mdev?: boolean
}

/** A rule as it is to be made. */
export type NewRule = {
  -readonly [K in Exclude<keyof Rule, 'action' | 'invert'>]?: Rule[K] | undefined
} & { family: Family; invert?: boolean | undefined; action?: number | undefined }

/** The kernel's word for "no suppressor". */
const NONE = 0xffffffff

export function ruleDumpRequest({ family }: { family?: Family }): Request {
  const header = { family: family === undefined ? 0 : familyNumber(family) }
  return fixedRequest(RTM_RULE.get, 0, fibRuleHdr, header, ruleAttributes, {})
}

/** @throws {WireGuardError} EINVAL for text that is no network, or one of the other family */
export function ruleRequest(type: number, flags: number, rule: NewRule): Request {
  const { from, to, table, invert, l3mdev } = rule
  const source = from === undefined ? undefined : parseCidr(from, 'from')
  const destination = to === undefined ? undefined : parseCidr(to, 'to')
  if (source) checkFamily(rule.family, source.family, 'from')
  if (destination) checkFamily(rule.family, destination.family, 'to')
  const header = {
    family: familyNumber(rule.family),
    dstLen: destination?.prefixLength,
    srcLen: source?.prefixLength,
    table: table === undefined || table > 255 ? RT_TABLE.unspec : table,
    action: rule.action ?? (type === RTM_RULE.delete ? FR_ACT.unspec : FR_ACT.toTable),
    flags: invert ? FIB_RULE.invert : 0,
  }
  return fixedRequest(type, flags, fibRuleHdr, header, ruleAttributes, {
    dst: destination?.bytes,
    src: source?.bytes,
    iifname: rule.inputLink,
    oifname: rule.outputLink,
    priority: rule.priority,
    fwmark: rule.firewallMark,
    fwmask: rule.firewallMask,
    suppressPrefixlen: rule.suppressPrefixLength,
    table,
    l3mdev: l3mdev ? 1 : undefined,
  })
}

export function toRule({ payload }: Pick<Message, 'payload'>): Rule {
  const header = decodeStruct(fibRuleHdr, payload)
  const attributes = decode(ruleAttributes, payload, fibRuleHdr.size)
  const { dst, src, priority, fwmark, fwmask, iifname, oifname, suppressPrefixlen } = attributes
  const family = familyOf(header.family)
  const table = attributes.table ?? header.table
  return {
    family,
    ...(priority !== undefined && { priority }),
    ...(table !== 0 && { table }),
    action: header.action,
    invert: (header.flags & FIB_RULE.invert) !== 0,
    ...(src && { from: `${addressText(family, src)}/${header.srcLen}` }),
    ...(dst && { to: `${addressText(family, dst)}/${header.dstLen}` }),
    ...(fwmark !== undefined && { firewallMark: fwmark }),
    ...(fwmask !== undefined && { firewallMask: fwmask }),
    ...(iifname !== undefined && { inputLink: iifname }),
    ...(oifname !== undefined && { outputLink: oifname }),
    ...(suppressPrefixlen !== undefined &&
      suppressPrefixlen !== NONE && { suppressPrefixLength: suppressPrefixlen }),
    ...(attributes.l3mdev === 1 && { l3mdev: true }),
  }
}
