import { type FoundTable, parseRuleset } from '../interface/found-table.js'
import type { NfTables, ProgramResult } from '../interface/machine.js'
import type { NftChange, NftTableRef } from '../interface/nft-table.js'
import { nftText } from '../interface/nft-text.js'
import { programError } from '../interface/program.js'

/** Chains by name, each with how it is hooked and its rules. */
type Tables = Map<string, Map<string, { readonly hook: string; readonly rules: string[] }>>

const done = (output = ''): ProgramResult => ({ status: 0, output, complaint: '' })
const refused = (complaint: string): ProgramResult => ({ status: 1, output: '', complaint })

/** As much of nf_tables, and of nft(8), as is used: tables, chains and rules, whose words it keeps as they are. All or nothing. */
export class MemoryNft implements NfTables {
  #tables: Tables = new Map()

  run(args: readonly string[], input: string): ProgramResult {
    const words = args.join(' ')
    if (words === '-f -') return this.#apply(input)
    if (words === '-t list ruleset') return done(this.text)
    const [, table] = /^list table (\S+ \S+)$/.exec(words) ?? []
    if (table === undefined) return refused(`this nft in memory does not know: ${words}`)
    return this.#tables.has(table)
      ? done(tableText(table, this.#tables))
      : refused('Error: No such file or directory')
  }

  async apply(changes: readonly NftChange[]): Promise<void> {
    const { status, complaint } = this.#apply(nftText(changes))
    if (status !== 0) throw programError('the nf_tables in memory', status, complaint)
  }

  async find({ family, table }: NftTableRef): Promise<FoundTable | undefined> {
    return (await this.list()).find((one) => one.family === family && one.table === table)
  }

  async list(): Promise<FoundTable[]> {
    return parseRuleset(this.text)
  }

  /** It stays: only what looks at it is done. */
  async [Symbol.asyncDispose](): Promise<void> {}

  /** The ruleset, as nft lists it. */
  get text(): string {
    return [...this.#tables.keys()].map((table) => tableText(table, this.#tables)).join('')
  }

  #apply(input: string): ProgramResult {
    const tables: Tables = new Map(
      [...this.#tables].map(([name, chains]) => [
        name,
        new Map(
          [...chains].map(([chain, { hook, rules }]) => [chain, { hook, rules: [...rules] }]),
        ),
      ]),
    )
    for (const line of input.split('\n').filter((each) => each !== '')) {
      const problem = applyLine(tables, line)
      if (problem !== undefined) return refused(`Error: ${problem}: ${line}`)
    }
    this.#tables = tables
    return done()
  }
}

/** @returns what is wrong; `undefined`: it is done */
function applyLine(tables: Tables, line: string): string | undefined {
  const [, verb, what, table = '', rest = ''] =
    /^(add|create|delete) (table|chain|rule) (\S+ \S+) ?(.*)$/.exec(line) ?? []
  const chains = tables.get(table)
  if (what === 'table') {
    if (verb === 'delete') return tables.delete(table) ? undefined : 'No such file or directory'
    if (chains) return verb === 'create' ? 'File exists' : undefined
    tables.set(table, new Map())
    return undefined
  }
  if (verb !== 'add') return 'syntax error'
  if (!chains) return 'No such file or directory'
  const [, chain = '', more = ''] = /^(\S+) ?(.*)$/.exec(rest) ?? []
  if (what === 'chain') {
    const hook = /^\{ (.*;) \}$/.exec(more)?.[1] ?? ''
    if (!chains.has(chain)) chains.set(chain, { hook, rules: [] })
    return undefined
  }
  const found = chains.get(chain)
  if (!found) return 'No such file or directory'
  found.rules.push(more)
  return undefined
}

function tableText(table: string, tables: Tables): string {
  const chains = [...(tables.get(table) ?? [])].map(([name, { hook, rules }]) => {
    const policy = hook === '' ? [] : [`${hook} policy accept;`]
    return `\tchain ${name} {\n${[...policy, ...rules].map((line) => `\t\t${line}\n`).join('')}\t}\n`
  })
  return `table ${table} {\n${chains.join('\n')}}\n`
}
