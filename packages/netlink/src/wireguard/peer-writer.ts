import { encode } from '../codec/encode.js'
import type { Writer } from '../codec/writer.js'
import { wgAllowedIp, wgPeer } from '../specs/wireguard.js'
import type { WgAllowedIp, WgPeer } from './peer-builder.js'

/**
 * Turns values into the attributes of peers. The packer opens and closes the nests and cuts messages; a
 * writer says what stands in them, so that a change is made from the final objects without any in between.
 */
export interface PeerWriter<P> {
  /** How many allowed IPs are written of the peer. */
  allowedIps(peer: P): number
  /**
   * Writes what a peer has beside its allowed IPs.
   *
   * @param isFirst false of a peer that goes on in another message, which repeats its key and
   * {@link LASTING_FLAGS} alone
   */
  peer(peer: P, isFirst: boolean, writer: Writer): void
  /** Writes one of the peer's allowed IPs. */
  allowedIp(peer: P, index: number, writer: Writer): void
}

const { removeMe, updateOnly } = wgPeer.fields.flags.masks

/** Flags that a peer has in each message that it goes on in. */
export const LASTING_FLAGS = removeMe | updateOnly

/** Writes records in the kernel's words. */
export const recordWriter: PeerWriter<WgPeer> = {
  allowedIps: ({ allowedips = [] }) => allowedips.length,
  peer: (peer, isFirst, writer) => {
    encode(wgPeer, isFirst ? peer : continuation(peer), writer, wgPeer.fields.allowedips)
  },
  allowedIp: ({ allowedips = [] }, index, writer) => {
    encode(wgAllowedIp, allowedips[index] as WgAllowedIp, writer)
  },
}

/** What a later fragment of a peer repeats of its first. */
function continuation({ publicKey, flags = 0 }: WgPeer): WgPeer {
  return { publicKey, flags: flags & LASTING_FLAGS || undefined }
}
