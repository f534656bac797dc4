import type { Endpoint, PeerConfig, PublicKey } from '@wgctrl/types'
import type { Initiation } from '../handshakes/handshakes.js'
import { installation, provocation } from './install.js'
import type { FoundPeer } from './options.js'

/** A client that is being looked up or installed. */
export interface Pending {
  /** The last that came from it. */
  initiation: Initiation
  /** What became of it meanwhile, as the gateway was told; absent: nothing. */
  change?: FoundPeer | null
}

/** The entry that installs a client, and what it was made of. */
interface Made {
  readonly found: FoundPeer
  readonly endpoint: Endpoint
  readonly entry: PeerConfig
}

/** A client that was looked up and waits to be installed. */
export class Arrival {
  readonly publicKey: PublicKey
  /** It is installed, or will not be. */
  readonly settled: () => void
  readonly #pending: Pending
  readonly #looked: FoundPeer | undefined
  #made: Made | undefined

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

  get #found(): FoundPeer | null | undefined {
    const { change } = this.#pending
    return change === undefined ? this.#looked : change
  }

  /**
   * The entry that installs it as it is by now; `undefined`: nobody has its key. To make it takes long enough to be
   * done before its write begins: it is made anew only when something changed.
   *
   * @throws {TypeError | WireGuardError} as {@link installation}
   */
  entry(isQuiet: boolean): PeerConfig | undefined {
    const { endpoint } = this
    const found = this.#found
    if (!found) return undefined
    if (this.#made?.found !== found || this.#made.endpoint !== endpoint) {
      const entry = installation(this.publicKey, endpoint, found, isQuiet)
      this.#made = { found, endpoint, entry }
    }
    return this.#made.entry
  }

  /** What follows the quiet entry in a write of its own; nothing: nobody has its key. */
  provocation(): PeerConfig[] {
    const found = this.#found
    return found ? provocation(this.publicKey, found) : []
  }
}
