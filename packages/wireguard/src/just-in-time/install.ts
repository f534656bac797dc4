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
 * The entry of a config that installs a peer.
 *
 * @param source where the initiation came from; a link-local one lacks its scope and is left out, so
 *   that the device learns it from the client's retry
 * @param isQuiet without the keepalive that is wanted, which {@link provocation} gives it: the device initiates nothing
 * @throws {TypeError | WireGuardError} when `found` is for another key
 */
export function installation(
  publicKey: PublicKey,
  source: Endpoint,
  found: FoundPeer,
  isQuiet: boolean,
): PeerConfig {
  checkFound(publicKey, found)
  return {
    ...found,
    publicKey,
    replaceAllowedIPs: true,
    persistentKeepalive: isQuiet ? 0 : (found.persistentKeepalive ?? 0),
    endpoint: isLinkLocal(source) ? found.endpoint : source,
  }
}

/**
 * The entries of a config that make the device initiate a handshake with a peer that was installed without a keepalive.
 *
 * Neither wire has a command for it. But both kernel and wireguard-go send a keepalive at once when a
 * peer's interval goes from 0 to something else, and a keepalive without a session makes them
 * initiate one. Where no interval is wanted, a second entry for the same peer takes it back. To a device that answered
 * the client less than five seconds ago they say nothing.
 *
 * @source drivers/net/wireguard/netlink.c, set_peer(): send_keepalive; wireguard-go, device/uapi.go:
 *   persistent_keepalive_interval; device/send.go, SendHandshakeInitiation(): lastSentHandshake
 */
export function provocation(
  publicKey: PublicKey,
  { persistentKeepalive }: FoundPeer,
): PeerConfig[] {
  const wanted = persistentKeepalive ?? 0
  const toKeepalive = (seconds: number): PeerConfig => ({
    publicKey,
    updateOnly: true,
    persistentKeepalive: seconds,
  })
  return wanted > 0 ? [toKeepalive(wanted)] : [toKeepalive(RARE_KEEPALIVE), toKeepalive(0)]
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
