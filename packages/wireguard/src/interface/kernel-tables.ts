import {
  type Chain,
  type ChainRule,
  NetlinkError,
  NFT_META,
  Nftables,
  Rtnl,
  type TableRef,
} from '@wgctrl/netlink'
import type { FoundTable } from './found-table.js'
import type { NfTables } from './machine.js'
import type { Namespace } from './namespace.js'
import { foundRule, tableChanges } from './nft-expressions.js'
import type { NftTableRef } from './nft-table.js'

/** The tables of nf_tables of this kernel, in process; `undefined`: it has none. */
export async function kernelTables(netns: Namespace | undefined): Promise<NfTables | undefined> {
  try {
    return tablesBy(await Nftables.open({ netns }), netns)
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error
    if (error.code === 'EUNSUPPORTED') return undefined
    // Who may not ask may not change anything either, and is told so by the step that needs it.
    if (error.code === 'EPERM') return tablesOfNobody(error)
    throw error
  }
}

function tablesBy(nftables: Nftables, netns: Namespace | undefined): NfTables {
  return {
    apply: (changes) => nftables.apply(tableChanges(changes)),
    find: async (ref) => (await read(nftables, ref, netns))[0],
    list: () => read(nftables, undefined, netns),
    [Symbol.asyncDispose]: () => nftables.close(),
  }
}

/** Who may not look has no tables: what needs them says so. */
const tablesOfNobody = (denied: NetlinkError): NfTables => ({
  apply: async () => {
    throw denied
  },
  find: async () => undefined,
  list: async () => [],
  [Symbol.asyncDispose]: async () => {},
})

/** Tables that change all the time are shown as they were at several moments. */
const ATTEMPTS = 8

/** @param ref absent: all tables */
async function read(
  nftables: Nftables,
  ref: NftTableRef | undefined,
  netns: Namespace | undefined,
): Promise<FoundTable[]> {
  let found: FoundTable[] = []
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const generation = await nftables.generation()
    found = await readOnce(nftables, ref, netns)
    if (generation === (await nftables.generation())) break
  }
  return found
}

async function readOnce(
  nftables: Nftables,
  ref: NftTableRef | undefined,
  netns: Namespace | undefined,
): Promise<FoundTable[]> {
  const isMeant = (one: TableRef): boolean => ref === undefined || isSame(one, ref)
  const tables = (await nftables.tables()).filter(isMeant)
  if (tables.length === 0) return []
  const chains = (await nftables.chains()).filter(isMeant)
  const rules = await nftables.rules(ref)
  const linkNames = await namesOf(rules, netns)
  return await Promise.all(
    tables.map(async (table) => {
      const own = rules.filter((rule) => isSame(rule, table))
      const elements = await elementsOf(nftables, own)
      const shown = (chain: Chain) => ({
        chain: chain.chain,
        ...(chain.base && { base: chain.base }),
        rules: own
          .filter((rule) => rule.chain === chain.chain)
          .map((rule) => foundRule(rule, elements, linkNames)),
      })
      return { ...table, chains: chains.filter((chain) => isSame(chain, table)).map(shown) }
    }),
  )
}

const isSame = (one: TableRef, other: TableRef): boolean =>
  one.family === other.family && one.table === other.table

/** The elements of the sets that rules look for names of links in. */
async function elementsOf(
  nftables: Nftables,
  rules: readonly ChainRule[],
): Promise<Map<string, Uint8Array[]>> {
  const elements = new Map<string, Uint8Array[]>()
  for (const { family, table, expressions } of rules) {
    for (const [at, expression] of expressions.entries()) {
      const before = expressions[at - 1]
      const set = expression.name === 'lookup' ? expression.data?.set : undefined
      if (set === undefined || before?.name !== 'meta' || elements.has(set)) continue
      elements.set(set, await nftables.elements({ family, table, set }))
    }
  }
  return elements
}

/** The names of all links by index, where a rule has a link by its index. */
async function namesOf(
  rules: readonly ChainRule[],
  netns: Namespace | undefined,
): Promise<Map<number, string>> {
  const indexed: number[] = [NFT_META.iif, NFT_META.oif]
  const isIndexed = rules.some(({ expressions }) =>
    expressions.some(({ name, data }) => name === 'meta' && indexed.includes(data?.key ?? -1)),
  )
  if (!isIndexed) return new Map()
  await using rtnl = await Rtnl.open({ netns })
  const links = await rtnl.links({ brief: true })
  return new Map(links.map(({ index, name }) => [index, name]))
}
