import {
  canonicalCidr,
  type DeviceOf,
  type Endpoint,
  exactBytes,
  type Peer,
  type PeerActivity,
  type PublicKey,
  publicKey,
  shownWhole,
  timeOf,
  WireGuardError,
} from '@wgctrl/types'
import type { WireDevice, WirePeer } from '../codec/reply.js'
import type { ReplyParser } from '../codec/reply-parser.js'
import { parseWireEndpoint } from './endpoint.js'

/** What boringtun shows when its private key was cleared: it takes the zeros for a key. */
const PUBLIC_KEY_OF_ZEROS: PublicKey = 'L+V9o0fNYkMVKNqsX7spBzD/9oSvxM/C7ZCZX1jLO3Q='

/** A device of a reply, with its peers. Its private key is taken out of the record. */
export function toDevice<P>(name: string, reply: ReplyParser, peers: P[]): DeviceOf<P> {
  const { device, unknown } = reply
  const own = ownPublicKey(device)
  const { privateKey, amnezia, extra } = device
  device.privateKey = undefined
  delete device.amnezia
  return shownWhole({
    name,
    kind: 'userspace',
    ...(privateKey && { privateKey }),
    ...(own !== undefined && { publicKey: own }),
    listenPort: device.listenPort,
    firewallMark: device.fwmark,
    ...(amnezia && { amnezia }),
    peers,
    ...(unknown.size > 0 && { unknown: Object.fromEntries(unknown) }),
    ...(extra && { extra }),
  })
}

/** The public key of a device: boringtun says it, the others say the private key it is derived from. */
export function ownPublicKey(device: WireDevice): PublicKey | undefined {
  if (device.ownPublicKey === PUBLIC_KEY_OF_ZEROS) return undefined
  if (device.ownPublicKey !== undefined) return device.ownPublicKey
  return device.privateKey && publicKey(device.privateKey)
}

/** A peer of a reply. Its preshared key is taken out of the record. */
export function toPeer(wire: WirePeer, device: WireDevice): Peer {
  const { presharedKey, endpoint, allowedIps, rxBytes, txBytes } = wire
  const peer: Mutable<Peer> = {
    publicKey: wire.publicKey,
    persistentKeepalive: wire.persistentKeepaliveInterval,
    receivedBytes: Number(rxBytes),
    transmittedBytes: Number(txBytes),
    // A copy: a list that grew has room to grow further, a quarter of what a peer takes.
    allowedIPs: wire.areCanonical ? allowedIps : allowedIps.map(toCanonicalCidr),
    protocolVersion: wire.protocolVersion,
  }
  if (wire.persistentKeepaliveTo !== undefined) {
    peer.persistentKeepaliveRange = `${wire.persistentKeepaliveInterval}-${wire.persistentKeepaliveTo}`
  }
  if (wire.extra) peer.extra = wire.extra
  const exact = exactBytes(rxBytes, txBytes)
  if (exact !== undefined) peer.exactBytes = exact
  if (presharedKey !== undefined) {
    peer.presharedKey = presharedKey
    wire.presharedKey = undefined
  }
  if (endpoint !== undefined) peer.endpoint = toEndpoint(endpoint)
  const lastHandshake = handshakeTime(wire, givesHandshakeAge(device))
  if (lastHandshake !== undefined) peer.lastHandshake = lastHandshake
  return peer
}

/** Whether a peer of a reply is there. */
export function toActivity(wire: WirePeer, device: WireDevice): PeerActivity {
  const receivedBytes = Number(wire.rxBytes)
  const transmittedBytes = Number(wire.txBytes)
  const { publicKey } = wire
  const lastHandshake = handshakeTime(wire, givesHandshakeAge(device))
  if (lastHandshake === undefined) return { publicKey, receivedBytes, transmittedBytes }
  return { publicKey, receivedBytes, transmittedBytes, lastHandshake }
}

type Mutable<T> = { -readonly [field in keyof T]: T[field] }

/** boringtun, which shows itself by `own_public_key`, gives the handshake's age instead of its time. */
function givesHandshakeAge(device: WireDevice): boolean {
  return device.ownPublicKey !== undefined
}

/** Both zero means never; either alone is a time. */
function handshakeTime(wire: WirePeer, isAge: boolean): Date | undefined {
  const { lastHandshakeTimeSec: sec, lastHandshakeTimeNsec: nsec } = wire
  if (sec === 0 && nsec === 0) return undefined
  const time = timeOf(sec, nsec)
  if (!time) throw new WireGuardError('UAPI reply: a handshake beyond all time', { code: 'EPROTO' })
  return isAge ? new Date(Date.now() - time.getTime()) : time
}

/** What a daemon sends is not the caller's mistake: what cannot be read is `EPROTO`. */
function toEndpoint(text: string): Endpoint {
  const endpoint = parseWireEndpoint(text)
  if (!endpoint) throw unreadable('endpoint', text)
  return endpoint
}

function toCanonicalCidr(text: string): string {
  try {
    return canonicalCidr(text)
  } catch (cause) {
    throw unreadable('allowed_ip', text, cause)
  }
}

function unreadable(field: string, text: string, cause?: unknown): WireGuardError {
  const message = `UAPI reply: ${field} ${JSON.stringify(text)} cannot be read`
  return new WireGuardError(message, { code: 'EPROTO', ...(cause !== undefined && { cause }) })
}
