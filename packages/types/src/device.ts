import type { Endpoint } from './endpoint.js'
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
  /** In the order of the wire, which is random on some implementations. */
  readonly peers: Peer[]
  /** Attributes or keys that this version does not know, by name, with how often each came. */
  readonly unknown?: Readonly<Record<string, number>>
}

/** A peer of a device as it is at one moment. */
export interface Peer {
  readonly publicKey: PublicKey
  /** Absent: none. @source both wires give 32 zero bytes for none */
  readonly presharedKey?: SecretKey
  /** Absent: never configured nor heard from. */
  readonly endpoint?: Endpoint
  /** Seconds between keepalives; 0: off. */
  readonly persistentKeepalive: number
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
}
