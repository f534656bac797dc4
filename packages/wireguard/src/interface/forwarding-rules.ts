import { canonicalCidr, type DeviceConfig, type Family, parseCidr } from '@wgctrl/types'
import type { CheckedInterface, InterfaceSettings } from './interface-config.js'
import { type CheckedNat, isNoHost } from './nat-config.js'
import type { Step } from './transaction.js'

const FAMILIES: readonly Family[] = [4, 6]

/** One rule for packets of others. */
interface ForwardingRule {
  /** What it does, in a few words: the rule's comment, by which it is known again. At most 128 bytes. */
  readonly text: string
  readonly chain: 'forward' | 'postrouting'
  /** What nft is told. */
  readonly rule: string
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
  rule: `iifname "${name}" oifname "${name}" drop`,
})

function natRules(name: string, network: string, { to, source }: CheckedNat): ForwardingRule[] {
  const { family, prefixLength } = parseCidr(network)
  const [nfproto, ip] = family === 4 ? ['ipv4', 'ip'] : ['ipv6', 'ip6']
  // nft shows no match for a network that all addresses are in.
  const from = prefixLength === 0 ? `meta nfproto ${nfproto}` : `${ip} saddr ${network}`
  const address = source[family]
  const action = address === undefined ? 'masquerade' : `snat ${ip} to ${address}`
  const rule = (text: string, by: string): ForwardingRule => ({
    text: address === undefined ? `masquerade ${text}` : `snat ${text} as ${address}`,
    chain: 'postrouting',
    rule: `${from} ${by} ${action}`,
  })
  // What this machine sends to itself leaves by the loopback, whose address would be none of the tunnel's.
  if (to.length === 0) return [rule(network, `oifname != { "lo", "${name}" }`)]
  return to.map((link) => rule(`${network} to ${link}`, `oifname "${link}"`))
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
export const forwardingTable = (name: string): string =>
  `inet ${PREFIX}${name.replace(/[^\w.-]/g, (character) => `/${character.charCodeAt(0).toString(16)}`)}`

const ipOf = (family: Family): string => (family === 4 ? 'ip' : 'ip6')

/**
 * Chains without rules keep what has to be known when the interface is taken down, by whomever: they are there as long as
 * the table, which ends with the network namespace, as the settings do.
 */
const needsChain = (family: Family): string => `needs-${ipOf(family)}`
const switchedOnChain = (family: Family): string => `switched-on-${ipOf(family)}`

/** For `nft -f -`, which does all or nothing: the table with these rules and no others. */
export function forwardingTableText(
  { name, rules, families }: ForwardingRules,
  switchedOn: readonly Family[],
): string {
  const table = forwardingTable(name)
  return lines(
    ...forwardingRemoval(name),
    `add table ${table}`,
    ...families.map((family) => `add chain ${table} ${needsChain(family)}`),
    ...switchedOn.map((family) => `add chain ${table} ${switchedOnChain(family)}`),
    `add chain ${table} forward { type filter hook forward priority 0; }`,
    `add chain ${table} postrouting { type nat hook postrouting priority 100; }`,
    ...rules.map(({ chain, rule, text }) => `add rule ${table} ${chain} ${rule} comment "${text}"`),
  )
}

/** What is not there can be added first; to delete it would be an error. */
const forwardingRemoval = (name: string): string[] => [
  `add table ${forwardingTable(name)}`,
  `delete table ${forwardingTable(name)}`,
]

export const forwardingRemovalText = (name: string): string => lines(...forwardingRemoval(name))

/** Reads a table of {@link forwardingTableText} as `nft list table` shows it. */
export function parseForwardingTable(text: string): FoundForwarding {
  const chains = new Set(Array.from(text.matchAll(/^\s*chain (\S+) \{/gm), ([, name]) => name))
  return {
    rules: Array.from(text.matchAll(/ comment "([^"]*)"/g), ([, comment = '']) => comment),
    families: FAMILIES.filter((family) => chains.has(needsChain(family))),
    switchedOn: FAMILIES.filter((family) => chains.has(switchedOnChain(family))),
  }
}

/** Who needs a family to be forwarded beside one interface. */
export interface OtherForwarders {
  /** The table of another interface of ours; absent: there is none. */
  readonly table?: string | undefined
  /** Whether a table that is not ours has a say in what is forwarded. */
  readonly foreign: boolean
}

interface Table {
  /** Family and name. */
  readonly table: string
  readonly body: string
}

function parseTables(ruleset: string): Table[] {
  const bodies = ruleset.split(/^table /m).slice(1)
  return bodies.map((body) => ({ table: body.slice(0, body.indexOf(' {')), body }))
}

const isOurs = (table: string): boolean => table.startsWith(`inet ${PREFIX}`)

/** Reads a whole ruleset as `nft -t list ruleset` shows it. */
export function parseForwarders(text: string, name: string, family: Family): OtherForwarders {
  const others = parseTables(text).filter(({ table }) => table !== forwardingTable(name))
  return {
    table: others.find(
      ({ table, body }) => isOurs(table) && body.includes(`chain ${needsChain(family)} {`),
    )?.table,
    foreign: others.some(
      ({ table, body }) =>
        !isOurs(table) && isOfFamily(table, family) && body.includes('hook forward'),
    ),
  }
}

/**
 * The chains of others, in a ruleset, that drop what is forwarded unless a rule says otherwise, and have none that
 * names the interface. What we accept does not count there: each chain has its say, and one that drops is enough.
 */
export function parseDroppingChains(
  text: string,
  { name, families }: Pick<ForwardingRules, 'name' | 'families'>,
): string[] {
  return parseTables(text)
    .filter(({ table, body }) => !isOurs(table) && !body.includes(`"${name}"`))
    .filter(({ table }) => families.some((family) => isOfFamily(table, family)))
    .flatMap(({ table, body }) =>
      Array.from(
        body.matchAll(/chain (\S+) \{\s+type filter hook forward [^;]*; policy drop;/g),
        ([, chain]) => `${table} ${chain}`,
      ),
    )
}

const isOfFamily = (table: string, family: Family): boolean =>
  table.startsWith('inet ') || table.startsWith(`${ipOf(family)} `)

/** Makes another interface the one that switches forwarding off at its end. */
export const handOverText = (table: string, family: Family): string =>
  lines(`add chain ${table} ${switchedOnChain(family)}`)

const lines = (...all: string[]): string => all.map((line) => `${line}\n`).join('')
