import type { CheckedPeer } from './checked-config.js'
import type { Peer } from './device.js'
import type { Endpoint } from './endpoint.js'
import type { PublicKey, SecretKey } from './key.js'

/** What a device knows of one peer, as far as it can be set. */
export interface PeerState {
  /** Absent or zero: none. Not a copy: it is whoever's it was. */
  readonly presharedKey?: SecretKey | Uint8Array
  readonly endpoint?: Endpoint
  readonly persistentKeepalive: number
  /** Canonical CIDRs. */
  readonly networks: ReadonlySet<string>
}

type Draft = { -readonly [field in keyof PeerState]: PeerState[field] } & { networks: Set<string> }

/**
 * The peers of a device on paper: what a set will make of them. A network belongs to the peer that was
 * given it last.
 */
export class PeerTable {
  readonly #peers = new Map<PublicKey, Draft>()
  readonly #owners = new Map<string, Draft>()

  /** Starts with the peers as they were read. */
  constructor(peers: readonly Peer[]) {
    for (const peer of peers) {
      const { presharedKey, endpoint, persistentKeepalive } = peer
      const draft = this.#add(peer.publicKey)
      if (presharedKey) draft.presharedKey = presharedKey
      if (endpoint) draft.endpoint = endpoint
      draft.persistentKeepalive = persistentKeepalive
      for (const network of peer.allowedIPs) this.#give(draft, network)
    }
  }

  get(key: PublicKey): PeerState | undefined {
    return this.#peers.get(key)
  }

  keys(): IterableIterator<PublicKey> {
    return this.#peers.keys()
  }

  /** The networks that belong to some peer. */
  networks(): IterableIterator<string> {
    return this.#owners.keys()
  }

  owns(network: string): boolean {
    return this.#owners.has(network)
  }

  /** Carries out one entry of a config. */
  apply(change: CheckedPeer): void {
    const present = this.#peers.get(change.publicKey)
    if (change.remove) {
      if (present) this.#remove(change.publicKey, present)
      return
    }
    if (!present && change.updateOnly) return
    const peer = present ?? this.#add(change.publicKey)
    const { presharedKey, endpoint, persistentKeepalive } = change
    if (presharedKey) peer.presharedKey = presharedKey
    if (endpoint) peer.endpoint = endpoint
    if (persistentKeepalive !== undefined) peer.persistentKeepalive = persistentKeepalive
    if (change.replaceAllowedIPs) for (const network of peer.networks) this.#take(peer, network)
    for (const { text, remove } of change.allowedIPs) {
      if (remove) this.#take(peer, text)
      else this.#give(peer, text)
    }
  }

  #add(key: PublicKey): Draft {
    const peer: Draft = { persistentKeepalive: 0, networks: new Set() }
    this.#peers.set(key, peer)
    return peer
  }

  #remove(key: PublicKey, peer: Draft): void {
    for (const network of peer.networks) this.#take(peer, network)
    this.#peers.delete(key)
  }

  #give(peer: Draft, network: string): void {
    this.#owners.get(network)?.networks.delete(network)
    this.#owners.set(network, peer)
    peer.networks.add(network)
  }

  #take(peer: Draft, network: string): void {
    if (peer.networks.delete(network)) this.#owners.delete(network)
  }
}
