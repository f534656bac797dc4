import type { AmneziaConfig } from './amnezia.js'
import type { Endpoint } from './endpoint.js'
import type { ExtraKeys } from './extra.js'
import type { KeyInput, PublicKey } from './key.js'

/**
 * A change of a device. `undefined` leaves a field as it is, `null` clears it: so do `configure`, `sync` and
 * `reconcile`, but that the latter two take `peers` for all peers, and each for the whole of it, and that
 * `reconcile` chooses a firewall mark that is absent as `up` does.
 *
 * @example
 * ```ts
 * const config: DeviceConfig = {
 *   privateKey: generatePrivateKey(),
 *   listenPort: 51820,
 *   peers: [{ publicKey, endpoint: '127.0.0.1:51821', allowedIPs: ['10.0.0.2/32'] }],
 * }
 * ```
 */
export interface DeviceConfig {
  /** `null` removes it. On the wire: 32 zero bytes. */
  privateKey?: KeyInput | null | undefined
  /** 0 to 65535; 0 lets the system choose a port. */
  listenPort?: number | undefined
  /** 0 to 4294967295; 0 and `null` switch it off. */
  firewallMark?: number | null | undefined
  /** Removes every peer before `peers` are added. */
  replacePeers?: boolean | undefined
  /** Of AmneziaWG, see `dialect` of `open()`; others refuse it with `EUNSUPPORTED`. */
  amnezia?: AmneziaConfig | undefined
  /**
   * Lines for a daemon as they are, by their keys: for what it has and this version has no field for. What it
   * does not know it refuses. Of the device; a peer has its own. Userspace only.
   */
  extra?: ExtraKeys | undefined
  /** Applied in order; peers that are not named stay as they are. */
  peers?: readonly PeerConfig[] | undefined
}

/** A change of one peer, which is added when the device does not have it. */
export interface PeerConfig {
  publicKey: PublicKey | Uint8Array
  /** Removes the peer; nothing happens when there is none. No other field may be given. */
  remove?: boolean | undefined
  /** Changes the peer only when the device has it already. */
  updateOnly?: boolean | undefined
  /** `null` removes it. */
  presharedKey?: KeyInput | null | undefined
  /**
   * `'host:port'`, `'[IPv6]:port'`, `'[fe80::1%eth0]:port'` or an {@link Endpoint}. Names are
   * resolved by the facade (`wgctrl`) alone. An endpoint can be changed, not cleared:
   * neither wire has a word for it, and `null` is refused. `[{ publicKey, remove: true }, { publicKey, … }]`
   * makes the peer anew without one; its session, handshake and counters are lost.
   */
  endpoint?: string | Endpoint | undefined
  /** Seconds, 0 to 65535; 0 and `null` switch it off. */
  persistentKeepalive?: number | null | undefined
  /**
   * Of AmneziaWG, in the place of `persistentKeepalive`: `'15-30'`, seconds of which one number is chosen each time.
   * Others refuse it with `EUNSUPPORTED`.
   */
  persistentKeepaliveRange?: string | undefined
  /** As `extra` of the device. */
  extra?: ExtraKeys | undefined
  /** Removes all allowed IPs of the peer before `allowedIPs` are added. */
  replaceAllowedIPs?: boolean | undefined
  /** Networks to add, or with `remove` to take from this peer. */
  allowedIPs?: readonly (string | AllowedIPChange)[] | undefined
}

/** One allowed IP to add or to remove. */
export interface AllowedIPChange {
  cidr: string
  /** Takes the network from this peer; nothing happens when the peer does not have it. */
  remove?: boolean | undefined
}

/** All fields of a {@link DeviceConfig}. */
export const DEVICE_CONFIG_FIELDS: readonly (keyof DeviceConfig)[] = [
  'privateKey',
  'listenPort',
  'firewallMark',
  'replacePeers',
  'amnezia',
  'extra',
  'peers',
]

/** All fields of a {@link PeerConfig}. */
export const PEER_CONFIG_FIELDS: readonly (keyof PeerConfig)[] = [
  'publicKey',
  'remove',
  'updateOnly',
  'presharedKey',
  'endpoint',
  'persistentKeepalive',
  'persistentKeepaliveRange',
  'extra',
  'replaceAllowedIPs',
  'allowedIPs',
]
