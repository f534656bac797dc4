import type { Device, Peer, SecretKey } from '@wgctrl/types'

/** A device without order and secrecy, to be compared. */
export type PlainDevice = Omit<Device, 'privateKey' | 'peers'> & {
  privateKey?: string
  peers: PlainPeer[]
}

export type PlainPeer = Omit<Peer, 'presharedKey' | 'receivedBytes' | 'transmittedBytes'> & {
  presharedKey?: string
}

/**
 * Sorts peers and networks and reveals keys, which a comparison does not see inside a SecretKey. Bytes
 * received and sent are left out: a device that is up may send at any time.
 */
export function plainDevice(device: Device): PlainDevice {
  const { privateKey, peers, ...rest } = device
  return { ...rest, ...revealed('privateKey', privateKey), peers: plainPeers(peers) }
}

export function plainPeers(peers: readonly Peer[]): PlainPeer[] {
  return peers.map(plainPeer).sort((a, b) => (a.publicKey < b.publicKey ? -1 : 1))
}

function plainPeer(peer: Peer): PlainPeer {
  const { presharedKey, receivedBytes, transmittedBytes, ...rest } = peer
  const allowedIPs = [...peer.allowedIPs].sort()
  return { ...rest, ...revealed('presharedKey', presharedKey), allowedIPs }
}

function revealed<Field extends string>(
  field: Field,
  key: SecretKey | undefined,
): { [field in Field]?: string } {
  return key ? ({ [field]: key.toBase64() } as { [field in Field]: string }) : {}
}
