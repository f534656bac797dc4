import type { NftChain, NftChange, NftStatement, NftTable, NftTableRef } from './nft-table.js'

/** Changes for `nft -f -`, which makes all or none. */
export const nftText = (changes: readonly NftChange[]): string =>
  changes
    .flatMap(changeLines)
    .map((line) => `${line}\n`)
    .join('')

const nameOf = ({ family, table }: NftTableRef): string => `${family} ${table}`

function changeLines(change: NftChange): string[] {
  if ('create' in change) return creationLines(change.create)
  if ('addChain' in change) return [`add chain ${nameOf(change.addChain)} ${change.addChain.chain}`]
  if ('remove' in change) return [`delete table ${nameOf(change.remove)}`]
  // What is not there can be added first; to delete it would be an error. `destroy` came with 1.0.7.
  const table = nameOf(change.destroy)
  return [`add table ${table}`, `delete table ${table}`]
}

function creationLines(created: NftTable): string[] {
  const table = nameOf(created)
  return [
    // Unlike `add`, `create` refuses a table that is there.
    `create table ${table}`,
    ...created.chains.map(({ chain, base }) => `add chain ${table} ${chain}${baseText(base)}`),
    ...created.chains.flatMap(({ chain, rules }) =>
      rules.map(({ statements, comment }) => {
        const words = [...statements.map(statementText)]
        if (comment !== undefined) words.push(`comment "${comment}"`)
        return `add rule ${table} ${chain} ${words.join(' ')}`
      }),
    ),
  ]
}

const baseText = (base: NftChain['base']): string =>
  base ? ` { type ${base.type} hook ${base.hook} priority ${base.priority}; }` : ''

const ipOf = (address: string): 'ip' | 'ip6' => (address.includes(':') ? 'ip6' : 'ip')

function statementText(statement: NftStatement): string {
  switch (statement.is) {
    case 'link': {
      const names = statement.names.map((name) => `"${name}"`)
      const one = names.length === 1 ? names[0] : `{ ${names.join(', ')} }`
      return `${statement.by} ${statement.not ? '!= ' : ''}${one}`
    }
    case 'of-family':
      return `meta nfproto ipv${statement.family}`
    case 'from-network':
      return `${ipOf(statement.network)} saddr ${statement.network}`
    case 'to-address':
      return `${ipOf(statement.address)} daddr ${statement.address}`
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
    case 'masquerade':
      return statement.is
    case 'snat':
      return `snat ${ipOf(statement.address)} to ${statement.address}`
  }
}
