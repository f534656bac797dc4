import {
  type AllowedIPChange,
  canonicalCidr,
  type DeviceConfig,
  type PeerConfig,
} from '@wgctrl/types'

/**
 * The same config where each network that several peers are given is left to the last of them: what the wires would do
 * in silence, and every call refuses. For data that somebody else wrote.
 *
 * @example
 * ```ts
 * await wg.reconcile('wg0', lastWins(config))
 * ```
 */
export function lastWins<T extends Pick<DeviceConfig, 'peers'>>(config: T): T {
  const peers = config?.peers
  if (!Array.isArray(peers)) return config
  const owners = new Map<string, unknown>()
  for (const peer of peers as PeerConfig[]) {
    for (const entry of entriesOf(peer)) {
      if (!isRemoval(entry)) owners.set(networkOf(entry), keyOf(peer))
    }
  }
  return { ...config, peers: peers.map((peer) => withoutLost(peer, owners)) }
}

function withoutLost(peer: PeerConfig, owners: ReadonlyMap<string, unknown>): PeerConfig {
  const entries = entriesOf(peer)
  const key = keyOf(peer)
  const kept = entries.filter((entry) => isRemoval(entry) || owners.get(networkOf(entry)) === key)
  return kept.length === entries.length ? peer : { ...peer, allowedIPs: kept }
}

type Entry = string | AllowedIPChange

/** What is no list is left for the call to refuse. */
const entriesOf = (peer: PeerConfig): readonly Entry[] =>
  Array.isArray(peer?.allowedIPs) ? peer.allowedIPs : []

const isRemoval = (entry: Entry): boolean => typeof entry === 'object' && entry?.remove === true

/** One key in its two forms is one peer. */
function keyOf(peer: PeerConfig): unknown {
  const key = peer?.publicKey
  return key instanceof Uint8Array ? Buffer.from(key).toString('base64') : key
}

function networkOf(entry: Entry): string {
  const text = typeof entry === 'object' ? entry?.cidr : entry
  try {
    return canonicalCidr(text)
  } catch {
    return String(text)
  }
}
