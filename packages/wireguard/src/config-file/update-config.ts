import {
  AMNEZIA_FIELDS,
  type AmneziaConfig,
  type AmneziaParameters,
  type Device,
  formatEndpoint,
  type Peer,
  SecretKey,
} from '@wgctrl/types'
import { checkReading } from '../reading.js'
import { readEndpoint } from './address-value.js'
import { type ConfigFile, documentOf } from './config-file.js'
import type { InterfaceSection } from './interface-section.js'
import type { PeerSection } from './peer-section.js'

/**
 * Brings a file in line with a device, as `SaveConfig = true` wants it: keys, port, mark and peers. What
 * is the same stays as it is spelled, with its comments; so does an endpoint given by name, of which
 * the device only knows an address.
 */
export function updateConfig(file: ConfigFile, device: Device): void {
  checkReading(device, 'device')
  const { privateKey, publicKey, listenPort, firewallMark } = device
  const section = file.interface
  if (section.publicKey !== publicKey && (privateKey || !publicKey)) section.privateKey = privateKey
  if ((section.listenPort ?? 0) !== listenPort) section.listenPort = listenPort || undefined
  if ((section.firewallMark ?? 0) !== firewallMark) section.firewallMark = firewallMark || undefined
  if (device.amnezia) updateAmnezia(section, device.amnezia)
  const present = new Set(device.peers.map((peer) => peer.publicKey))
  for (const peer of file.peers) if (!present.has(peer.publicKey)) file.removePeer(peer.publicKey)
  for (const peer of device.peers) {
    documentOf(file).removeRepeats(peer.publicKey)
    const known = file.peer(peer.publicKey) ?? file.addPeer({ publicKey: peer.publicKey })
    updatePeer(known, peer)
  }
}

/** What a new device has anyway need not be in the file; where it is, it stays. */
function updateAmnezia(section: InterfaceSection, amnezia: AmneziaParameters): void {
  const written = section.amnezia
  const now: AmneziaConfig = { ...amnezia }
  for (const { name, fresh } of AMNEZIA_FIELDS) {
    if (written[name] === undefined && now[name] === fresh) delete now[name]
  }
  section.amnezia = now
  if (written.headerProtectionKey instanceof SecretKey) written.headerProtectionKey.wipe()
}

function updatePeer(section: PeerSection, peer: Peer): void {
  const { presharedKey, endpoint, persistentKeepalive, allowedIPs } = peer
  if (!samePresharedKey(section, peer)) section.presharedKey = presharedKey
  if (!hasSameElements(section.allowedIPs, allowedIPs)) section.allowedIPs = allowedIPs
  const written = section.endpoint
  const isName = written !== undefined && 'host' in (readEndpoint(written) ?? {})
  // wg(8) can set port 0. Nothing can be sent there, and a file with it would be refused.
  const text = endpoint && endpoint.port > 0 ? formatEndpoint(endpoint) : undefined
  if (!isName && text !== written) section.endpoint = text
  const { persistentKeepaliveRange } = peer
  if (section.persistentKeepaliveRange !== persistentKeepaliveRange) {
    section.persistentKeepaliveRange = persistentKeepaliveRange
  }
  if ((section.persistentKeepalive ?? 0) !== persistentKeepalive) {
    section.persistentKeepalive = persistentKeepalive || undefined
  }
}

function samePresharedKey({ presharedKey: written }: PeerSection, { presharedKey }: Peer): boolean {
  if (!written || written.isZero) return presharedKey === undefined
  return presharedKey?.equals(written) ?? false
}

function hasSameElements(one: readonly string[], other: readonly string[]): boolean {
  const set = new Set(one)
  return set.size === other.length && other.every((element) => set.has(element))
}
