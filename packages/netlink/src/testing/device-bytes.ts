import {
  type CheckedAllowedIP,
  type CheckedConfig,
  type CheckedPeer,
  canonicalCidr,
  countersOf,
  type Device,
  type Endpoint,
  type Family,
  formatAddress,
  formatPublicKey,
  type Peer,
  parseAddress,
  parseCidr,
} from '@wgctrl/types'
import { amneziaChange } from './amnezia-bytes.js'
import { attr, attributes, find, nested, readText, text, u8, u16, u32, u64 } from './bytes.js'

/** The numbers of WireGuard's attributes, by hand. @source linux/wireguard.h */

/** A flag that each peer of AmneziaWG has. */
const HAS_ADVANCED_SECURITY = 8

const NO_KEY = Buffer.alloc(32)

const key = (base64: string | undefined): Buffer =>
  base64 === undefined ? NO_KEY : Buffer.from(base64, 'base64')

/**
 * The attributes of a device, without peers, in the kernel's order.
 *
 * @param further what AmneziaWG's module has beyond WireGuard: it stands before the keys
 */
export function deviceAttributes(device: Device, index: number, ...further: Buffer[]): Buffer {
  const secrets = device.privateKey
    ? [attr(3, device.privateKey.toBytes()), attr(4, key(device.publicKey))]
    : []
  return Buffer.concat([
    attr(6, u16(device.listenPort)),
    attr(7, u32(device.firewallMark)),
    attr(1, u32(index)),
    attr(2, text(device.name)),
    ...further,
    ...secrets,
  ])
}

/** The first part of a peer: all but its allowed IPs. @param amneziaVersion 0: it is WireGuard's */
export function peerAttributes(peer: Peer, amneziaVersion = 0): Buffer {
  const milliseconds = peer.lastHandshake?.getTime() ?? 0
  const seconds = Math.floor(milliseconds / 1000)
  const { received, transmitted } = countersOf(peer)
  return Buffer.concat([
    ...(amneziaVersion > 0 ? [attr(3, u32(HAS_ADVANCED_SECURITY))] : []),
    attr(1, key(peer.publicKey)),
    attr(2, peer.presharedKey?.toBytes() ?? NO_KEY),
    attr(6, u64(BigInt(seconds)), u64(BigInt((milliseconds - seconds * 1000) * 1e6))),
    attr(5, u16(peer.persistentKeepalive), ...(amneziaVersion > 2 ? [u16(upperEnd(peer))] : [])),
    attr(8, u64(BigInt(transmitted))),
    attr(7, u64(BigInt(received))),
    attr(10, u32(peer.protocolVersion)),
    ...(peer.endpoint ? [attr(4, sockaddr(peer.endpoint))] : []),
  ])
}

/** In the place of the lower one where they are the same. */
const upperEnd = ({ persistentKeepalive, persistentKeepaliveRange = '' }: Peer): number =>
  Number(persistentKeepaliveRange.split('-')[1] ?? persistentKeepalive)

/** What a peer has when it goes on in another message. */
export const continuedPeerAttributes = (peer: Peer): Buffer => attr(1, key(peer.publicKey))

export function allowedIpElement(cidr: string): Buffer {
  const { family, bytes, prefixLength } = parseCidr(cidr)
  return nested(0, attr(3, u8(prefixLength)), attr(1, u16(family === 4 ? 2 : 10)), attr(2, bytes))
}

function sockaddr({ address, port, family, scopeId }: Endpoint): Buffer {
  const { bytes } = parseAddress(address) as { bytes: Uint8Array }
  const networkPort = Buffer.from([port >> 8, port & 255])
  if (family === 4) return Buffer.concat([u16(2), networkPort, bytes, Buffer.alloc(8)])
  return Buffer.concat([u16(10), networkPort, u32(0), bytes, u32(Number(scopeId ?? 0))])
}

/** Thrown for what the kernel refuses; the number is the errno. */
export class Refusal extends Error {
  readonly errno: number
  constructor(errno: number) {
    super(`errno ${errno}`)
    this.errno = errno
  }
}

const EINVAL = 22

/**
 * The parts of a set-device request in the order in which the kernel applies them: the device's
 * fields, then each peer. It stops at the first that it refuses; what came before stays applied.
 */
export function* changesOf(payload: Buffer, removeMe: boolean): Generator<CheckedConfig> {
  const list = attributes(payload)
  const privateKey = find(list, 3)
  const flags = find(list, 5)
  const port = find(list, 6)
  const mark = find(list, 7)
  yield {
    ...(privateKey && { privateKey: new Uint8Array(privateKey) }),
    ...(port && { listenPort: port.readUInt16LE() }),
    ...(mark && { firewallMark: mark.readUInt32LE() }),
    ...amneziaChange(payload),
    replacePeers: ((flags?.readUInt32LE() ?? 0) & 1) !== 0,
    peers: [],
  }
  for (const { payload: peer } of attributes(find(list, 8) ?? Buffer.alloc(0))) {
    const { changed, refused } = peerChange(peer, removeMe)
    yield { replacePeers: false, peers: [changed] }
    if (refused) throw new Refusal(EINVAL)
  }
}

/** The peer as far as the kernel gets with it: it adds it before it looks at its allowed IPs. */
function peerChange(bytes: Buffer, removeMe: boolean): { changed: CheckedPeer; refused: boolean } {
  const list = attributes(bytes)
  const publicKey = find(list, 1)
  if (publicKey?.length !== 32) throw new Refusal(EINVAL)
  const flags = find(list, 3)?.readUInt32LE() ?? 0
  const presharedKey = find(list, 2)
  const endpoint = find(list, 4)
  const keepalive = find(list, 5)
  const allowedIPs: CheckedAllowedIP[] = []
  let refused = false
  for (const { payload } of attributes(find(list, 9) ?? Buffer.alloc(0))) {
    const change = allowedIpChange(payload)
    refused ||= change === undefined || (find(attributes(payload), 4) !== undefined && !removeMe)
    if (!refused) allowedIPs.push(change as CheckedAllowedIP)
  }
  const changed: CheckedPeer = {
    publicKey: formatPublicKey(publicKey),
    remove: (flags & 1) !== 0,
    updateOnly: (flags & 4) !== 0,
    ...(presharedKey && { presharedKey: new Uint8Array(presharedKey) }),
    ...(endpoint && { endpoint: endpointOf(endpoint) }),
    ...(keepalive && keepaliveOf(keepalive)),
    replaceAllowedIPs: (flags & 2) !== 0,
    allowedIPs,
  }
  return { changed, refused }
}

function keepaliveOf(bytes: Buffer): Partial<CheckedPeer> {
  const from = bytes.readUInt16LE()
  const to = bytes.length < 4 ? from : bytes.readUInt16LE(2)
  const range = from === to ? {} : { persistentKeepaliveRange: `${from}-${to}` }
  return { persistentKeepalive: from, ...range }
}

function allowedIpChange(bytes: Buffer): CheckedAllowedIP | undefined {
  const list = attributes(bytes)
  const number = find(list, 1)?.readUInt16LE()
  const address = find(list, 2)
  const mask = find(list, 3)?.readUInt8()
  if (address === undefined || mask === undefined || (number !== 2 && number !== 10))
    return undefined
  const family: Family = number === 2 ? 4 : 6
  if (address.length !== (family === 4 ? 4 : 16) || mask > address.length * 8) return undefined
  const remove = ((find(list, 4)?.readUInt32LE() ?? 0) & 1) !== 0
  return { text: canonicalCidr(`${formatAddress(family, address)}/${mask}`), remove }
}

function endpointOf(bytes: Buffer): Endpoint {
  const port = bytes.readUInt16BE(2)
  if (bytes.readUInt16LE(0) === 2) {
    return { address: formatAddress(4, bytes, 4), port, family: 4 }
  }
  const scopeId = bytes.readUInt32LE(24)
  return { address: formatAddress(6, bytes, 8), port, family: 6, ...(scopeId && { scopeId }) }
}

/** The name in a request, and the index. */
export const deviceNamed = (payload: Buffer): { name?: string; index?: number } => {
  const list = attributes(payload)
  const name = find(list, 2)
  const index = find(list, 1)
  return { ...(name && { name: readText(name) }), ...(index && { index: index.readUInt32LE() }) }
}
