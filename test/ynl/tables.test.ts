import {
  type AttributeSet,
  addressAttributes,
  ctrl,
  ctrlMulticastGroup,
  ctrlOp,
  type Field,
  fibRuleHdr,
  ifaddrmsg,
  ifinfomsg,
  linkAttributes,
  linkInfo,
  linkProperties,
  OP,
  routeAttributes,
  routeMetrics,
  rtmsg,
  ruleAttributes,
  type Struct,
  specName,
  wgAllowedIp,
  wgDevice,
  wgPeer,
} from '@wgctrl/netlink'
import { type AttributeSpec, readSpecFile, type Spec } from '@wgctrl/ynl'
import { beforeAll, describe, expect, it } from 'vitest'
import { kernelSpecs } from '../kernel/specs.mjs'

/** What the kernel's specs call an attribute of a kind of ours. */
const TYPES: Readonly<Record<number, readonly string[]>> = {
  [OP.u8]: ['u8'],
  [OP.u16]: ['u16'],
  [OP.u32]: ['u32'],
  [OP.u64]: ['u64'],
  [OP.s32]: ['s32'],
  [OP.s64]: ['s64'],
  [OP.be16]: ['u16 big-endian'],
  [OP.be32]: ['u32 big-endian'],
  [OP.be64]: ['u64 big-endian'],
  [OP.binary]: ['binary', 'nest', 'sub-message'],
  [OP.string]: ['string'],
  [OP.flag]: ['flag'],
  [OP.nest]: ['nest'],
  [OP.indexedArray]: ['indexed-array'],
  [OP.struct]: ['binary'],
}

/** Where the spec of the newest kernel has another type, and why ours stays: the source of the kernel. */
const OTHERWISE: Readonly<Record<string, string>> = {
  'rt-addr broadcast': 'u32 big-endian', // the same four bytes: nla_get_in_addr
  'rt-addr target-netnsid': 'binary', // NLA_S32, net/ipv4/devinet.c, ifa_ipv4_policy
  'rt-rule tun-id': 'u64', // nla_get_be64, net/core/fib_rules.c
}

const tables: [family: string, set: AttributeSet][] = [
  ['wireguard', wgDevice],
  ['wireguard', wgPeer],
  ['wireguard', wgAllowedIp],
  ['nlctrl', ctrl],
  ['nlctrl', ctrlOp],
  ['nlctrl', ctrlMulticastGroup],
  ['rt-link', linkAttributes],
  ['rt-link', linkInfo],
  ['rt-link', linkProperties],
  ['rt-addr', addressAttributes],
  ['rt-route', routeAttributes],
  ['rt-route', routeMetrics],
  ['rt-rule', ruleAttributes],
]

const headers: [family: string, struct: Struct][] = [
  ['rt-link', ifinfomsg as unknown as Struct],
  ['rt-addr', ifaddrmsg as unknown as Struct],
  ['rt-route', rtmsg as unknown as Struct],
  ['rt-rule', fibRuleHdr as unknown as Struct],
]

const specs = new Map<string, Spec>()

beforeAll(async () => {
  const source = await kernelSpecs('newest')
  for (const family of new Set([...tables, ...headers].map(([name]) => name))) {
    const path = `${source}/Documentation/netlink/specs/${family}.yaml`
    specs.set(family, await readSpecFile(path))
  }
})

const typeOf = ({ type, byteOrder }: AttributeSpec): string =>
  byteOrder === undefined ? type : `${type} ${byteOrder}`

/** The set of the spec that has most of the names: it may be called otherwise. */
function setOf(family: string, { name, keys }: AttributeSet): readonly AttributeSpec[] {
  const sets = specs.get(family)?.attributeSets ?? []
  const same = sets.find((each) => each.name === name)
  const names = keys.map(specName)
  const shared = (attributes: readonly AttributeSpec[]) =>
    attributes.filter((each) => names.includes(each.name)).length
  const best = [...sets].sort((a, b) => shared(b.attributes) - shared(a.attributes))[0]
  return (same ?? best)?.attributes ?? []
}

describe.each(tables)('our table of %s', (family, set) => {
  it.each(Object.entries(set.fields as Record<string, Field>))(
    '%s has the number and type of the spec',
    (key, field) => {
      const name = specName(key)
      const found = setOf(family, set).find((each) => each.name === name)
      expect(found?.value).toBe(field.type)
      const otherwise = OTHERWISE[`${family} ${name}`]
      const types = otherwise === undefined ? TYPES[field.op] : [otherwise]
      expect(types).toContain(found && typeOf(found))
    },
  )
})

describe.each(headers)('our header of %s', (family, { name, size, offsets, types }) => {
  it('has its members where the spec has them', () => {
    const struct = specs.get(family)?.definitions.find((each) => each.name === name)
    if (struct?.type !== 'struct') throw new Error(`${family} has no struct ${name}`)
    const width = { u8: 1, s8: 1, u16: 2, s16: 2, u32: 4, s32: 4, u64: 8, s64: 8 }
    let at = 0
    const members = struct.members.map(({ type, length = 0 }) => {
      const offset = at
      at += type in width ? width[type as 'u8'] : length
      return { offset, type }
    })
    expect(at).toBe(size)
    const padding = members.filter(({ type }) => type === 'pad').map(({ offset }) => offset)
    const ours = offsets.map((offset, index) => ({ offset, type: types[index] }))
    expect(members.filter(({ type }) => type !== 'pad')).toEqual(
      ours.filter(({ offset }) => !padding.includes(offset)),
    )
  })
})
