import { canonicalCidr, type DeviceConfig, type Family, parseCidr } from '@wgctrl/types'
import type { FoundTable } from './found-table.js'
import type { CheckedInterface, InterfaceSettings } from './interface-config.js'
import { type CheckedNat, isNoHost } from './nat-config.js'
import type { NftChain, NftChange, NftRule, NftStatement, NftTableRef } from './nft-table.js'
import type { Step } from './transaction.js'

const FAMILIES: readonly Family[] = [4, 6]

/** One rule for packets of others. */
interface ForwardingRule {
  /** What it does, in a few words: the rule's comment, by which it is known again. At most 128 bytes. */
  readonly text: string
  readonly chain: 'forward' | 'postrouting'
  readonly statements: readonly NftStatement[]
}

/** What an interface needs for packets of others. */
export interface ForwardingRules {
  /** The interface. */
  readonly name: string
  readonly rules: readonly ForwardingRule[]
  /** The families that are forwarded. */
  readonly families: readonly Family[]
}

/** What is there of {@link ForwardingRules}. */
export interface FoundForwarding {
  /** The texts of the rules. */
  readonly rules: readonly string[]
  readonly families: readonly Family[]
  /** The families that were not forwarded before. */
  readonly switchedOn: readonly Family[]
}

/** The rules that a config asks for. */
export function planForwarding(
  name: string,
  { forwarding, addresses }: Pick<CheckedInterface, 'forwarding' | 'addresses'>,
  { peers = [] }: DeviceConfig,
): ForwardingRules {
  const { forward, nat, betweenClients } = forwarding
  const networks = [...(nat?.networks ?? []), ...addresses.map(({ text }) => text)]
  const allowed = peers.flatMap(({ allowedIPs = [] }) =>
    allowedIPs.map((entry) => (typeof entry === 'string' ? entry : entry.cidr)),
  )
  const isOf = (family: Family) => (network: string) => network.includes(':') === (family === 6)
  return {
    name,
    rules: [
      ...(betweenClients ? [] : [betweenClientsRule(name)]),
      ...(nat ? nat.networks.flatMap((network) => natRules(name, network, nat)) : []),
    ],
    families: FAMILIES.filter(
      (family) => forward && (networks.some(isOf(family)) || allowed.some(isOf(family))),
    ),
  }
}

/** Whether nothing is asked for. */
export const isEmpty = ({ rules, families }: ForwardingRules): boolean =>
  rules.length === 0 && families.length === 0

/** The step that makes them. */
export function forwardingStep({ rules, families }: ForwardingRules): Step {
  const texts = rules.map(({ text }) => text)
  const all = [...families.map((family) => `IPv${family}`), ...texts].join(', ')
  return {
    step: `set forwarding: ${all}`,
    change: { kind: 'forwarding-set', families, rules: texts },
  }
}

const betweenClientsRule = (name: string): ForwardingRule => ({
  text: BETWEEN_CLIENTS,
  chain: 'forward',
  statements: [
    { is: 'link', by: 'iifname', names: [name] },
    { is: 'link', by: 'oifname', names: [name] },
    { is: 'drop' },
  ],
})

function natRules(name: string, network: string, { to, source }: CheckedNat): ForwardingRule[] {
  const { family, prefixLength } = parseCidr(network)
  // nft shows no match for a network that all addresses are in.
  const from: NftStatement =
    prefixLength === 0 ? { is: 'of-family', family } : { is: 'from-network', network }
  const address = source[family]
  const action: NftStatement =
    address === undefined ? { is: 'masquerade' } : { is: 'snat', address }
  const rule = (text: string, by: NftStatement): ForwardingRule => ({
    text: address === undefined ? `masquerade ${text}` : `snat ${text} as ${address}`,
    chain: 'postrouting',
    statements: [from, by, action],
  })
  // What this machine sends to itself leaves by the loopback, whose address would be none of the tunnel's.
  const elsewhere = { is: 'link', by: 'oifname', not: true, names: ['lo', name] } as const
  if (to.length === 0) return [rule(network, elsewhere)]
  return to.map((link) =>
    rule(`${network} to ${link}`, { is: 'link', by: 'oifname', names: [link] }),
  )
}

const NAT_RULE = /^(?:masquerade|snat) (\S+)(?: to (\S+))?(?: as (\S+))?$/

/**
 * What a config says to have what was found: the inverse of {@link planForwarding}.
 *
 * @param addresses of the interface: what follows from them is not said again
 */
export function forwardingSettings(
  { rules, families }: Pick<FoundForwarding, 'rules' | 'families'>,
  addresses: readonly string[],
): Pick<InterfaceSettings, 'forward' | 'nat' | 'betweenClients'> {
  const translated = rules.flatMap((rule) => [NAT_RULE.exec(rule) ?? []]).filter(([rule]) => rule)
  const all = (at: 1 | 2 | 3): string[] => [
    ...new Set(translated.flatMap((match) => match[at] ?? [])),
  ]
  const [networks, to, source] = [all(1), all(2), all(3)]
  const forward = families.length > 0
  const hasNat = translated.length > 0
  return {
    ...(forward !== hasNat && { forward }),
    ...(hasNat && {
      nat: {
        ...(to.length > 0 && { to }),
        ...(!isSame(networks, addresses) && { networks }),
        ...(source.length > 0 && { source }),
      },
    }),
    ...(rules.includes(BETWEEN_CLIENTS) && { betweenClients: false }),
  }
}

function isSame(networks: readonly string[], addresses: readonly string[]): boolean {
  const own = new Set(addresses.filter(isNoHost).map((address) => canonicalCidr(address)))
  return own.size === networks.length && networks.every((network) => own.has(network))
}

const BETWEEN_CLIENTS = 'drop between clients'

const PREFIX = 'wgctrl-'

/** Names of links have characters that nft takes in no name; of those it takes, `/` is in no link's. */
export const forwardingTable = (name: string): NftTableRef => ({
  family: 'inet',
  table: `${PREFIX}${name.replace(/[^\w.-]/g, (character) => `/${character.charCodeAt(0).toString(16)}`)}`,
})

const ipOf = (family: Family): 'ip' | 'ip6' => (family === 4 ? 'ip' : 'ip6')

/**
 * Chains without rules keep what has to be known when the interface is taken down, by whomever: they are there as long as
 * the table, which ends with the network namespace, as the settings do.
 */
const needsChain = (family: Family): string => `needs-${ipOf(family)}`
const switchedOnChain = (family: Family): string => `switched-on-${ipOf(family)}`

/** What puts a table with these rules and no others in the place of the one that is there. */
export function forwardingTableChanges(
  { name, rules, families }: ForwardingRules,
  switchedOn: readonly Family[],
): NftChange[] {
  const ref = forwardingTable(name)
  const empty = (chain: string): NftChain => ({ chain, rules: [] })
  const rulesOf = (chain: ForwardingRule['chain']): NftRule[] =>
    rules
      .filter((rule) => rule.chain === chain)
      .map(({ statements, text }) => ({ statements, comment: text }))
  const chains: NftChain[] = [
    ...families.map((family) => empty(needsChain(family))),
    ...switchedOn.map((family) => empty(switchedOnChain(family))),
    {
      chain: 'forward',
      base: { type: 'filter', hook: 'forward', priority: 0 },
      rules: rulesOf('forward'),
    },
    {
      chain: 'postrouting',
      base: { type: 'nat', hook: 'postrouting', priority: 100 },
      rules: rulesOf('postrouting'),
    },
  ]
  return [{ destroy: ref }, { create: { ...ref, chains } }]
}

/** Reads a table of {@link forwardingTableChanges}. */
export function foundForwarding({ chains }: FoundTable): FoundForwarding {
  const names = new Set(chains.map(({ chain }) => chain))
  return {
    rules: chains.flatMap(({ rules }) => rules.flatMap(({ comment }) => comment ?? [])),
    families: FAMILIES.filter((family) => names.has(needsChain(family))),
    switchedOn: FAMILIES.filter((family) => names.has(switchedOnChain(family))),
  }
}

/** Who needs a family to be forwarded beside one interface. */
export interface OtherForwarders {
  /** The table of another interface of ours; absent: there is none. */
  readonly table?: NftTableRef | undefined
  /** Whether a table that is not ours has a say in what is forwarded. */
  readonly foreign: boolean
}

const isOurs = ({ family, table }: NftTableRef): boolean =>
  family === 'inet' && table.startsWith(PREFIX)

/** Looks at all tables for those who need a family. */
export function otherForwarders(
  tables: readonly FoundTable[],
  name: string,
  family: Family,
): OtherForwarders {
  const { table: own } = forwardingTable(name)
  const others = tables.filter((table) => !isOurs(table) || table.table !== own)
  const other = others.find(
    (table) => isOurs(table) && table.chains.some(({ chain }) => chain === needsChain(family)),
  )
  return {
    table: other && { family: other.family, table: other.table },
    foreign: others.some(
      (table) =>
        !isOurs(table) &&
        isOfFamily(table, family) &&
        table.chains.some(({ base }) => base?.hook === 'forward'),
    ),
  }
}

/**
 * The chains of others that drop what is forwarded unless a rule says otherwise, and have none that names the interface.
 * What we accept does not count there: each chain has its say, and one that drops is enough.
 */
export const droppingChains = (
  tables: readonly FoundTable[],
  { name, families }: Pick<ForwardingRules, 'name' | 'families'>,
): string[] =>
  tables
    .filter((table) => !isOurs(table) && families.some((family) => isOfFamily(table, family)))
    .filter(({ chains }) =>
      chains.every(({ rules }) => rules.every(({ links }) => !links.includes(name))),
    )
    .flatMap(({ family, table, chains }) =>
      chains
        .filter(({ base }) => base?.hook === 'forward' && base.policy === 'drop')
        .map(({ chain }) => `${family} ${table} ${chain}`),
    )

const isOfFamily = ({ family: of }: NftTableRef, family: Family): boolean =>
  of === 'inet' || of === ipOf(family)

/** Makes another interface the one that switches forwarding off at its end. */
export const handOver = (ref: NftTableRef, family: Family): NftChange => ({
  addChain: { ...ref, chain: switchedOnChain(family) },
})
