import type { Family } from '@wgctrl/types'
import type { FoundTable } from './found-table.js'
import type { NftTable, NftTableRef } from './nft-table.js'

/** What keeps a default route through a tunnel safe, in one family. */
export interface FirewallRules {
  /** The interface. */
  readonly name: string
  readonly family: Family
  /** The mark on the tunnel's own packets. */
  readonly mark: number
  /** The addresses of the interface, without prefix length. */
  readonly addresses: readonly string[]
}

/** As wg-quick(8) has it, for the same reason. */
const iptablesComment = (name: string): string => `wg-quick(8) rule for ${name}`

/**
 * The rules as a table:
 *
 * - What comes for an address of the tunnel from outside the tunnel is dropped, unless this machine
 *   itself sent it: nobody on the local network finds out that way which address we have.
 * - The mark of the tunnel's own packets is kept with the connection and given to the answers, so that
 *   the check of the reverse path (`src_valid_mark`) sees them with the mark too.
 */
export const guardTable = ({ name, family, mark, addresses }: FirewallRules): NftTable => ({
  ...guardTableRef(name, family),
  chains: [
    {
      chain: 'preraw',
      base: { type: 'filter', hook: 'prerouting', priority: -300 },
      rules: addresses.map((address) => ({
        statements: [
          { is: 'link', by: 'iifname', not: true, names: [name] },
          { is: 'to-address', address },
          { is: 'not-from-here' },
          { is: 'drop' },
        ],
      })),
    },
    {
      chain: 'premangle',
      base: { type: 'filter', hook: 'prerouting', priority: -150 },
      rules: [{ statements: [{ is: 'udp' }, { is: 'restore-mark' }] }],
    },
    {
      chain: 'postmangle',
      base: { type: 'filter', hook: 'postrouting', priority: -150 },
      rules: [{ statements: [{ is: 'udp' }, { is: 'marked', mark }, { is: 'save-mark' }] }],
    },
  ],
})

/** As wg-quick(8) names it, so that either takes down what the other has put up. */
export const guardTableRef = (name: string, family: Family): NftTableRef => ({
  family: family === 4 ? 'ip' : 'ip6',
  table: `wg-quick-${name}`,
})

/** The same rules for `iptables-restore --noflush`, or what removes them. */
export function iptablesRules(rules: FirewallRules, action: 'add' | 'remove' = 'add'): string {
  const { name, mark, addresses } = rules
  const option = action === 'add' ? '-I' : '-D'
  const comment = `-m comment --comment "${iptablesComment(name)}"`
  const guards = addresses.map(
    (address) =>
      `${option} PREROUTING ! -i ${name} -d ${address} -m addrtype ! --src-type LOCAL -j DROP ${comment}`,
  )
  return lines(
    '*raw',
    ...guards,
    'COMMIT',
    '*mangle',
    `${option} POSTROUTING -m mark --mark ${mark} -p udp -j CONNMARK --save-mark ${comment}`,
    `${option} PREROUTING -p udp -j CONNMARK --restore-mark ${comment}`,
    'COMMIT',
  )
}

/** What is there of them. */
export interface FoundRules {
  readonly mark: number | undefined
  readonly addresses: readonly string[]
}

/** Reads a table of {@link guardTable}. */
export function foundRules({ chains }: FoundTable): FoundRules {
  const rules = chains.flatMap((chain) => chain.rules)
  return {
    mark: rules.flatMap(({ marks }) => marks)[0],
    addresses: rules.flatMap(({ destinations }) => destinations),
  }
}

/**
 * Finds our rules in what iptables-save shows.
 *
 * @returns `undefined` when there are none; `removal` is text for `iptables-restore --noflush`
 */
export function parseIptablesSave(
  text: string,
  name: string,
): (FoundRules & { readonly removal: string }) | undefined {
  const own = `--comment "${iptablesComment(name)}"`
  const kept = text
    .split('\n')
    .filter((line) => /^(\*|COMMIT)/.test(line) || (line.startsWith('-A') && line.includes(own)))
  const rules = kept.filter((line) => line.startsWith('-A'))
  if (rules.length === 0) return undefined
  const mark = /--mark (0x[0-9a-f]+|\d+)/.exec(rules.join('\n'))?.[1]
  return {
    mark: mark === undefined ? undefined : Number(mark),
    addresses: rules.flatMap((rule) => / -d ([0-9a-f:.]+)/.exec(rule)?.[1] ?? []),
    removal: lines(...kept.map((line) => line.replace(/^-A/, '-D'))),
  }
}

const lines = (...all: string[]): string => all.map((line) => `${line}\n`).join('')
