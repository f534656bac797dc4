import { inspect } from 'node:util'
import {
  type Endpoint,
  formatEndpoint,
  type KeyInput,
  type PublicKey,
  parsePublicKey,
  type SecretKey,
} from '@wgctrl/types'
import { endpointValue, readAllowedIP, readEndpoint } from './address-value.js'
import { readKeepaliveRange } from './amnezia-value.js'
import { type ConfigDocument, publicKeyOf } from './document.js'
import { KeyEditor } from './key-editor.js'
import { commentOf } from './line.js'
import { peerName, setPeerName } from './peer-name.js'
import { present } from './present.js'
import type { Section } from './section.js'
import { keyText, readKeepalive, readKey } from './value.js'

/** What a peer of a config file can be given. */
export interface PeerFields {
  readonly publicKey: PublicKey | Uint8Array
  readonly presharedKey?: KeyInput | undefined
  /** `host:port`, `[IPv6]:port` or an {@link Endpoint}; a name stays a name. */
  readonly endpoint?: string | Endpoint | undefined
  /** Seconds; 0: off. */
  readonly persistentKeepalive?: number | undefined
  /** `'15-30'`, in its place: of AmneziaWG, in a file of its dialects. */
  readonly persistentKeepaliveRange?: string | undefined
  readonly allowedIPs?: readonly string[] | undefined
  /** Written as a comment, `# Name = …`. */
  readonly name?: string | undefined
}

/**
 * A `[Peer]` of a config file. Reading gives what the file says, `undefined` for a key that is not
 * there; assigning changes the file in place, `undefined` removes the key. Comments stay.
 *
 * Assigning what the file cannot hold throws a `WireGuardError`, `EINVAL` with `path`.
 */
export class PeerSection {
  readonly #document: ConfigDocument
  readonly #section: Section
  readonly #keys: KeyEditor

  /** Use {@link ConfigFile.peers}. @internal */
  constructor(document: ConfigDocument, section: Section) {
    this.#document = document
    this.#section = section
    this.#keys = new KeyEditor(document, section)
  }

  get publicKey(): PublicKey {
    return publicKeyOf(this.#section) as PublicKey
  }
  set publicKey(key: PublicKey | Uint8Array) {
    this.#keys.set('PublicKey', [parsePublicKey(key)])
  }

  get presharedKey(): SecretKey | undefined {
    return this.#keys.readLast('PresharedKey', readKey)
  }
  set presharedKey(key: KeyInput | undefined) {
    this.#set('PresharedKey', keyText(key, 'presharedKey'))
  }

  /** `host:port` or `[IPv6]:port`; addresses in canonical spelling, names as they are. */
  get endpoint(): string | undefined {
    const endpoint = this.#keys.readLast('Endpoint', readEndpoint)
    return endpoint && endpointValue(endpoint)
  }
  set endpoint(endpoint: string | Endpoint | undefined) {
    this.#set('Endpoint', typeof endpoint === 'object' ? formatEndpoint(endpoint) : endpoint)
  }

  /** Seconds; 0: off. Of a range the lower end. */
  get persistentKeepalive(): number | undefined {
    return this.#keys.readLast(
      'PersistentKeepalive',
      (text) => readKeepalive(text) ?? lowerEnd(readKeepaliveRange(text)),
    )
  }
  set persistentKeepalive(seconds: number | undefined) {
    this.#set('PersistentKeepalive', seconds)
  }

  /** `'15-30'`, in files of AmneziaWG; absent: one number, or none. */
  get persistentKeepaliveRange(): string | undefined {
    return this.#keys.readLast('PersistentKeepalive', readKeepaliveRange)
  }
  set persistentKeepaliveRange(range: string | undefined) {
    this.#set('PersistentKeepalive', range)
  }

  /** Canonical CIDRs: what a new peer has after all lines, `+` and `-` applied. */
  get allowedIPs(): string[] {
    const networks = new Set<string>()
    for (const { cidr, remove } of this.#keys.read('AllowedIPs', readAllowedIP)) {
      if (remove) networks.delete(cidr)
      else networks.add(cidr)
    }
    return [...networks]
  }
  set allowedIPs(networks: readonly string[] | undefined) {
    this.#keys.setList('AllowedIPs', networks ?? [], plainNetwork)
  }

  /**
   * The peer's name, from a comment `# Name = …`, `# friendly_name = …`, `# Client: …`, from
   * `### begin … ###` or `# BEGIN_PEER …`, or behind `[Peer] #`. Assigning changes or adds a comment.
   */
  get name(): string | undefined {
    return peerName(this.#section)
  }
  set name(name: string | undefined) {
    setPeerName(this.#section, name, this.#document.style)
  }

  /** The texts of the comment lines above and in the section. */
  get comments(): string[] {
    const lines = [...this.#section.lines()]
    return lines.filter(({ statement }) => statement.is === 'comment').map(commentOf)
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

  /** What there is, the preshared key `(hidden)`. */
  toJSON(): object {
    const { name, publicKey, presharedKey, endpoint, persistentKeepalive, allowedIPs } = this
    return present({ name, publicKey, presharedKey, endpoint, persistentKeepalive, allowedIPs })
  }

  #set(name: string, value: string | number | undefined): void {
    this.#keys.set(name, value === undefined ? [] : [String(value)])
  }
}

Object.defineProperty(PeerSection.prototype, inspect.custom, {
  value(this: PeerSection) {
    return this.toJSON()
  },
})

const lowerEnd = (range: string | undefined): number | undefined =>
  range === undefined ? undefined : Number.parseInt(range, 10)

/** Entries with `+` or `-` say something else than a plain network: they are replaced. */
function plainNetwork(text: string): string | undefined {
  const entry = readAllowedIP(text)
  return entry && !entry.incremental ? entry.cidr : undefined
}
