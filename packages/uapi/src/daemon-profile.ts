import { randomBytes } from 'node:crypto'
import {
  type CheckedAllowedIP,
  type CheckedConfig,
  type CheckedPeer,
  errnoNumber,
  formatPublicKey,
} from '@wgctrl/types'
import { encodeSet } from './codec/request.js'
import { askSet, throwStatus } from './exchange.js'
import { type Identity, readIdentity } from './identity.js'
import { BORINGTUN, type Profile, WIREGUARD_GO } from './profile.js'
import type { SocketAddress } from './socket.js'

/** A network for documentation (RFC 5737), which no device of a user routes. */
const PROBE_NETWORK: CheckedAllowedIP = { text: '192.0.2.0/32', remove: true }

type Feature = 'updateOnly' | 'removesAllowedIPs'

/** What is known of the daemon behind one socket. Asked of it as late as possible, and once. */
export class DaemonProfile {
  readonly #address: SocketAddress
  #profile: Profile | undefined
  readonly #tried = new Set<Feature>()

  constructor(address: SocketAddress) {
    this.#address = address
  }

  /** Asks who it is. */
  async identify(signal: AbortSignal): Promise<Identity> {
    const identity = await readIdentity(this.#address, signal)
    const { isBoringtun } = identity
    if (isBoringtun !== undefined) this.#profile ??= isBoringtun ? BORINGTUN : WIREGUARD_GO
    return identity
  }

  /** The profile as far as `config` needs it: what a daemon takes is found out by trying. */
  async for(config: CheckedConfig, signal: AbortSignal): Promise<Profile> {
    if (config.peers.length === 0) return this.#profile ?? WIREGUARD_GO
    if (!this.#profile) await this.identify(signal)
    // A device without a key does not show whose it is; boringtun's refusal does, by its sign.
    if (!this.#profile || config.peers.some((peer) => peer.updateOnly)) {
      await this.#try('updateOnly', signal)
    }
    if (config.peers.some((peer) => peer.allowedIPs.some(({ remove }) => remove))) {
      await this.#try('removesAllowedIPs', signal)
    }
    return this.#profile ?? WIREGUARD_GO
  }

  /** Tries a feature on a peer that does not exist, so that nothing changes. */
  async #try(feature: Feature, signal: AbortSignal): Promise<void> {
    const profile = this.#profile ?? WIREGUARD_GO
    if (!profile[feature] || this.#tried.has(feature)) return
    const publicKey = formatPublicKey(randomBytes(32))
    const allowedIPs = feature === 'updateOnly' ? [] : [PROBE_NETWORK]
    const status = await this.#askPeer(
      { publicKey, updateOnly: true, remove: false, allowedIPs },
      signal,
    )
    if (Math.abs(status) !== errnoNumber('EINVAL')) throwStatus(status)
    if (status > 0) this.#profile = BORINGTUN
    else this.#profile = { ...profile, [feature]: status === 0 }
    // A wireguard-go that rejects update_only has made the peer by then.
    if (status < 0) {
      await this.#askPeer({ publicKey, updateOnly: false, remove: true, allowedIPs: [] }, signal)
    }
    this.#tried.add(feature)
  }

  #askPeer(peer: Omit<CheckedPeer, 'replaceAllowedIPs'>, signal: AbortSignal): Promise<number> {
    const peers = [{ ...peer, replaceAllowedIPs: false }]
    return askSet(this.#address, encodeSet({ replacePeers: false, peers }), signal)
  }
}
