import { invalid } from '@wgctrl/types'
import { NLM_F } from '../codec/message.js'
import type { Request } from '../reply.js'
import { fixedRequest } from '../request.js'
import { nfgenmsg } from '../specs/nfnetlink.js'
import {
  type Expression,
  NF_INET_HOOK,
  NFPROTO,
  NFT_MSG,
  nftChainAttributes,
  nftRuleAttributes,
  nftTableAttributes,
} from '../specs/nftables.js'
import { encodeExpressions } from './expressions.js'
import { encodeComment } from './userdata.js'

/** What packets a table is for, in the words of nft(8). */
export type TableFamily = 'ip' | 'ip6' | 'inet' | 'arp' | 'bridge' | 'netdev'

/** By family, its number. */
export const FAMILY_NUMBERS: Readonly<Record<TableFamily, number>> = {
  ip: NFPROTO.ipv4,
  ip6: NFPROTO.ipv6,
  inet: NFPROTO.inet,
  arp: NFPROTO.arp,
  bridge: NFPROTO.bridge,
  netdev: NFPROTO.netdev,
}

/** A table, of which there is one of each family and name. */
export interface TableRef {
  family: TableFamily
  table: string
}

/** Where a chain is hooked, so that packets come to it. */
export interface ChainHook {
  type: 'filter' | 'nat' | 'route'
  hook: keyof typeof NF_INET_HOOK
  /** Chains of one hook are passed in ascending order; negative numbers are allowed. */
  priority: number
}

/** One change of the kernel's tables. */
export type TableChange =
  /** Without `exclusive` one that is there already is left as it is. */
  | ({ change: 'add-table'; exclusive?: boolean } & TableRef)
  /** With all that is in it. */
  | ({ change: 'delete-table' } & TableRef)
  | ({ change: 'add-chain'; chain: string; base?: ChainHook | undefined } & TableRef)
  /** Behind the rules that are there. */
  | ({
      change: 'add-rule'
      chain: string
      expressions: readonly Expression[]
      /** At most 254 bytes. */
      comment?: string | undefined
    } & TableRef)

/** @throws {TypeError | RangeError} `EINVAL` for a value that does not fit */
export function changeRequest(change: TableChange): Request {
  const header = { nfgenFamily: FAMILY_NUMBERS[change.family] }
  const { table } = change
  switch (change.change) {
    case 'add-table': {
      const flags = change.exclusive ? NLM_F.exclusive : NLM_F.create
      const attributes = { name: table, flags: 0 }
      return fixedRequest(NFT_MSG.newtable, flags, nfgenmsg, header, nftTableAttributes, attributes)
    }
    case 'delete-table': {
      const attributes = { name: table }
      return fixedRequest(NFT_MSG.deltable, 0, nfgenmsg, header, nftTableAttributes, attributes)
    }
    case 'add-chain': {
      const { chain: name, base } = change
      const attributes = { table, name, ...(base && { type: base.type, hook: hookOf(base) }) }
      return fixedRequest(
        NFT_MSG.newchain,
        NLM_F.create,
        nfgenmsg,
        header,
        nftChainAttributes,
        attributes,
      )
    }
    case 'add-rule': {
      const { chain, expressions, comment } = change
      const flags = NLM_F.create | NLM_F.append
      return fixedRequest(NFT_MSG.newrule, flags, nfgenmsg, header, nftRuleAttributes, {
        table,
        chain,
        expressions: encodeExpressions(expressions),
        userdata: comment === undefined ? undefined : encodeComment(comment),
      })
    }
  }
}

function hookOf({ hook, priority }: ChainHook): { num: number; priority: number } {
  if (!Number.isInteger(priority) || Math.abs(priority) > 0x7fff_ffff) {
    throw invalid('priority', `must be a whole number of 32 bits, got ${priority}`)
  }
  return { num: NF_INET_HOOK[hook], priority: priority >>> 0 }
}

/** What a change is called in an error. */
export function changeText(change: TableChange): string {
  const { family, table } = change
  const [verb = '', what = ''] = change.change.split('-')
  const chain = 'chain' in change ? ` ${change.chain}` : ''
  return `${verb} ${what} ${family} ${table}${chain}`
}
