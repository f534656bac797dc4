import { attributeSet, type Infer } from '../codec/attribute-set.js'
import { be32, be64, binary, multi, nest, string } from '../codec/field.js'
import { NFNL_SUBSYS } from './nfnetlink.js'

const message = (number: number): number => (NFNL_SUBSYS.nftables << 8) | number

/** @source linux/netfilter/nf_tables.h, enum nf_tables_msg_types */
export const NFT_MSG = {
  newtable: message(0),
  gettable: message(1),
  deltable: message(2),
  newchain: message(3),
  getchain: message(4),
  newrule: message(6),
  getrule: message(7),
  newset: message(9),
  newsetelem: message(12),
  getsetelem: message(13),
  newgen: message(15),
  getgen: message(16),
} as const

/** Families of tables. @source linux/netfilter.h */
export const NFPROTO = {
  unspec: 0,
  inet: 1,
  ipv4: 2,
  arp: 3,
  netdev: 5,
  bridge: 7,
  ipv6: 10,
} as const

/** Where a base chain is hooked, in the families of IP. @source linux/netfilter.h, enum nf_inet_hooks */
export const NF_INET_HOOK = {
  prerouting: 0,
  input: 1,
  forward: 2,
  output: 3,
  postrouting: 4,
} as const

/** What becomes of a packet. @source linux/netfilter.h */
export const NF_VERDICT = { drop: 0, accept: 1 } as const

/** Registers that expressions hand values on in. @source linux/netfilter/nf_tables.h, enum nft_registers */
export const NFT_REG = { verdict: 0, reg1: 1 } as const

/** @source linux/netfilter/nf_tables.h, enum nft_meta_keys */
export const NFT_META = {
  mark: 3,
  iif: 4,
  oif: 5,
  iifname: 6,
  oifname: 7,
  nfproto: 15,
  l4Proto: 16,
} as const

/** @source linux/netfilter/nf_tables.h, enum nft_ct_keys */
export const NFT_CT = { mark: 3 } as const

/** @source linux/netfilter/nf_tables.h, enum nft_cmp_ops */
export const NFT_CMP = { eq: 0, neq: 1 } as const

/** @source linux/netfilter/nf_tables.h, enum nft_payload_bases */
export const NFT_PAYLOAD = { linkLayerHeader: 0, networkHeader: 1, transportHeader: 2 } as const

/** What is asked of the routing table: the type of the address. @source linux/netfilter/nf_tables.h, nft_fib_result */
export const NFT_FIB_RESULT = { oif: 1, oifname: 2, addrtype: 3 } as const

/** @source linux/netfilter/nf_tables.h, enum nft_fib_flags */
export const NFTA_FIB_F = { saddr: 1, daddr: 2 } as const

/** @source linux/netfilter/nf_tables.h, enum nft_nat_types */
export const NFT_NAT = { snat: 0, dnat: 1 } as const

/** @source linux/netfilter/nf_tables.h, enum nft_set_flags */
export const NFT_SET = { anonymous: 0x1, constant: 0x2 } as const

/** @source linux/netfilter/nf_tables.h, enum nft_lookup_flags */
export const NFT_LOOKUP_F = { inv: 0x1 } as const

/** Attributes of a table. @source linux/netfilter/nf_tables.h */
export const nftTableAttributes = attributeSet('table-attrs', {
  name: string(1),
  flags: be32(2),
  use: be32(3),
  handle: be64(4),
  userdata: binary(6),
})

/** Of a base chain: where it is hooked. `priority` is a number with a sign, as its 32 bits. @source nf_tables.h */
export const nftHookAttributes = attributeSet('nft-hook-attrs', {
  num: be32(1),
  priority: be32(2),
  dev: string(3),
})

/** Attributes of a chain, in the order in which nft(8) writes them. @source linux/netfilter/nf_tables.h */
export const nftChainAttributes = attributeSet('chain-attrs', {
  table: string(1),
  name: string(3),
  handle: be64(2),
  type: string(7),
  hook: nest(4, nftHookAttributes),
  policy: be32(5),
  use: be32(6),
  flags: be32(10),
  id: be32(11),
  userdata: binary(12),
})

/** Attributes of a rule. @source linux/netfilter/nf_tables.h */
export const nftRuleAttributes = attributeSet('rule-attrs', {
  table: string(1),
  chain: string(2),
  handle: be64(3),
  /** A list of {@link nftExpressionAttributes}: `encodeExpressions` and `decodeExpressions` know what is in them. */
  expressions: binary(4, { nested: true }),
  position: be64(6),
  userdata: binary(7),
})

/** The number of an attribute of a list that is an element of it. @source linux/netfilter/nf_tables.h, NFTA_LIST_ELEM */
export const NFTA_LIST_ELEM = 1

/** One expression of a rule: a name, and attributes of the set that {@link expressionSets} has for it. */
export const nftExpressionAttributes = attributeSet('expr-attrs', {
  name: string(1),
  data: binary(2, { nested: true }),
})

/** What a rule decides. @source linux/netfilter/nf_tables.h, enum nft_verdict_attributes */
export const nftVerdictAttributes = attributeSet('verdict-attrs', {
  code: be32(1),
  chain: string(2),
})

/** A value, or a verdict. @source linux/netfilter/nf_tables.h, enum nft_data_attributes */
export const nftDataAttributes = attributeSet('data-attrs', {
  value: binary(1),
  verdict: nest(2, nftVerdictAttributes),
})

/** Attributes of a set, in the order in which nft(8) writes them. @source linux/netfilter/nf_tables.h */
export const nftSetAttributes = attributeSet('set-attrs', {
  table: string(1),
  name: string(2),
  flags: be32(3),
  /** Of no meaning to the kernel: by it nft(8) knows how to show the elements. */
  keyType: be32(4),
  keyLen: be32(5),
  id: be32(10),
  desc: nest(9, attributeSet('set-desc-attrs', { size: be32(1) })),
  userdata: binary(13),
})

/** An element of a set. @source linux/netfilter/nf_tables.h, enum nft_set_elem_attributes */
export const nftSetElementAttributes = attributeSet('setelem-attrs', {
  key: nest(1, nftDataAttributes),
})

/** Elements for a set. @source linux/netfilter/nf_tables.h, enum nft_set_elem_list_attributes */
export const nftSetElementListAttributes = attributeSet('setelem-list-attrs', {
  table: string(1),
  set: string(2),
  setId: be32(4),
  elements: nest(
    3,
    attributeSet('setelem-list-elem-attrs', {
      elem: multi(nest(NFTA_LIST_ELEM, nftSetElementAttributes)),
    }),
  ),
})

/** How often the tables have changed. @source linux/netfilter/nf_tables.h, enum nft_gen_attributes */
export const nftGenerationAttributes = attributeSet('gen-attrs', {
  id: be32(1),
  procPid: be32(2),
  procName: string(3),
})

/** The attributes of each expression that is known here, in the order in which nft(8) writes them. @source linux/netfilter/nf_tables.h */
export const expressionSets = {
  bitwise: attributeSet('expr-bitwise-attrs', {
    sreg: be32(1),
    dreg: be32(2),
    len: be32(3),
    mask: nest(4, nftDataAttributes),
    xor: nest(5, nftDataAttributes),
    op: be32(6),
    data: nest(7, nftDataAttributes),
  }),
  cmp: attributeSet('expr-cmp-attrs', {
    sreg: be32(1),
    op: be32(2),
    data: nest(3, nftDataAttributes),
  }),
  counter: attributeSet('expr-counter-attrs', { bytes: be64(1), packets: be64(2) }),
  ct: attributeSet('expr-ct-attrs', { key: be32(2), dreg: be32(1), sreg: be32(4) }),
  fib: attributeSet('expr-fib-attrs', { flags: be32(3), result: be32(2), dreg: be32(1) }),
  immediate: attributeSet('expr-immediate-attrs', {
    dreg: be32(1),
    data: nest(2, nftDataAttributes),
  }),
  lookup: attributeSet('expr-lookup-attrs', {
    sreg: be32(2),
    set: string(1),
    setId: be32(4),
    flags: be32(5),
  }),
  masq: attributeSet('expr-masq-attrs', { flags: be32(1) }),
  meta: attributeSet('expr-meta-attrs', { key: be32(2), dreg: be32(1), sreg: be32(3) }),
  nat: attributeSet('expr-nat-attrs', {
    type: be32(1),
    family: be32(2),
    regAddrMin: be32(3),
    regAddrMax: be32(4),
    flags: be32(7),
  }),
  payload: attributeSet('expr-payload-attrs', {
    dreg: be32(1),
    base: be32(2),
    offset: be32(3),
    len: be32(4),
  }),
} as const

/** The names of expressions that {@link expressionSets} has. */
export type ExpressionName = keyof typeof expressionSets

/** One expression of a rule, such as `{ name: 'meta', data: { key: NFT_META.mark, dreg: NFT_REG.reg1 } }`. */
export type Expression = {
  [N in ExpressionName]: { name: N; data: Infer<(typeof expressionSets)[N]> }
}[ExpressionName]
