import type { AmneziaParameters } from './amnezia.js'
import type { Endpoint } from './endpoint.js'
import type { ExtraKeys } from './extra.js'
import type { PublicKey, SecretKey } from './key.js'

/** Who implements a device: the Linux kernel, or a program that listens on a UAPI socket. */
export type DeviceKind = 'linux-kernel' | 'userspace'

/**
 * A WireGuard device as it is at one moment. Plain data that belongs to the caller: it can be spread,
 * cloned and made JSON of; secrets alone do not leave their {@link SecretKey} that way.
 */
export interface Device {
  readonly name: string
  readonly kind: DeviceKind
  /** The index of the network interface; absent where the backend does not know it. */
  readonly interfaceIndex?: number
  /** Absent: none is set, or the implementation does not give it out (boringtun). */
  readonly privateKey?: SecretKey
  /** Absent: no private key is set. Derived from it where the wire carries none. */
  readonly publicKey?: PublicKey
  /** The UDP port; 0: none is bound yet. */
  readonly listenPort: number
  /** The mark on outgoing packets; 0: off. */
  readonly firewallMark: number
  /** Absent: not of AmneziaWG. */
  readonly amnezia?: AmneziaParameters
  /** In the order of the wire, which is random on some implementations. */
  readonly peers: Peer[]
  /** Attributes or keys that this version does not know, by name, with how often each came. */
  readonly unknown?: Readonly<Record<string, number>>
  /**
   * Of a daemon: what it said of the device in keys that this version does not know. Absent: nothing. What may be a secret,
   * by the name of the key or for its 64 hex digits, is counted in `unknown` and not kept.
   */
  readonly extra?: ExtraKeys
}

/** A device that was read, with what was made of its peers. @internal */
export type DeviceOf<P> = Omit<Device, 'peers'> & { readonly peers: P[] }

/** A device of which no more is known than who is there. */
export interface DeviceActivity extends Omit<Device, 'peers'> {
  readonly peers: readonly PeerActivity[]
}

/** Whether a peer is there, and nothing of what it may do. */
export type PeerActivity = Pick<
  Peer,
  'publicKey' | 'lastHandshake' | 'receivedBytes' | 'transmittedBytes'
>

/** A peer of a device as it is at one moment. */
export interface Peer {
  readonly publicKey: PublicKey
  /** Absent: none. @source both wires give 32 zero bytes for none */
  readonly presharedKey?: SecretKey
  /** Absent: never configured nor heard from. */
  readonly endpoint?: Endpoint
  /** Seconds between keepalives; 0: off. Of a range the lower end. */
  readonly persistentKeepalive: number
  /** `'15-30'`: AmneziaWG chooses one of these each time. Absent: `persistentKeepalive` is all. */
  readonly persistentKeepaliveRange?: string
  /** When the last handshake completed; absent: never. */
  readonly lastHandshake?: Date
  /** Exact up to 2^53 - 1 (9 petabytes); above, the nearest number there is, and `exactBytes` has it all. */
  readonly receivedBytes: number
  /** As `receivedBytes`. */
  readonly transmittedBytes: number
  /**
   * Both counters in decimal digits, for `BigInt`. Present only when one of them is above 2^53 - 1, so that
   * nothing is lost there.
   */
  readonly exactBytes?: { readonly received: string; readonly transmitted: string }
  /** Canonical CIDRs. */
  readonly allowedIPs: string[]
  /** The version of WireGuard's protocol; 1 is the only one so far. */
  readonly protocolVersion: number
  /** As `extra` of the device. */
  readonly extra?: ExtraKeys
}
