import {
  AMNEZIA_FIELDS,
  checkFields,
  checkReadEndpoint,
  checkText,
  type Device,
  type Endpoint,
  type Peer,
  parseCidr,
} from '@wgctrl/types'
import { SHOW_CONFIG_OPTIONS } from '../option-fields.js'
import { checkReading } from '../reading.js'
import { amneziaText } from './amnezia-value.js'

export interface ShowConfigOptions {
  /** The name of an interface by its index, for endpoints with a scope; without one the index is shown. */
  readonly interfaceName?: ((index: number) => string | undefined) | undefined
}

/**
 * A device as the text of a config file, secrets included: byte for byte what `wg showconf` prints; of a device of AmneziaWG
 * what `awg showconf` does.
 *
 * @source wireguard-tools, src/showconf.c
 */
export function showConfig(device: Device, options: ShowConfigOptions = {}): string {
  checkFields(options, 'options', SHOW_CONFIG_OPTIONS)
  checkReading(device, 'device')
  const { listenPort, firewallMark, privateKey, peers } = device
  const lines = ['[Interface]']
  if (listenPort !== 0) lines.push(`ListenPort = ${listenPort}`)
  if (firewallMark !== 0) lines.push(`FwMark = 0x${firewallMark.toString(16)}`)
  if (privateKey) lines.push(`PrivateKey = ${privateKey.toBase64()}`)
  for (const field of AMNEZIA_FIELDS) {
    const text = amneziaText(field, device.amnezia?.[field.name])
    if (text !== undefined) lines.push(`${field.fileKey} = ${text}`)
  }
  const sections = peers.map((peer) => peerLines(peer, options).join('\n'))
  return `${lines.join('\n')}\n\n${sections.map((section) => `${section}\n`).join('\n')}`
}

function peerLines(peer: Peer, options: ShowConfigOptions): string[] {
  const { publicKey, presharedKey, allowedIPs, endpoint, persistentKeepalive } = peer
  const lines = ['[Peer]', `PublicKey = ${publicKey}`]
  if (presharedKey) lines.push(`PresharedKey = ${presharedKey.toBase64()}`)
  if (allowedIPs.length > 0) lines.push(`AllowedIPs = ${allowedIPs.map(networkText).join(', ')}`)
  if (endpoint) lines.push(`Endpoint = ${endpointText(endpoint, options)}`)
  const keepalive = peer.persistentKeepaliveRange ?? persistentKeepalive
  if (keepalive !== 0) lines.push(`PersistentKeepalive = ${keepalive}`)
  return lines
}

/**
 * An endpoint as wg(8) prints it: `192.0.2.1:51820`, `[fe80::1%eth0]:51820`.
 *
 * @throws {TypeError} `EINVAL` when it is none: a peer that was not heard from may have no endpoint
 */
export function endpointText(endpoint: Endpoint, options: ShowConfigOptions = {}): string {
  checkFields(options, 'options', SHOW_CONFIG_OPTIONS)
  checkReadEndpoint(endpoint)
  const { interfaceName } = options
  const { address, port, family, scopeId } = endpoint
  if (family === 4) return `${address}:${port}`
  const name = typeof scopeId === 'number' ? (interfaceName?.(scopeId) ?? scopeId) : scopeId
  const scope = name === undefined ? '' : `%${name}`
  return `[${addressText(address)}${scope}]:${port}`
}

/**
 * An allowed IP as wg(8) prints it.
 *
 * @param cidr canonical, as a device has it
 * @throws {TypeError} `EINVAL` when it is no string
 */
export function networkText(cidr: string): string {
  checkText(cidr, 'cidr')
  const slash = cidr.indexOf('/')
  return addressText(cidr.slice(0, slash)) + cidr.slice(slash)
}

/**
 * An IPv6 address as inet_ntop(3) of glibc writes it. It differs from RFC 5952 in one range: 96 zero
 * bits and no seventh zero group are an IPv4-compatible address, `::1.2.3.4`.
 */
function addressText(address: string): string {
  if (!address.startsWith('::')) return address
  const { bytes } = parseCidr(address)
  const isCompatible = bytes.subarray(0, 12).every((byte) => byte === 0)
  const [a, b, c, d] = bytes.subarray(12)
  return isCompatible && (a !== 0 || b !== 0) ? `::${a}.${b}.${c}.${d}` : address
}
