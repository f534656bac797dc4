import {
  type ChainRule,
  type Expression,
  NF_VERDICT,
  NFPROTO,
  NFT_CMP,
  NFT_CT,
  NFT_FIB_RESULT,
  NFT_LOOKUP_F,
  NFT_META,
  NFT_NAT,
  NFT_PAYLOAD,
  NFT_REG,
  NFTA_FIB_F,
  RTN,
  readU32,
  type TableChange,
  writeU32,
} from '@wgctrl/netlink'
import { type Family, formatAddress, parseCidr } from '@wgctrl/types'
import type { FoundRule } from './found-table.js'
import type { NftChange, NftStatement, NftTable, NftTableRef } from './nft-table.js'

/** Changes for the kernel's nf_tables, in the order and the expressions in which nft(8) makes them of their text. */
export function tableChanges(changes: readonly NftChange[]): TableChange[] {
  const sets = new Sets()
  return changes.flatMap((change) => {
    if ('create' in change) return creation(change.create, sets)
    if ('addChain' in change) return { change: 'add-chain', ...change.addChain } as const
    if ('remove' in change) return { change: 'delete-table', ...change.remove } as const
    // To delete what is not there would be an error, and kernels before 6.3 have no message to destroy.
    const ref = change.destroy
    return [{ change: 'add-table', ...ref } as const, { change: 'delete-table', ...ref } as const]
  })
}

function creation({ family, table, chains }: NftTable, sets: Sets): TableChange[] {
  const ref = { family, table }
  return [
    { change: 'add-table', exclusive: true, ...ref },
    ...chains.map(({ chain, base }) => ({ change: 'add-chain', ...ref, chain, base }) as const),
    ...chains.flatMap(({ chain, rules }) =>
      rules.flatMap(({ statements, comment }) => {
        const expressions = statements.flatMap((each) => expressionsOf(each, ref, sets))
        const rule = { change: 'add-rule', ...ref, chain, expressions, comment } as const
        return [...sets.take(), rule]
      }),
    ),
  ]
}

/** What the kernel calls a set that has no name: it puts a number there. @source net/netfilter/nf_tables_api.c */
const NAMELESS = '__set%d'

/** How nft(8) shows names of links. @source nftables/datatype.h, TYPE_IFNAME */
const TYPE_IFNAME = 41

/** The sets of names that rules of one batch look into. */
class Sets {
  #last = 0
  #pending: TableChange[] = []

  /** @returns the expression that looks whether the register is in the set */
  lookUp(ref: NftTableRef, names: readonly string[], not: boolean): Expression {
    const id = ++this.#last
    const set = { ...ref, set: NAMELESS, id }
    const keys = names.map(linkName)
    this.#pending.push(
      { change: 'add-set', ...set, keyType: TYPE_IFNAME, keyLength: LINK_NAME, size: keys.length },
      { change: 'add-elements', ...set, keys },
    )
    const flags = not ? NFT_LOOKUP_F.inv : undefined
    return { name: 'lookup', data: { sreg: NFT_REG.reg1, set: NAMELESS, setId: id, flags } }
  }

  /** The changes that make what was asked for since the last time. */
  take(): TableChange[] {
    return this.#pending.splice(0)
  }
}

/** A name of a link as a register holds it. @source linux/if.h, IFNAMSIZ */
const LINK_NAME = 16

function linkName(name: string): Uint8Array {
  const bytes = new Uint8Array(LINK_NAME)
  bytes.set(Buffer.from(name))
  return bytes
}

/** @source linux/in.h, IPPROTO_UDP */
const UDP = 17

/** Where the source and the destination are in a header, and how many bytes they have. @source RFC 791, RFC 8200 */
const ADDRESS = {
  4: { source: 12, destination: 16, len: 4, nfproto: NFPROTO.ipv4 },
  6: { source: 8, destination: 24, len: 16, nfproto: NFPROTO.ipv6 },
} as const

function expressionsOf(statement: NftStatement, ref: NftTableRef, sets: Sets): Expression[] {
  switch (statement.is) {
    case 'link': {
      const { by, names, not = false } = statement
      const load = loadMeta(NFT_META[by])
      const [name = ''] = names
      if (names.length > 1) return [load, sets.lookUp(ref, names, not)]
      return [load, compare(linkName(name), not ? NFT_CMP.neq : NFT_CMP.eq)]
    }
    case 'of-family':
      return ofFamily(statement.family)
    case 'from-network':
      return fromNetwork(statement.network, ref)
    case 'to-address': {
      const { family, bytes } = parseCidr(statement.address)
      const { destination, len } = ADDRESS[family]
      return [...dependency(family, ref), loadHeader(destination, len), compare(bytes)]
    }
    case 'not-from-here': {
      const dreg = NFT_REG.reg1
      const data = { flags: NFTA_FIB_F.saddr, result: NFT_FIB_RESULT.addrtype, dreg }
      return [{ name: 'fib', data }, compare(number(RTN.local), NFT_CMP.neq)]
    }
    case 'udp':
      return [loadMeta(NFT_META.l4Proto), compare(Uint8Array.of(UDP))]
    case 'marked':
      return [loadMeta(NFT_META.mark), compare(number(statement.mark))]
    case 'save-mark': {
      const data = { key: NFT_CT.mark, sreg: NFT_REG.reg1 }
      return [loadMeta(NFT_META.mark), { name: 'ct', data }]
    }
    case 'restore-mark': {
      const load = { key: NFT_CT.mark, dreg: NFT_REG.reg1 }
      const store = { key: NFT_META.mark, sreg: NFT_REG.reg1 }
      return [
        { name: 'ct', data: load },
        { name: 'meta', data: store },
      ]
    }
    case 'drop': {
      const data = { verdict: { code: NF_VERDICT.drop } }
      return [{ name: 'immediate', data: { dreg: NFT_REG.verdict, data } }]
    }
    case 'masquerade':
      return [{ name: 'masq', data: {} }]
    case 'snat': {
      const { family, bytes } = parseCidr(statement.address)
      const { nfproto } = ADDRESS[family]
      const data = { type: NFT_NAT.snat, family: nfproto, regAddrMin: NFT_REG.reg1 }
      return [
        { name: 'immediate', data: { dreg: NFT_REG.reg1, data: { value: bytes } } },
        { name: 'nat', data },
      ]
    }
  }
}

/** A prefix of whole bytes is compared as such; of another the rest is masked. */
function fromNetwork(network: string, ref: NftTableRef): Expression[] {
  const { family, bytes, prefixLength } = parseCidr(network)
  const { source, len } = ADDRESS[family]
  const before = dependency(family, ref)
  if (prefixLength % 8 === 0) {
    const count = prefixLength / 8
    return [...before, loadHeader(source, count), compare(bytes.slice(0, count))]
  }
  const mask = Uint8Array.from({ length: len }, (_, at) => {
    const bits = Math.min(8, Math.max(0, prefixLength - at * 8))
    return (0xff << (8 - bits)) & 0xff
  })
  const registers = { sreg: NFT_REG.reg1, dreg: NFT_REG.reg1, len }
  const data = { ...registers, mask: { value: mask }, xor: { value: new Uint8Array(len) } }
  return [...before, loadHeader(source, len), { name: 'bitwise', data }, compare(bytes)]
}

/** A table of both families looks first whether the header is the one that is meant. */
const dependency = (family: Family, ref: NftTableRef): Expression[] =>
  ref.family === 'inet' ? ofFamily(family) : []

const ofFamily = (family: Family): Expression[] => [
  loadMeta(NFT_META.nfproto),
  compare(Uint8Array.of(ADDRESS[family].nfproto)),
]

const loadMeta = (key: number): Expression => ({ name: 'meta', data: { key, dreg: NFT_REG.reg1 } })

const loadHeader = (offset: number, len: number): Expression => ({
  name: 'payload',
  data: { dreg: NFT_REG.reg1, base: NFT_PAYLOAD.networkHeader, offset, len },
})

const compare = (value: Uint8Array, op: number = NFT_CMP.eq): Expression => ({
  name: 'cmp',
  data: { sreg: NFT_REG.reg1, op, data: { value } },
})

/** As the processor has it in a register. */
function number(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  writeU32(bytes, 0, value)
  return bytes
}

/**
 * What a rule compares with.
 *
 * @param elements of the sets of its table, by name
 * @param linkNames by index
 */
export function foundRule(
  { expressions, comment }: ChainRule,
  elements: ReadonlyMap<string, readonly Uint8Array[]>,
  linkNames: ReadonlyMap<number, string>,
): FoundRule {
  const compared = expressions.flatMap((expression, at) => {
    const next = expressions[at + 1]
    if (next?.name === 'cmp') return [{ of: expression, values: valuesOf(next.data) }]
    if (next?.name !== 'lookup') return []
    return [{ of: expression, values: elements.get(next.data?.set ?? '') ?? [] }]
  })
  const by = (...keys: number[]): Uint8Array[] =>
    compared
      .filter(({ of }) => of.name === 'meta' && keys.includes(of.data?.key ?? -1))
      .flatMap(({ values }) => values)
  return {
    ...(comment !== undefined && { comment }),
    marks: by(NFT_META.mark).flatMap(indexOf),
    destinations: compared.flatMap(({ of, values }) => {
      const family = of.name === 'payload' ? familyOf(of.data) : undefined
      return family ? values.map((value) => formatAddress(family, value)) : []
    }),
    links: [
      ...by(NFT_META.iifname, NFT_META.oifname).map(textOf),
      ...by(NFT_META.iif, NFT_META.oif)
        .flatMap(indexOf)
        .map((index) => linkNames.get(index) ?? ''),
    ],
  }
}

const valuesOf = (data: (Expression & { name: 'cmp' })['data'] | undefined): Uint8Array[] =>
  data?.data?.value ? [data.data.value] : []

const indexOf = (value: Uint8Array): number[] => (value.length === 4 ? [readU32(value, 0)] : [])

const textOf = (value: Uint8Array): string => Buffer.from(value).toString().replace(/\0.*$/s, '')

function familyOf(
  load: (Expression & { name: 'payload' })['data'] | undefined,
): Family | undefined {
  return ([4, 6] as const).find(
    (family) =>
      load?.base === NFT_PAYLOAD.networkHeader &&
      load.offset === ADDRESS[family].destination &&
      load.len === ADDRESS[family].len,
  )
}
