import {
  type CheckedConfig,
  type CheckedPeer,
  type Device,
  isZeroKey,
  type Peer,
} from '@wgctrl/types'

/**
 * How many leading entries of `config.peers` a device shows the effect of: at least so many had a set
 * applied that failed half way.
 */
export function countApplied(config: CheckedConfig, device: Device): number {
  const present = new Map(device.peers.map((peer) => [peer.publicKey, peer]))
  const index = config.peers.findIndex((peer) => !isApplied(peer, present.get(peer.publicKey)))
  return index < 0 ? config.peers.length : index
}

function isApplied(wanted: CheckedPeer, peer: Peer | undefined): boolean {
  if (wanted.remove) return peer === undefined
  if (!peer) return wanted.updateOnly
  const { presharedKey, endpoint, persistentKeepalive } = wanted
  if (presharedKey && !sameSecret(peer, presharedKey)) return false
  if (endpoint && !sameEndpoint(peer, endpoint)) return false
  if (persistentKeepalive !== undefined && peer.persistentKeepalive !== persistentKeepalive) {
    return false
  }
  if (
    persistentKeepalive !== undefined &&
    peer.persistentKeepaliveRange !== wanted.persistentKeepaliveRange
  ) {
    return false
  }
  return sameNetworks(wanted, new Set(peer.allowedIPs))
}

function sameSecret(peer: Peer, wanted: Uint8Array): boolean {
  if (isZeroKey(wanted)) return peer.presharedKey === undefined
  return peer.presharedKey?.equals(wanted) ?? false
}

/** Not the scope: wireguard-go may not show it. */
function sameEndpoint({ endpoint }: Peer, wanted: NonNullable<CheckedPeer['endpoint']>): boolean {
  return endpoint?.address === wanted.address && endpoint.port === wanted.port
}

function sameNetworks(wanted: CheckedPeer, networks: ReadonlySet<string>): boolean {
  const added = wanted.allowedIPs.filter(({ remove }) => !remove)
  if (wanted.replaceAllowedIPs && networks.size !== new Set(added.map(({ text }) => text)).size) {
    return false
  }
  return wanted.allowedIPs.every(({ text, remove }) => networks.has(text) !== remove)
}
