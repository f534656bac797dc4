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
  NFT_SET,
  nftChainAttributes,
  nftRuleAttributes,
  nftSetAttributes,
  nftSetElementListAttributes,
  nftTableAttributes,
} from '../specs/nftables.js'
import { encodeExpressions } from './expressions.js'
import { encodeComment, HOST_ORDER } from './userdata.js'

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
  /** A set that rules of the same batch look into, and that goes with them. */
  | ({
      change: 'add-set'
      /** With `%d` for a number that the kernel chooses. */
      set: string
      /** By it changes of the same batch know the set. */
      id: number
      /** What nft(8) takes the keys for, which it is told to have in the order of the processor. */
      keyType: number
      /** Bytes. */
      keyLength: number
      /** How many elements it will have. */
      size: number
    } & TableRef)
  | ({ change: 'add-elements'; set: string; id: number; keys: readonly Uint8Array[] } & TableRef)

/** @throws {TypeError | RangeError} `EINVAL` for a value that does not fit */
export function changeRequest(change: TableChange): Request {
  const header = { nfgenFamily: FAMILY_NUMBERS[change.family] }
  const { table } = change
  switch (change.change) {
    case 'add-table': {
      const flags = change.exclusive ? NLM_F.exclusive : 0
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
    case 'add-set': {
      const { set: name, id, keyType, keyLength: keyLen, size } = change
      const flags = NFT_SET.anonymous | NFT_SET.constant
      const attributes = {
        table,
        name,
        flags,
        keyType,
        keyLen,
        id,
        desc: { size },
        userdata: HOST_ORDER,
      }
      return fixedRequest(
        NFT_MSG.newset,
        NLM_F.create,
        nfgenmsg,
        header,
        nftSetAttributes,
        attributes,
      )
    }
    case 'add-elements': {
      const { set, id: setId, keys } = change
      const elements = { elem: keys.map((value) => ({ key: { value } })) }
      const attributes = { table, set, setId, elements }
      const list = nftSetElementListAttributes
      return fixedRequest(NFT_MSG.newsetelem, NLM_F.create, nfgenmsg, header, list, attributes)
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
