import type { ChainHook, TableFamily } from '@wgctrl/netlink'
import type { Family } from '@wgctrl/types'

/** A table of nf_tables as we make it: `nft-text.ts` says it to nft(8), `nft-expressions.ts` to the kernel. */
export interface NftTable {
  readonly family: TableFamily
  readonly table: string
  readonly chains: readonly NftChain[]
}

export interface NftChain {
  readonly chain: string
  readonly base: ChainHook
  readonly rules: readonly NftRule[]
}

/** What a packet has to be, from left to right, and then what is done with it. */
export type NftRule = readonly NftStatement[]

export type NftStatement =
  /** It came in by another link. */
  | { readonly is: 'not-from-link'; readonly link: string }
  | { readonly is: 'to-address'; readonly family: Family; readonly address: string }
  /** Its source is no address of this machine. */
  | { readonly is: 'not-from-here' }
  | { readonly is: 'udp' }
  | { readonly is: 'marked'; readonly mark: number }
  /** Its mark becomes that of its connection. */
  | { readonly is: 'save-mark' }
  /** The mark of its connection becomes its own. */
  | { readonly is: 'restore-mark' }
  | { readonly is: 'drop' }

/** Which table. */
export type NftTableRef = Pick<NftTable, 'family' | 'table'>

/** A change of tables, of which several are one step. */
export type NftChange =
  /** There must be none yet. */
  { readonly create: NftTable } | { readonly remove: NftTableRef }
