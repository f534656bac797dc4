import { AMNEZIA_FIELDS, isInterfaceName } from '@wgctrl/types'
import {
  readAllowedIP,
  readEndpoint,
  readHost,
  readInterfaceAddress,
  readWholeNetwork,
} from './address-value.js'
import { expectedOf, readAmneziaValue, readKeepaliveRange, readSwitch } from './amnezia-value.js'
import { lower, squeeze } from './space.js'
import {
  readBoolean,
  readFirewallMark,
  readKeepalive,
  readKeyText,
  readMtu,
  readPort,
  readTable,
} from './value.js'

/**
 * `wg`: what wg(8) reads. `wg-quick`: that, and what wg-quick(8) adds to `[Interface]`. `awg` and `awg-quick`: the same with
 * what AmneziaWG's awg(8) reads besides.
 */
export type Dialect = 'wg' | 'wg-quick' | 'awg' | 'awg-quick'

/** Knows the keys that wg-quick(8), or awg-quick(8), adds. */
export const readsQuickKeys = (dialect: Dialect): boolean => dialect.endsWith('-quick')

/** Knows the keys of AmneziaWG. */
export const readsAmneziaKeys = (dialect: Dialect): boolean => dialect.startsWith('awg')

/** Any link: no link can be called so. */
export const ANY_LINK = '*'

/** What a key of the format is and takes. */
export interface KeyRule {
  /** As the manual pages spell it. */
  readonly name: string
  readonly section: 'interface' | 'peer'
  /** Who reads it. `wgctrl`: nobody else, to whom it is a comment. */
  readonly dialect: 'wg' | 'wg-quick' | 'awg' | 'wgctrl'
  /** What a value must be. */
  readonly expected: string
  /** The value of a text, or of one entry of a list; `undefined` when it is none. */
  readonly read: (text: string) => unknown
  /** The same where the file is of AmneziaWG and more is a value there. */
  readonly readAwg?: (text: string) => unknown
  /** Lists: entries between commas, or (wg-quick) words between commas and spaces. */
  readonly list?: 'commas' | 'words'
  /** No error may show the value. */
  readonly isSecret?: true
  /** May come without a value. */
  readonly mayBeEmpty?: true
  /** A shell's text up to the end of the line, `#` included. */
  readonly isHook?: true
  /** Whitespace within the value is a part of it. */
  readonly keepsSpace?: true
}

const interfaceKey = { section: 'interface', dialect: 'wg' } as const
const peerKey = { section: 'peer', dialect: 'wg' } as const
const quickKey = { section: 'interface', dialect: 'wg-quick', mayBeEmpty: true } as const

const ownKey = { section: 'interface', dialect: 'wgctrl' } as const

const KEY = '44 characters of base64 that hold 32 bytes'
const hook = {
  ...quickKey,
  expected: 'a command',
  read: (text: string) => text,
  isHook: true,
} as const

const rules: readonly KeyRule[] = [
  { ...interfaceKey, name: 'PrivateKey', expected: KEY, read: readKeyText, isSecret: true },
  { ...interfaceKey, name: 'ListenPort', expected: 'a port, 0 to 65535', read: readPort },
  {
    ...interfaceKey,
    name: 'FwMark',
    expected: '0 to 4294967295, 0x0 to 0xffffffff, or off',
    read: readFirewallMark,
  },
  { ...peerKey, name: 'PublicKey', expected: KEY, read: readKeyText },
  { ...peerKey, name: 'PresharedKey', expected: KEY, read: readKeyText, isSecret: true },
  {
    ...peerKey,
    name: 'AllowedIPs',
    expected: 'an address with an optional /prefix length, + or - before it',
    read: readAllowedIP,
    list: 'commas',
  },
  {
    ...peerKey,
    name: 'Endpoint',
    expected: 'host:port or [IPv6]:port with a port from 1 to 65535',
    read: readEndpoint,
  },
  {
    ...peerKey,
    name: 'PersistentKeepalive',
    expected: 'seconds from 0 to 65535, or off',
    read: readKeepalive,
    readAwg: (text) => readKeepalive(text) ?? readKeepaliveRange(text),
  },
  {
    ...quickKey,
    name: 'Address',
    expected: 'an address with an optional /prefix length',
    read: readInterfaceAddress,
    list: 'words',
  },
  {
    ...quickKey,
    name: 'DNS',
    expected: 'an address or a search domain',
    read: (text) => text,
    list: 'words',
  },
  { ...quickKey, name: 'MTU', expected: 'a number of bytes', read: readMtu },
  {
    ...quickKey,
    name: 'Table',
    expected: 'off, auto, or the number or name of a table',
    read: readTable,
  },
  { ...hook, name: 'PreUp' },
  { ...hook, name: 'PostUp' },
  { ...hook, name: 'PreDown' },
  { ...hook, name: 'PostDown' },
  {
    section: 'interface',
    dialect: 'wg-quick',
    name: 'SaveConfig',
    expected: 'true or false',
    read: readBoolean,
  },
]

/** @source amneziawg-tools, src/config.c */
const amneziaRules: readonly KeyRule[] = [
  ...AMNEZIA_FIELDS.map((field) => ({
    section: 'interface' as const,
    dialect: 'awg' as const,
    name: field.fileKey,
    expected: field.kind === 'key' ? KEY : expectedOf(field),
    read: (text: string) => readAmneziaValue(field.name, text),
    ...(field.kind === 'key' && { isSecret: true as const }),
    ...(field.kind === 'text' && { keepsSpace: true as const }),
  })),
  {
    section: 'peer',
    dialect: 'awg',
    name: 'AdvancedSecurity',
    expected: 'on or off',
    read: readSwitch,
  },
]

/** Keys that stand in comments; see {@link wordOf}. */
const ownRules: readonly KeyRule[] = [
  { ...ownKey, name: 'Forward', expected: 'true or false', read: readBoolean },
  {
    ...ownKey,
    name: 'NAT',
    expected: `names of links with commas between them, or ${ANY_LINK} for any`,
    read: (text) => (text === ANY_LINK || isInterfaceName(text) ? text : undefined),
    list: 'commas',
  },
  {
    ...ownKey,
    name: 'NATNetworks',
    expected: 'networks with commas between them',
    read: readWholeNetwork,
    list: 'commas',
  },
  {
    ...ownKey,
    name: 'NATSource',
    expected: 'an address, or one of each family with a comma between them',
    read: readHost,
    list: 'commas',
  },
  { ...ownKey, name: 'BetweenClients', expected: 'true or false', read: readBoolean },
]

const allRules = [...rules, ...amneziaRules]
const byName = new Map(allRules.map((rule) => [rule.name.toLowerCase(), rule]))
const bySpelling = new Map(allRules.map((rule) => [rule.name, rule]))

/**
 * The rule of a key, spelled as in a file. wg(8) reads `Listen Port` as `ListenPort`; wg-quick(8) wants
 * its own keys in one piece.
 */
export function ruleOf(key: string): KeyRule | undefined {
  const usual = bySpelling.get(key)
  if (usual) return usual
  const rule = byName.get(lower(squeeze(key)))
  return rule && (isOfWg(rule) || rule.name.length === key.length) ? rule : undefined
}

/** Whether wg(8) or awg(8) reads the key; else wg-quick(8) alone does, or we. */
export const isOfWg = ({ dialect }: KeyRule): boolean => dialect === 'wg' || dialect === 'awg'

const ownByName = new Map(ownRules.map((rule) => [rule.name.toLowerCase(), rule]))

/** The rule of a key in a comment that is for us: `# wgctrl: NAT = eth0`. */
export const wordOf = (key: string): KeyRule | undefined => ownByName.get(lower(key))

/** The keys that such a comment may have, for a message. */
export const WORDS: string = ownRules.map(({ name }) => name).join(', ')

/** The rule as files of a dialect have it; `undefined` where the key means nothing to them. */
export function ruleIn(rule: KeyRule | undefined, dialect: Dialect): KeyRule | undefined {
  return rule?.dialect === 'awg' && !readsAmneziaKeys(dialect) ? undefined : rule
}

/** What reads a value in files of a dialect. */
export const readerOf = (rule: KeyRule, dialect: Dialect): KeyRule['read'] =>
  (readsAmneziaKeys(dialect) && rule.readAwg) || rule.read

/** The keys that a section may have, for a message. */
export function keysOf(section: string, dialect: Dialect): string {
  const fit = allRules.filter(
    (rule) =>
      rule.section === section &&
      (rule.dialect !== 'wg-quick' || readsQuickKeys(dialect)) &&
      ruleIn(rule, dialect) !== undefined,
  )
  return fit.map(({ name }) => name).join(', ')
}
