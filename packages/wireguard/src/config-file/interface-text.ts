import {
  canonicalCidr,
  checkConfig,
  checkFields,
  InvalidTypeError,
  invalid,
  type PeerConfig,
  type PublicKey,
  parseEndpoint,
  parsePublicKey,
  wipeConfig,
} from '@wgctrl/types'
import {
  checkNamedInterface,
  type Hook,
  type InterfaceConfig,
} from '../interface/interface-config.js'
import { FORMAT_INTERFACE_OPTIONS } from '../option-fields.js'
import { endpointValue } from './address-value.js'
import { type ConfigFile, documentOf } from './config-file.js'
import type { InterfaceSection } from './interface-section.js'
import { formatConfig, parseConfig } from './parse.js'

export interface FormatInterfaceOptions {
  /** Lines of comment above all; `# ` is put before each. Absent: none. */
  readonly header?: string | undefined
  /** What a peer is called, in a comment above it. Absent, or without an answer: no name. */
  readonly peerName?: ((publicKey: PublicKey) => string | undefined) | undefined
}

/** An empty file, to be filled: what `parseConfig('')` gives. */
export function newConfig(dialect: 'wg-quick' | 'awg-quick' = 'wg-quick'): ConfigFile {
  return parseConfig('', { dialect })
}

/**
 * The text of a config file that says what `config` does, secrets included: the inverse of `toInterfaceConfig`.
 * What stands for a default (`null`, an empty list) is left out, but for what wg-quick(8) would read as something else.
 *
 * @throws {TypeError | RangeError | WireGuardError} `EINVAL` with `path`, also for what no file can say: hooks that
 *   are functions, peers with `remove` or `updateOnly`, `extra`
 * @example
 * ```ts
 * const text = formatInterfaceConfig(config, { header: 'Made by the panel. Do not edit.' })
 * ```
 */
export function formatInterfaceConfig(
  config: InterfaceConfig,
  options: FormatInterfaceOptions = {},
): string {
  checkFields(options, 'options', FORMAT_INTERFACE_OPTIONS)
  checkNamedInterface(config)
  checkPeers(config)
  const file = newConfig(isAmnezia(config) ? 'awg-quick' : 'wg-quick')
  documentOf(file).interfaceSection()
  writeInterface(file.interface, config)
  ;(config.peers ?? []).forEach((peer, index) => {
    writePeer(file, peer, `peers[${index}]`, options)
  })
  return headerLines(options.header) + formatConfig(file)
}

/** What awg-quick(8) alone reads. */
function isAmnezia({ amnezia, peers = [] }: InterfaceConfig): boolean {
  return amnezia !== undefined || peers.some((peer) => peer.persistentKeepaliveRange !== undefined)
}

function headerLines(header: string | undefined): string {
  if (header === undefined) return ''
  if (typeof header !== 'string') throw new InvalidTypeError('options.header', 'must be a string')
  const lines = header.replace(/(\r\n?|\n)$/, '').split(/\r\n?|\n/)
  return `${lines.map((line) => `# ${line}`.trimEnd()).join('\n')}\n\n`
}

function writeInterface(section: InterfaceSection, config: InterfaceConfig): void {
  const { privateKey, listenPort, firewallMark, addresses, dns, mtu, table, hooks } = config
  section.privateKey = privateKey ?? undefined
  section.addresses = addresses
  section.amnezia = config.amnezia
  section.listenPort = listenPort || undefined
  section.firewallMark = firewallMark || undefined
  if (dns) section.dns = { servers: dns.servers ?? [], search: dns.search ?? [] }
  section.mtu = mtu
  section.table = table === 'auto' ? undefined : table
  section.preUp = hookLines(hooks?.preUp, 'hooks.preUp')
  section.postUp = hookLines(hooks?.postUp, 'hooks.postUp')
  section.preDown = hookLines(hooks?.preDown, 'hooks.preDown')
  section.postDown = hookLines(hooks?.postDown, 'hooks.postDown')
  section.saveConfig = config.saveConfig || undefined
  section.forward = config.forward
  section.nat = config.nat
  section.betweenClients = config.betweenClients
}

function hookLines(hooks: readonly Hook[] = [], path: string): string[] {
  return hooks.map((hook, index) => {
    if (typeof hook === 'string') return hook
    throw new InvalidTypeError(`${path}[${index}]`, 'a function cannot be written into a file')
  })
}

/** What the device itself would refuse, names in endpoints aside. */
function checkPeers(config: InterfaceConfig): void {
  const { privateKey, listenPort, firewallMark, amnezia, extra, peers = [] } = config
  if (extra !== undefined) throw invalid('extra', 'a file has no word for it')
  const withoutEndpoints = Array.isArray(peers)
    ? peers.map((peer: PeerConfig) => ({ ...peer, endpoint: undefined }))
    : peers
  const checked = checkConfig({
    privateKey,
    listenPort,
    firewallMark,
    amnezia,
    peers: withoutEndpoints,
  })
  wipeConfig(checked)
}

function writePeer(
  file: ConfigFile,
  peer: PeerConfig,
  path: string,
  { peerName }: FormatInterfaceOptions,
): void {
  for (const field of ['remove', 'updateOnly', 'extra'] as const) {
    if (peer[field]) throw invalid(`${path}.${field}`, 'a file has no word for it')
  }
  const publicKey = parsePublicKey(peer.publicKey)
  if (file.peer(publicKey)) throw invalid(`${path}.publicKey`, `${publicKey} is there twice`)
  const section = file.addPeer({ publicKey })
  section.presharedKey = peer.presharedKey ?? undefined
  section.endpoint =
    peer.endpoint && endpointValue(parseEndpoint(peer.endpoint, `${path}.endpoint`))
  section.persistentKeepalive = peer.persistentKeepalive || undefined
  if (peer.persistentKeepaliveRange !== undefined) {
    section.persistentKeepaliveRange = peer.persistentKeepaliveRange
  }
  section.allowedIPs = networksOf(peer)
  const name = peerName?.(publicKey)
  if (name !== undefined) section.name = name
}

/** What a new peer has after all changes. */
function networksOf({ allowedIPs = [] }: PeerConfig): string[] {
  const networks = new Set<string>()
  for (const change of allowedIPs) {
    if (typeof change === 'string') networks.add(canonicalCidr(change))
    else if (change.remove) networks.delete(canonicalCidr(change.cidr))
    else networks.add(canonicalCidr(change.cidr))
  }
  return [...networks]
}
