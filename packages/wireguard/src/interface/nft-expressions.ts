import {
  type ChainRule,
  type Expression,
  NF_VERDICT,
  NFT_CMP,
  NFT_CT,
  NFT_FIB_RESULT,
  NFT_META,
  NFT_PAYLOAD,
  NFT_REG,
  NFTA_FIB_F,
  RTN,
  type TableChange,
} from '@wgctrl/netlink'
import { type Family, formatAddress, parseCidr } from '@wgctrl/types'
import type { FoundRules } from './firewall-rules.js'
import type { NftChange, NftStatement, NftTable } from './nft-table.js'

/** Changes for the kernel's nf_tables, in the order and the expressions in which nft(8) makes them of their text. */
export const tableChanges = (changes: readonly NftChange[]): TableChange[] =>
  changes.flatMap((change) =>
    'remove' in change ? { change: 'delete-table', ...change.remove } : creation(change.create),
  )

function creation({ family, table, chains }: NftTable): TableChange[] {
  const ref = { family, table }
  return [
    { change: 'add-table', exclusive: true, ...ref },
    ...chains.map(({ chain, base }) => ({ change: 'add-chain', ...ref, chain, base }) as const),
    ...chains.flatMap(({ chain, rules }) =>
      rules.map((rule) => {
        const expressions = rule.flatMap(expressionsOf)
        return { change: 'add-rule', ...ref, chain, expressions } as const
      }),
    ),
  ]
}

/** A name of a link as a register holds it. @source linux/if.h, IFNAMSIZ */
const LINK_NAME = 16

/** @source linux/in.h, IPPROTO_UDP */
const UDP = 17

/** Where the destination is in a header. @source RFC 791, RFC 8200 */
const DESTINATION = { 4: { offset: 16, len: 4 }, 6: { offset: 24, len: 16 } } as const

function expressionsOf(statement: NftStatement): Expression[] {
  switch (statement.is) {
    case 'not-from-link': {
      const name = new Uint8Array(LINK_NAME)
      name.set(Buffer.from(statement.link))
      return [loadMeta(NFT_META.iifname), compare(name, NFT_CMP.neq)]
    }
    case 'to-address': {
      const { family, address } = statement
      const place = { base: NFT_PAYLOAD.networkHeader, ...DESTINATION[family] }
      const load = { name: 'payload', data: { dreg: NFT_REG.reg1, ...place } } as const
      return [load, compare(parseCidr(address).bytes)]
    }
    case 'not-from-here': {
      const data = {
        flags: NFTA_FIB_F.saddr,
        result: NFT_FIB_RESULT.addrtype,
        dreg: NFT_REG.reg1,
      }
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
  }
}

const loadMeta = (key: number): Expression => ({ name: 'meta', data: { key, dreg: NFT_REG.reg1 } })

const compare = (value: Uint8Array, op: number = NFT_CMP.eq): Expression => ({
  name: 'cmp',
  data: { sreg: NFT_REG.reg1, op, data: { value } },
})

/** As the processor has it in a register: little-endian, on all that there is netlink for. */
function number(value: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

/** Reads the rules of a default route's table. */
export function foundRules(rules: readonly ChainRule[]): FoundRules {
  const compared = rules.flatMap(({ expressions }) =>
    expressions.flatMap((expression, at) => {
      const next = expressions[at + 1]
      const value = next?.name === 'cmp' ? next.data?.data?.value : undefined
      return value ? [{ of: expression, value }] : []
    }),
  )
  const mark = compared.find(({ of }) => of.name === 'meta' && of.data?.key === NFT_META.mark)
  return {
    mark: mark && Buffer.from(mark.value).readUInt32LE(),
    addresses: compared.flatMap(({ of, value }) => {
      const family = of.name === 'payload' ? familyOf(of.data) : undefined
      return family && value.length === DESTINATION[family].len ? formatAddress(family, value) : []
    }),
  }
}

function familyOf(
  load: (Expression & { name: 'payload' })['data'] | undefined,
): Family | undefined {
  return ([4, 6] as const).find(
    (family) =>
      load?.base === NFT_PAYLOAD.networkHeader &&
      load.offset === DESTINATION[family].offset &&
      load.len === DESTINATION[family].len,
  )
}
