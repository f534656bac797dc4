import type { CheckedConfig, CheckedPeer } from './checked-config.js'
import type { Peer } from './device.js'
import { formatPublicKey } from './key.js'
import { PeerTable } from './peer-table.js'

/** True when `config` takes a single network from a peer, which not every implementation can do. */
export function removesAllowedIPs(config: CheckedConfig): boolean {
  return config.peers.some((peer) => peer.allowedIPs.some(({ remove }) => remove))
}

/**
 * The same change in words that every implementation knows: networks that would be taken from a peer
 * move to a throwaway peer with a random key, which is removed right behind. A network belongs to one
 * peer at a time, so the first peer loses exactly these, and no packet of another network is lost, as
 * it would be by replacing the peer's whole list.
 *
 * Only what the change really takes away moves: not what the peer does not have at this moment, and not
 * what it, or another peer, is given later in the same config.
 *
 * @param current the device's peers at this moment
 * @param throwawayKey 32 bytes that are no peer's key
 */
export function withThrowawayPeer(
  config: CheckedConfig,
  current: readonly Peer[],
  throwawayKey: Uint8Array,
): CheckedConfig {
  const before = config.replacePeers ? [] : current
  const meant = new PeerTable(before)
  const done = new PeerTable(before)
  const peers = config.peers.map((peer) => {
    const sent = withoutRemovals(peer)
    meant.apply(peer)
    done.apply(sent)
    return sent
  })
  const stray = [...done.networks()].filter((network) => !meant.owns(network))
  if (stray.length === 0) return { ...config, peers }
  return { ...config, peers: [...peers, ...throwawayPeer(throwawayKey, stray)] }
}

function withoutRemovals(peer: CheckedPeer): CheckedPeer {
  if (!peer.allowedIPs.some(({ remove }) => remove)) return peer
  return { ...peer, allowedIPs: peer.allowedIPs.filter(({ remove }) => !remove) }
}

function throwawayPeer(key: Uint8Array, networks: readonly string[]): CheckedPeer[] {
  const peer = { publicKey: formatPublicKey(key), updateOnly: false, replaceAllowedIPs: false }
  return [
    { ...peer, remove: false, allowedIPs: networks.map((text) => ({ text, remove: false })) },
    { ...peer, remove: true, allowedIPs: [] },
  ]
}
