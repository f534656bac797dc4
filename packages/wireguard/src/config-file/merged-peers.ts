import { type Endpoint, isNamed, type PeerConfig, type PublicKey, SecretKey } from '@wgctrl/types'
import { type AllowedIPEntry, readAllowedIP, readEndpoint } from './address-value.js'
import { readKeepaliveRange } from './amnezia-value.js'
import { type ConfigDocument, publicKeyOf } from './document.js'
import { entriesOf } from './line.js'
import type { Section } from './section.js'
import { readKeepalive } from './value.js'

/** The subcommands of wg(8) that read a file. */
export type ConfigMode = 'setconf' | 'addconf' | 'syncconf'

/** 32 zero bytes mean no key. */
export function orNull(key: SecretKey): SecretKey | null {
  return key.isZero ? null : key
}

/** Who was given a network last, and whether it still has it. */
interface Holding {
  readonly peer: MergedPeer
  readonly isHeld: boolean
}

/**
 * The peers as the device would have them after taking one section after the other. Both wires ignore
 * a peer with the device's own key, and leave its networks to the one that had them before.
 */
export function mergePeers(
  document: ConfigDocument,
  own: PublicKey | undefined,
  mode: ConfigMode,
): PeerConfig[] {
  const peers = new Map<PublicKey, MergedPeer>()
  const holdings = new Map<string, Holding>()
  for (const section of document.ofKind('peer')) {
    const key = publicKeyOf(section) as PublicKey
    if (key === own) continue
    const peer = peers.get(key) ?? new MergedPeer(key)
    peers.set(key, peer)
    peer.add(section, holdings)
  }
  const configs = Array.from(peers.values(), (peer) => peer.toConfig(mode))
  return mode === 'setconf' ? configs : [...takenAndDropped(holdings), ...configs]
}

/**
 * A network that is given to a peer and taken from it again belongs to nobody, also when a peer had it
 * that the file does not name: it has to be given first.
 */
function takenAndDropped(holdings: ReadonlyMap<string, Holding>): PeerConfig[] {
  const dropped = [...holdings].filter(([, { isHeld }]) => !isHeld)
  return dropped.map(([cidr, { peer }]) => ({
    publicKey: peer.publicKey,
    replaceAllowedIPs: false,
    allowedIPs: [cidr],
  }))
}

class MergedPeer {
  readonly publicKey: PublicKey
  readonly #fields: Pick<
    PeerConfig,
    'presharedKey' | 'endpoint' | 'persistentKeepalive' | 'persistentKeepaliveRange'
  > = {}
  #replaces = false
  /** The last word on each network: true takes it away. */
  readonly #networks = new Map<string, boolean>()

  constructor(key: PublicKey) {
    this.publicKey = key
  }

  add(section: Section, holdings: Map<string, Holding>): void {
    const networks: AllowedIPEntry[] = []
    let isChange = false
    for (const line of section.body) {
      if (line.statement.is !== 'assignment') continue
      const entries = entriesOf(line, line.statement)
      if (line.statement.rule?.name === 'AllowedIPs') {
        const added = entries.flatMap(({ text }) => readAllowedIP(text) ?? [])
        for (const network of added) networks.push(network)
        // The last line decides; one entry with a mark makes its whole line a change.
        isChange = added.some(({ incremental }) => incremental)
      } else this.#set(line.statement.rule?.name, entries[0]?.text ?? '')
    }
    if (!isChange) this.#dropNetworks(holdings)
    for (const network of networks) this.#apply(network, holdings)
  }

  toConfig(mode: ConfigMode): PeerConfig {
    const networks = [...this.#networks]
    const given = networks.flatMap(([cidr, remove]) => (remove ? [] : [cidr]))
    const changed = networks.map(([cidr, remove]) => (remove ? { cidr, remove } : cidr))
    const peer = { publicKey: this.publicKey, ...this.#fields }
    if (mode !== 'setconf' && !this.#replaces) {
      return { ...peer, replaceAllowedIPs: false, allowedIPs: changed }
    }
    return mode === 'addconf'
      ? { ...peer, replaceAllowedIPs: true, allowedIPs: given }
      : { ...peer, allowedIPs: given }
  }

  #set(name: string | undefined, text: string): void {
    const fields = this.#fields
    if (name === 'PresharedKey') fields.presharedKey = orNull(SecretKey.from(text))
    if (name === 'Endpoint') fields.endpoint = readConfigEndpoint(text)
    if (name === 'PersistentKeepalive') {
      fields.persistentKeepalive = readKeepalive(text)
      const range = readKeepaliveRange(text)
      if (range === undefined) delete fields.persistentKeepaliveRange
      else fields.persistentKeepaliveRange = range
    }
  }

  #apply({ cidr, remove }: AllowedIPEntry, holdings: Map<string, Holding>): void {
    const held = holdings.get(cidr)
    if (remove) {
      if (held?.peer === this) holdings.set(cidr, { peer: this, isHeld: false })
    } else {
      if (held && held.peer !== this) held.peer.#networks.delete(cidr)
      holdings.set(cidr, { peer: this, isHeld: true })
    }
    this.#networks.delete(cidr)
    this.#networks.set(cidr, remove)
  }

  #dropNetworks(holdings: Map<string, Holding>): void {
    this.#replaces = true
    for (const cidr of this.#networks.keys()) {
      if (holdings.get(cidr)?.peer === this) holdings.set(cidr, { peer: this, isHeld: false })
    }
    this.#networks.clear()
  }
}

function readConfigEndpoint(text: string): Endpoint | string | undefined {
  const endpoint = readEndpoint(text)
  return endpoint && isNamed(endpoint) ? `${endpoint.host}:${endpoint.port}` : endpoint
}
