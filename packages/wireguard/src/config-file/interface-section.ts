import { inspect } from 'node:util'
import {
  AMNEZIA_FIELDS,
  type AmneziaConfig,
  type AmneziaValue,
  invalid,
  type KeyInput,
  type PublicKey,
  publicKey,
  type SecretKey,
} from '@wgctrl/types'
import type { NatConfig } from '../interface/nat-config.js'
import { readHost, readInterfaceAddress, readWholeNetwork } from './address-value.js'
import { amneziaText, readAmneziaValue } from './amnezia-value.js'
import type { ConfigDocument } from './document.js'
import { KeyEditor } from './key-editor.js'
import { ANY_LINK, readsAmneziaKeys } from './key-rule.js'
import { present } from './present.js'
import {
  keyText,
  type RoutingTable,
  readBoolean,
  readFirewallMark,
  readKey,
  readMtu,
  readPort,
  readTable,
} from './value.js'

/**
 * The `[Interface]` of a config file. Reading gives what the file says, `undefined` for a key that is
 * not there; assigning changes the file in place, `undefined` removes the key. Comments stay.
 *
 * Assigning what the file cannot hold throws a `WireGuardError`, `EINVAL` with `path`.
 */
export class InterfaceSection {
  readonly #keys: KeyEditor
  readonly #hasAmnezia: boolean

  /** Use {@link ConfigFile.interface}. @internal */
  constructor(document: ConfigDocument) {
    this.#keys = new KeyEditor(document)
    this.#hasAmnezia = readsAmneziaKeys(document.dialect)
  }

  get privateKey(): SecretKey | undefined {
    return this.#keys.readLast('PrivateKey', readKey)
  }
  set privateKey(key: KeyInput | undefined) {
    this.#set('PrivateKey', keyText(key, 'privateKey'))
  }

  /** Derived from the private key. */
  get publicKey(): PublicKey | undefined {
    const key = this.privateKey
    try {
      return key && publicKey(key)
    } finally {
      key?.wipe()
    }
  }

  /** 0: the system chooses. */
  get listenPort(): number | undefined {
    return this.#keys.readLast('ListenPort', readPort)
  }
  set listenPort(port: number | undefined) {
    this.#set('ListenPort', port)
  }

  /** `FwMark`; 0: off. Written in hexadecimal, as `wg showconf` does. */
  get firewallMark(): number | undefined {
    return this.#keys.readLast('FwMark', readFirewallMark)
  }
  set firewallMark(mark: number | undefined) {
    this.#set('FwMark', mark ? `0x${mark.toString(16)}` : mark)
  }

  /**
   * AmneziaWG's keys, `Jc` and so on, those that are there; `{}` in a file of a dialect without them. Assigning sets all
   * of them.
   */
  get amnezia(): AmneziaConfig {
    if (!this.#hasAmnezia) return {}
    const entries = AMNEZIA_FIELDS.map(({ name, fileKey, kind }) => {
      const read = (text: string): AmneziaValue | SecretKey | undefined =>
        kind === 'key' ? readKey(text) : readAmneziaValue(name, text)
      return [name, this.#keys.readLast(fileKey, read)]
    })
    return present(Object.fromEntries(entries))
  }
  set amnezia(amnezia: AmneziaConfig | undefined) {
    if (!this.#hasAmnezia) {
      if (Object.keys(amnezia ?? {}).length === 0) return
      throw invalid(
        'amnezia',
        'no keys of the dialects wg and wg-quick: read the file as awg-quick',
      )
    }
    for (const field of AMNEZIA_FIELDS) {
      this.#set(field.fileKey, amneziaText(field, amnezia?.[field.name]))
    }
  }

  /** `Address`: addresses with their prefix length, host bits kept. */
  get addresses(): string[] {
    return this.#keys.read('Address', readInterfaceAddress)
  }
  set addresses(addresses: readonly string[] | undefined) {
    this.#keys.setList('Address', addresses ?? [], readInterfaceAddress)
  }

  /** `DNS`: addresses are name servers, all else is a search domain. */
  get dns(): { servers: string[]; search: string[] } {
    const entries = this.#keys.read('DNS', (text) => text)
    return {
      servers: entries.filter(isNameServer),
      search: entries.filter((entry) => !isNameServer(entry)),
    }
  }
  set dns(dns: { servers?: readonly string[]; search?: readonly string[] } | undefined) {
    const { servers = [], search = [] } = dns ?? {}
    const before = this.dns
    const isSame = `${before.servers};${before.search}` === `${servers};${search}`
    if (!isSame) this.#keys.setList('DNS', [...servers, ...search], (text) => text)
  }

  /** `MTU`, in bytes. */
  get mtu(): number | undefined {
    return this.#keys.readLast('MTU', readMtu)
  }
  set mtu(bytes: number | undefined) {
    this.#set('MTU', bytes)
  }

  /** The routing table for the routes to peers; absent: `auto`. */
  get table(): RoutingTable | undefined {
    return this.#keys.readLast('Table', readTable)
  }
  set table(table: RoutingTable | undefined) {
    this.#set('Table', table)
  }

  /** Shell commands, run before the interface comes up. `%i` stands for its name. */
  get preUp(): string[] {
    return this.#hooks('PreUp')
  }
  set preUp(commands: readonly string[] | undefined) {
    this.#keys.set('PreUp', commands ?? [])
  }

  /** Run after the interface came up. */
  get postUp(): string[] {
    return this.#hooks('PostUp')
  }
  set postUp(commands: readonly string[] | undefined) {
    this.#keys.set('PostUp', commands ?? [])
  }

  /** Run before the interface goes down. */
  get preDown(): string[] {
    return this.#hooks('PreDown')
  }
  set preDown(commands: readonly string[] | undefined) {
    this.#keys.set('PreDown', commands ?? [])
  }

  /** Run after the interface went down. */
  get postDown(): string[] {
    return this.#hooks('PostDown')
  }
  set postDown(commands: readonly string[] | undefined) {
    this.#keys.set('PostDown', commands ?? [])
  }

  /** The file is written anew from the device's state when the interface goes down. */
  get saveConfig(): boolean | undefined {
    return this.#keys.readLast('SaveConfig', readBoolean)
  }
  set saveConfig(save: boolean | undefined) {
    this.#set('SaveConfig', save)
  }

  /** `# wgctrl: Forward`, as `forward` of an interface's config; to wg-quick(8) a comment, as the two below. */
  get forward(): boolean | undefined {
    return this.#keys.readLast('Forward', readBoolean)
  }
  set forward(forward: boolean | undefined) {
    this.#set('Forward', forward)
  }

  /** `# wgctrl: NAT`, the links, with `NATNetworks` and `NATSource`: as `nat` of an interface's config. */
  get nat(): NatConfig | undefined {
    const links = this.#keys.read('NAT', (text) => text)
    const networks = this.#keys.read('NATNetworks', readWholeNetwork)
    const source = this.#keys.read('NATSource', readHost)
    if (links.length + networks.length + source.length === 0) return undefined
    const to = links.includes(ANY_LINK) ? [] : links
    return {
      ...(to.length > 0 && { to }),
      ...(networks.length > 0 && { networks }),
      ...(source.length > 0 && { source }),
    }
  }
  set nat(nat: NatConfig | undefined) {
    const { to, networks, source } = nat ?? {}
    const links = listOf(to)
    this.#keys.setList('NAT', nat && links.length === 0 ? [ANY_LINK] : links, (text) => text)
    this.#keys.setList('NATNetworks', listOf(networks), readWholeNetwork)
    this.#keys.setList('NATSource', listOf(source), readHost)
  }

  /** `# wgctrl: BetweenClients`, as `betweenClients` of an interface's config. */
  get betweenClients(): boolean | undefined {
    return this.#keys.readLast('BetweenClients', readBoolean)
  }
  set betweenClients(between: boolean | undefined) {
    this.#set('BetweenClients', between)
  }

  /** The value of any key as it is spelled; of several lines the last. The key in any case. */
  get(key: string): string | undefined {
    return this.#keys.values(key).at(-1)
  }

  /** The values of all lines with a key. */
  getAll(key: string): string[] {
    return this.#keys.values(key)
  }

  /** Gives any key a value, or a line for each of several; keys that wg(8) does not know as well. */
  set(key: string, value: string | readonly string[]): void {
    this.#keys.set(key, typeof value === 'string' ? [value] : value)
  }

  /** Removes all lines with a key. */
  delete(key: string): void {
    this.#keys.set(key, [])
  }

  /** The keys that are there, as spelled, in the order of the file. */
  keys(): string[] {
    return this.#keys.names()
  }

  /** What there is, the private key `(hidden)`. */
  toJSON(): object {
    const { privateKey, listenPort, firewallMark, addresses, dns, mtu, table } = this
    const amnezia = this.#hasAmnezia ? this.amnezia : undefined
    const { preUp, postUp, preDown, postDown, saveConfig, forward, nat, betweenClients } = this
    const device = { privateKey, listenPort, firewallMark, amnezia, addresses, dns, mtu, table }
    const hooks = { preUp, postUp, preDown, postDown }
    return present({ ...device, ...hooks, saveConfig, forward, nat, betweenClients })
  }

  #hooks(name: string): string[] {
    return this.#keys.values(name).filter((command) => command !== '')
  }

  #set(name: string, value: string | number | boolean | undefined): void {
    this.#keys.set(name, value === undefined ? [] : [String(value)])
  }
}

Object.defineProperty(InterfaceSection.prototype, inspect.custom, {
  value(this: InterfaceSection) {
    return this.toJSON()
  },
})

const listOf = (value: string | readonly string[] | undefined): readonly string[] =>
  typeof value === 'string' ? [value] : (value ?? [])

/** @source wg-quick(8), src/wg-quick/linux.bash: digits and dots, or anything with a colon */
function isNameServer(text: string): boolean {
  return /^[0-9.]+$/.test(text) || text.includes(':')
}
