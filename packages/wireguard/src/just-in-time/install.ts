import {
  checkConfig,
  type Endpoint,
  InvalidTypeError,
  invalid,
  type PeerConfig,
  type PublicKey,
  parsePublicKey,
  wipeConfig,
} from '@wgctrl/types'
import { isLinkLocal } from '../handshakes/packet.js'
import type { FoundPeer } from './options.js'

/** Seconds. So rare that it never comes, should the second step that takes it back be lost. */
const RARE_KEEPALIVE = 65_535

/**
 * The entries of a config that install a peer and make the device initiate a handshake with it.
 *
 * Neither wire has a command for the latter. But both kernel and wireguard-go send a keepalive at once
 * when a peer's interval goes from 0 to something else, and a keepalive without a session makes them
 * initiate one. Where no interval is wanted, a second entry for the same peer takes it back.
 *
 * @source drivers/net/wireguard/netlink.c, set_peer(): send_keepalive; wireguard-go, device/uapi.go:
 *   persistent_keepalive_interval
 * @param source where the initiation came from; a link-local one lacks its scope and is left out, so
 *   that the device learns it from the client's retry
 * @throws {TypeError | WireGuardError} when `found` is for another key
 */
export function installation(
  publicKey: PublicKey,
  source: Endpoint,
  found: FoundPeer,
  initiate: boolean,
): PeerConfig[] {
  checkFound(publicKey, found)
  const wanted = found.persistentKeepalive ?? 0
  const isTakenBack = initiate && wanted === 0
  const peer: PeerConfig = {
    ...found,
    publicKey,
    replaceAllowedIPs: true,
    persistentKeepalive: isTakenBack ? RARE_KEEPALIVE : wanted,
    endpoint: isLinkLocal(source) ? found.endpoint : source,
  }
  if (!isTakenBack) return [peer]
  return [peer, { publicKey, updateOnly: true, persistentKeepalive: 0 }]
}

/**
 * The entry that brings a peer of the device to what it is now, and leaves its session and endpoint alone; `null`:
 * that removes it.
 *
 * @throws {TypeError | WireGuardError} as {@link installation}
 */
export function alteration(publicKey: PublicKey, found: FoundPeer | null): PeerConfig {
  if (found === null) return { publicKey, remove: true }
  checkFound(publicKey, found)
  return {
    ...found,
    publicKey,
    updateOnly: true,
    endpoint: undefined,
    presharedKey: found.presharedKey ?? null,
    persistentKeepalive: found.persistentKeepalive ?? 0,
    replaceAllowedIPs: true,
  }
}

/** Before anybody has to make room. An endpoint may be a name here; the write checks it. */
function checkFound(publicKey: PublicKey, found: FoundPeer): void {
  if (typeof found !== 'object') throw new InvalidTypeError('lookup', 'must give a peer config')
  if (found.publicKey !== undefined && parsePublicKey(found.publicKey) !== publicKey) {
    throw invalid('lookup.publicKey', 'the lookup gave the config of another key')
  }
  wipeConfig(checkConfig({ peers: [{ ...found, publicKey, endpoint: undefined }] }))
}

/** The entry that takes a peer out. */
export const removal = ({ publicKey }: Pick<PeerConfig, 'publicKey'>): PeerConfig => ({
  publicKey,
  remove: true,
})
