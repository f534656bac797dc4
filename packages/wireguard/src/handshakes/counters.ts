/**
 * What became of the packets that came for a device's port and look like handshake initiations.
 * Each packet is counted once, besides in `received`.
 */
export interface HandshakeCounters {
  /** All that reached this process. */
  readonly received: number
  /** Given to the consumer. */
  readonly delivered: number
  /** Not whole, or not for the port any more. */
  readonly malformed: number
  /** No mac1, or a wrong one: the sender does not know the device's public key. */
  readonly badMac: number
  /** Its source sent too many with a right mac1. */
  readonly sourceLimited: number
  /** All sources together sent too many with a right mac1. */
  readonly limited: number
  /** A right mac1, but not made by the key that it claims: forged or damaged. */
  readonly undecryptable: number
  /** A timestamp that is not greater than one before it. */
  readonly replayed: number
  /** The consumer did not take those before it. */
  readonly queueFull: number
  /** The device has no private key at the time, or is not there. */
  readonly noKey: number
  /** Lost because this process did not take those before them in time. Not in `received`. */
  readonly overrun: number
}

/** Why a packet came to nothing, or that it did not. */
export type Verdict = Exclude<keyof HandshakeCounters, 'received' | 'overrun'>

/** Before the first packet. */
export const NO_PACKETS: HandshakeCounters = {
  received: 0,
  delivered: 0,
  malformed: 0,
  badMac: 0,
  sourceLimited: 0,
  limited: 0,
  undecryptable: 0,
  replayed: 0,
  queueFull: 0,
  noKey: 0,
  overrun: 0,
}
