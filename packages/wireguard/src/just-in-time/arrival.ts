import type { Endpoint, PeerConfig, PublicKey } from '@wgctrl/types'
import type { Initiation } from '../handshakes/handshakes.js'
import { installation } from './install.js'
import type { FoundPeer } from './options.js'

/** A client that is being looked up or installed. */
export interface Pending {
  /** The last that came from it. */
  initiation: Initiation
  /** What became of it meanwhile, as the gateway was told; absent: nothing. */
  change?: FoundPeer | null
}

/** The entries that install a client, and what they were made of. */
interface Entries {
  readonly found: FoundPeer
  readonly endpoint: Endpoint
  readonly peers: PeerConfig[]
}

/** A client that was looked up and waits to be installed. */
export class Arrival {
  readonly publicKey: PublicKey
  /** It is installed, or will not be. */
  readonly settled: () => void
  readonly #pending: Pending
  readonly #looked: FoundPeer | undefined
  #entries: Entries | undefined

  constructor(
    publicKey: PublicKey,
    pending: Pending,
    looked: FoundPeer | undefined,
    settled: () => void,
  ) {
    this.publicKey = publicKey
    this.settled = settled
    this.#pending = pending
    this.#looked = looked
  }

  /** Where it is by now. */
  get endpoint(): Endpoint {
    return this.#pending.initiation.endpoint
  }

  /**
   * The entries that install it as it is by now; `undefined`: nobody has its key. To make them takes long enough to be
   * done before its write begins: they are made anew only when something changed.
   *
   * @throws {TypeError | WireGuardError} as {@link installation}
   */
  entries(initiate: boolean): PeerConfig[] | undefined {
    const { change, initiation } = this.#pending
    const { endpoint } = initiation
    const found = change === undefined ? this.#looked : change
    if (!found) return undefined
    if (this.#entries?.found !== found || this.#entries.endpoint !== endpoint) {
      const peers = installation(this.publicKey, endpoint, found, initiate)
      this.#entries = { found, endpoint, peers }
    }
    return this.#entries.peers
  }
}
