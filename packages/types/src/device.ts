import type { Endpoint } from './endpoint.js'
import type { PublicKey, SecretKey } from './key.js'

/** Who implements a device: the Linux kernel, or a program that listens on a UAPI socket. */
export type DeviceKind = 'linux-kernel' | 'userspace'

/** A WireGuard device as it is at one moment. Plain data that belongs to the caller. */
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
  readonly receivedBytes: bigint
  readonly transmittedBytes: bigint
  /** Canonical CIDRs. */
  readonly allowedIPs: string[]
  /** The version of WireGuard's protocol; 1 is the only one so far. */
  readonly protocolVersion: number
}

/**
 * A {@link Peer} that can become JSON: plain data but for `toJSON`. The fields that are absent are
 * absent here too.
 */
export class PeerRecord implements Peer {
  readonly publicKey: PublicKey
  declare readonly presharedKey?: SecretKey
  declare readonly endpoint?: Endpoint
  readonly persistentKeepalive: number
  declare readonly lastHandshake?: Date
  readonly receivedBytes: bigint
  readonly transmittedBytes: bigint
  readonly allowedIPs: string[]
  readonly protocolVersion: number

  constructor(fields: Peer) {
    this.publicKey = fields.publicKey
    if (fields.presharedKey !== undefined) this.presharedKey = fields.presharedKey
    if (fields.endpoint !== undefined) this.endpoint = fields.endpoint
    this.persistentKeepalive = fields.persistentKeepalive
    if (fields.lastHandshake !== undefined) this.lastHandshake = fields.lastHandshake
    this.receivedBytes = fields.receivedBytes
    this.transmittedBytes = fields.transmittedBytes
    this.allowedIPs = fields.allowedIPs
    this.protocolVersion = fields.protocolVersion
  }

  /**
   * JSON has no bigint: counters become numbers, and decimal strings above 2^53. The preshared key
   * shows as `(hidden)`.
   */
  toJSON(): object {
    const { receivedBytes, transmittedBytes } = this
    return {
      ...this,
      receivedBytes: jsonCounter(receivedBytes),
      transmittedBytes: jsonCounter(transmittedBytes),
    }
  }
}

function jsonCounter(value: bigint): number | string {
  return value <= Number.MAX_SAFE_INTEGER ? Number(value) : value.toString()
}
