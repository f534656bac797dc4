import type { NftChange, NftStatement } from './nft-table.js'

/** Changes for `nft -f -`, which makes all or none. */
export const nftText = (changes: readonly NftChange[]): string =>
  changes
    .flatMap(changeLines)
    .map((line) => `${line}\n`)
    .join('')

function changeLines(change: NftChange): string[] {
  if ('remove' in change) return [`delete table ${change.remove.family} ${change.remove.table}`]
  const { family, chains } = change.create
  const table = `${family} ${change.create.table}`
  return [
    // Unlike `add`, `create` refuses a table that is there.
    `create table ${table}`,
    ...chains.map(
      ({ chain, base: { type, hook, priority } }) =>
        `add chain ${table} ${chain} { type ${type} hook ${hook} priority ${priority}; }`,
    ),
    ...chains.flatMap(({ chain, rules }) =>
      rules.map((rule) => `add rule ${table} ${chain} ${rule.map(statementText).join(' ')}`),
    ),
  ]
}

function statementText(statement: NftStatement): string {
  switch (statement.is) {
    case 'not-from-link':
      return `iifname != "${statement.link}"`
    case 'to-address':
      return `${statement.family === 4 ? 'ip' : 'ip6'} daddr ${statement.address}`
    case 'not-from-here':
      return 'fib saddr type != local'
    case 'udp':
      return 'meta l4proto udp'
    case 'marked':
      return `mark ${statement.mark}`
    case 'save-mark':
      return 'ct mark set mark'
    case 'restore-mark':
      return 'meta mark set ct mark'
    case 'drop':
      return 'drop'
  }
}
