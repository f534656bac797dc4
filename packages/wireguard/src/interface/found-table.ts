import type { NftTableRef } from './nft-table.js'

/** A table that is there, whoever made it: of it what is looked at. */
export interface FoundTable extends NftTableRef {
  readonly chains: readonly FoundChain[]
}

interface FoundChain {
  readonly chain: string
  /** Absent: no hook leads to it. */
  readonly base?: { readonly hook: string; readonly policy: string }
  readonly rules: readonly FoundRule[]
}

/** What a rule compares with, and what it is called. */
export interface FoundRule {
  readonly comment?: string
  /** Marks of packets. */
  readonly marks: readonly number[]
  /** Addresses that packets are for. */
  readonly destinations: readonly string[]
  /** The names of links. */
  readonly links: readonly string[]
}

/** Reads tables as nft(8) lists them. */
export function parseRuleset(text: string): FoundTable[] {
  const tables: { family: string; table: string; chains: Chain[] }[] = []
  let chain: Chain | undefined
  let depth = 0
  let statement = ''
  for (const line of text.split('\n').map((each) => each.trim())) {
    const [, family, table] = /^table (\S+) (\S+) \{/.exec(line) ?? []
    const chains = tables.at(-1)?.chains
    if (depth === 0 && family && table) tables.push({ family, table, chains: [] })
    if (depth === 1) {
      const [, name] = /^chain (\S+) \{/.exec(line) ?? []
      chain = name === undefined ? undefined : { chain: name, rules: [] }
      if (chain) chains?.push(chain)
    }
    const before = depth
    depth += bracesOf(line)
    if (!chain || before < 2 || (before === 2 && depth < 2)) continue
    // A set in a rule can have lines of its own.
    statement += ` ${line}`
    if (depth > 2) continue
    take(chain, statement.trim())
    statement = ''
  }
  return tables as FoundTable[]
}

interface Chain {
  chain: string
  base?: { hook: string; policy: string }
  rules: FoundRule[]
}

/** How much deeper what follows a line is; braces in quotes do not count. */
function bracesOf(line: string): number {
  const bare = line.replace(/"[^"]*"/g, '')
  return (bare.match(/\{/g)?.length ?? 0) - (bare.match(/\}/g)?.length ?? 0)
}

function take(chain: Chain, text: string): void {
  const [, hook, policy = 'accept'] =
    /^type \S+ hook (\S+) [^;]*;(?: policy (\w+);)?/.exec(text) ?? []
  if (hook !== undefined) chain.base = { hook, policy }
  else if (text !== '') chain.rules.push(ruleOf(text))
}

function ruleOf(text: string): FoundRule {
  const comment = / comment "([^"]*)"/.exec(text)?.[1]
  return {
    ...(comment !== undefined && { comment }),
    marks: all(/(?<!ct )\bmark (0x[0-9a-f]+|\d+)/g, text).map(Number),
    destinations: all(/\bip6? daddr ([0-9a-f:.]+)/g, text),
    links: all(/"([^"]*)"/g, text.replace(/ comment "[^"]*"/, '')),
  }
}

const all = (pattern: RegExp, text: string): string[] =>
  Array.from(text.matchAll(pattern), ([, found = '']) => found)
