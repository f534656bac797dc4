import { inspect } from 'node:util'
import {
  checkFields,
  InvalidTypeError,
  invalid,
  type PublicKey,
  parsePublicKey,
} from '@wgctrl/types'
import { PEER_FIELDS } from '../option-fields.js'
import { findProblems } from './check.js'
import { ConfigDocument } from './document.js'
import { InterfaceSection } from './interface-section.js'
import type { Dialect } from './key-rule.js'
import { type PeerFields, PeerSection } from './peer-section.js'
import type { ConfigProblem } from './problem.js'
import type { Section } from './section.js'

/**
 * The document behind a file, for the modules beside this one; of a file of another copy of the library, one that
 * says the same.
 *
 * @throws {TypeError} when it is no file
 */
export let documentOf: (file: ConfigFile) => ConfigDocument

/** What a file says to another copy of the library. */
interface Written {
  readonly text: string
  readonly dialect: Dialect
  readonly path: string | undefined
}

/** Marks files across copies of this package (two versions, ESM beside CJS), and gives what they say. */
const brand: unique symbol = Symbol.for('wgctrl.config-file') as never

/**
 * A config file that can be changed without losing anything: comments, order, blank lines, spelling,
 * unknown keys and line ends stay as they are. Made by `parseConfig` and `readConfigFile`.
 *
 * Private and preshared keys show as `(hidden)` in `console.log` and JSON; `formatConfig` alone gives
 * the text with them.
 *
 * @example
 * ```ts
 * const file = await readConfigFile('/etc/wireguard/wg0.conf')
 * file.interface.listenPort = 51821
 * file.addPeer({ publicKey, name: 'alice', allowedIPs: ['10.0.0.2/32'] })
 * await writeConfigFile('/etc/wireguard/wg0.conf', file)
 * ```
 */
export class ConfigFile {
  readonly #document: ConfigDocument
  readonly #peers = new WeakMap<Section, PeerSection>()
  /** All `[Interface]` sections of the file as one. */
  readonly interface: InterfaceSection

  static {
    documentOf = (file) => {
      const given: unknown = file
      if (typeof given !== 'object' || given === null || !(brand in given)) {
        throw new InvalidTypeError('config', 'must be what parseConfig returned')
      }
      if (#document in given) return given.#document
      const { text, dialect, path } = (given as ConfigFile)[brand]()
      return new ConfigDocument(text, dialect, path)
    }
  }

  /** Use `parseConfig`. @internal */
  constructor(document: ConfigDocument) {
    this.#document = document
    this.interface = new InterfaceSection(document)
  }

  get dialect(): Dialect {
    return this.#document.dialect
  }

  /** The peers in the order of the file. */
  get peers(): PeerSection[] {
    return this.#document.ofKind('peer').map((section) => this.#view(section))
  }

  /** The peer with a public key; of several sections the first. */
  peer(publicKey: PublicKey | Uint8Array): PeerSection | undefined {
    const [section] = this.#document.peerSections(parsePublicKey(publicKey))
    return section && this.#view(section)
  }

  /**
   * Adds a peer at the end of the file.
   *
   * @throws {WireGuardError} `EINVAL` with `path`; also when the file has the peer already
   */
  addPeer(fields: PeerFields): PeerSection {
    checkFields(fields, 'peer', PEER_FIELDS, '')
    const publicKey = parsePublicKey(fields.publicKey)
    if (this.peer(publicKey)) throw invalid('publicKey', `${publicKey} is in the file already`)
    const peer = this.#view(this.#document.addPeer(publicKey))
    try {
      peer.presharedKey = fields.presharedKey
      peer.allowedIPs = fields.allowedIPs
      peer.endpoint = fields.endpoint
      peer.persistentKeepalive = fields.persistentKeepalive
      if (fields.persistentKeepaliveRange !== undefined) {
        peer.persistentKeepaliveRange = fields.persistentKeepaliveRange
      }
      peer.name = fields.name
    } catch (error) {
      this.#document.removePeer(publicKey)
      throw error
    }
    return peer
  }

  /** Removes a peer with the comments that belong to it. @returns false when there is none */
  removePeer(publicKey: PublicKey | Uint8Array): boolean {
    return this.#document.removePeer(parsePublicKey(publicKey))
  }

  /** What wg(8) would refuse although it can be kept, and what is likely a mistake. */
  get warnings(): ConfigProblem[] {
    return findProblems(this.#document)
  }

  /** A word on the file, never its text: see `formatConfig`. */
  toString(): string {
    return `[ConfigFile: ${this.#document.ofKind('peer').length} peers]`
  }

  /** What there is, secrets `(hidden)`. */
  toJSON(): object {
    return { interface: this.interface.toJSON(), peers: this.peers.map((peer) => peer.toJSON()) }
  }

  /** @internal */
  [brand](): Written {
    const { dialect, path } = this.#document
    return { text: this.#document.format(), dialect, path }
  }

  #view(section: Section): PeerSection {
    const view = this.#peers.get(section) ?? new PeerSection(this.#document, section)
    this.#peers.set(section, view)
    return view
  }
}

Object.defineProperty(ConfigFile.prototype, inspect.custom, {
  value(this: ConfigFile) {
    return this.toJSON()
  },
})
