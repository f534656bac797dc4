import {
  type CheckedConfig,
  type Device,
  type Peer,
  PeerTable,
  removesAllowedIPs,
  withThrowawayPeer,
} from '@wgctrl/types'
import type { Profile } from '../profile.js'
import { toRewrites } from './rewrite.js'

/** True when `config` asks for something that this profile can only do by knowing the device. */
export function needsCurrentDevice(config: CheckedConfig, profile: Profile): boolean {
  if (!profile.changesPeers) return config.peers.length > 0
  const isEmulated = !profile.updateOnly && config.peers.some((peer) => peer.updateOnly)
  return isEmulated || (!profile.removesAllowedIPs && removesAllowedIPs(config))
}

/**
 * The sets that have the effect of `config` on an implementation of this profile, in order. A feature
 * that it lacks is replaced by others:
 *
 * - `update_only`: peers that the device does not have are left out;
 * - taking a network from a peer: see {@link withThrowawayPeer};
 * - changing a peer: see {@link toRewrites}.
 *
 * @param current the device, where {@link needsCurrentDevice} says so
 * @param throwawayKey 32 bytes that are no peer's key
 */
export function toSets(
  config: CheckedConfig,
  profile: Profile,
  current: Device | undefined,
  throwawayKey: Uint8Array,
): CheckedConfig[] {
  if (!current) return [config]
  if (!profile.changesPeers) return toRewrites(config, current)
  const known = profile.updateOnly ? config : withoutMissingPeers(config, current.peers)
  if (profile.removesAllowedIPs) return [known]
  return [withThrowawayPeer(known, current.peers, throwawayKey)]
}

function withoutMissingPeers(config: CheckedConfig, current: readonly Peer[]): CheckedConfig {
  const table = new PeerTable(config.replacePeers ? [] : current)
  const peers = config.peers.flatMap((peer) => {
    const isMissing = table.get(peer.publicKey) === undefined
    table.apply(peer)
    return peer.updateOnly && isMissing ? [] : [{ ...peer, updateOnly: false }]
  })
  return { ...config, peers }
}
