import type { Infer } from '../codec/attribute-set.js'
import { decode, type UnknownTally } from '../codec/decode.js'
import type { wgAllowedIp } from '../specs/wireguard.js'
import { wgPeer } from '../specs/wireguard.js'

export type WgPeer = Infer<typeof wgPeer>
export type WgAllowedIp = Infer<typeof wgAllowedIp>

/**
 * Turns the attributes of peers into values. The coalescer finds the peers; a builder says what
 * becomes of them, so that a read makes the final objects from the bytes without any in between.
 */
export interface PeerBuilder<P> {
  /** A reading begins, maybe once more: nothing that came before counts. */
  begin?(): void
  /**
   * True of a peer of which nothing has to be made. Asked at a glance, and not of one that may go on in another
   * message. Absent: of none.
   */
  isKnown?(bytes: Uint8Array, start: number, end: number): boolean
  /**
   * A peer at a glance: absent, or `undefined` given, leaves it to {@link peer}. What it makes equals what that
   * would.
   */
  usual?(bytes: Uint8Array, start: number, end: number): P | undefined
  /**
   * A peer from its attributes, `bytes[start..end)`. The bytes are overwritten by the next read.
   *
   * @param slots where each attribute of `wgPeer` is, as `locate` gives it
   */
  peer(bytes: Uint8Array, start: number, end: number, slots: Int32Array, unknown: UnknownTally): P
  /** More allowed IPs of a peer that goes on in another message. */
  append(
    peer: P,
    bytes: Uint8Array,
    start: number,
    end: number,
    slots: Int32Array,
    unknown: UnknownTally,
  ): void
}

/** Builds records in the kernel's words. */
export const recordBuilder: PeerBuilder<WgPeer> = {
  peer: (bytes, start, end) => decode(wgPeer, bytes, start, end),
  append: (peer, bytes, start, end) => {
    const { allowedips = [] } = decode(wgPeer, bytes, start, end)
    peer.allowedips = (peer.allowedips ?? []).concat(allowedips)
  },
}
