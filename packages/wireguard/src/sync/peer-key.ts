import { InvalidTypeError, type PeerConfig, type PublicKey, parsePublicKey } from '@wgctrl/types'

/**
 * The key by which a peer of a config is told apart.
 *
 * @throws {TypeError | WireGuardError} `EINVAL`; `path` names what is no peer, or its key
 */
export function keyOf(peer: PeerConfig, index: number): PublicKey {
  if (typeof peer !== 'object' || peer === null) {
    throw new InvalidTypeError(`peers[${index}]`, 'must be an object')
  }
  // Base64 of 32 bytes has one spelling alone: a text that the device has needs no check.
  const { publicKey } = peer
  if (typeof publicKey === 'string') return publicKey
  return parsePublicKey(publicKey, `peers[${index}].publicKey`)
}
