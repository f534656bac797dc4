import type { ChainHook, TableFamily } from '@wgctrl/netlink'
import type { Family } from '@wgctrl/types'

/** A table of nf_tables as we make it: `nft-text.ts` says it to nft(8), `nft-expressions.ts` to the kernel. */
export interface NftTable extends NftTableRef {
  readonly chains: readonly NftChain[]
}

/** Which table. */
export interface NftTableRef {
  readonly family: TableFamily
  readonly table: string
}

export interface NftChain {
  readonly chain: string
  /** Absent: no hook leads to it. */
  readonly base?: ChainHook
  readonly rules: readonly NftRule[]
}

export interface NftRule {
  /** What a packet has to be, from left to right, and then what is done with it. */
  readonly statements: readonly NftStatement[]
  readonly comment?: string
}

export type NftStatement =
  /** The link that it came in by, or leaves by, is one of some; `not`: none of them. */
  | {
      readonly is: 'link'
      readonly by: 'iifname' | 'oifname'
      readonly not?: boolean
      readonly names: readonly string[]
    }
  | { readonly is: 'of-family'; readonly family: Family }
  /** Of its source a CIDR, and of its destination an address. */
  | { readonly is: 'from-network'; readonly network: string }
  | { readonly is: 'to-address'; readonly address: string }
  /** Its source is no address of this machine. */
  | { readonly is: 'not-from-here' }
  | { readonly is: 'udp' }
  | { readonly is: 'marked'; readonly mark: number }
  /** Its mark becomes that of its connection. */
  | { readonly is: 'save-mark' }
  /** The mark of its connection becomes its own. */
  | { readonly is: 'restore-mark' }
  | { readonly is: 'drop' }
  | { readonly is: 'masquerade' }
  /** Its source becomes an address. */
  | { readonly is: 'snat'; readonly address: string }

/** A change of tables, of which several are one step. */
export type NftChange =
  /** There must be none yet. */
  | { readonly create: NftTable }
  | { readonly remove: NftTableRef }
  /** That there is none is fine. */
  | { readonly destroy: NftTableRef }
  /** An empty chain; that it is there is fine. */
  | { readonly addChain: NftTableRef & { readonly chain: string } }
