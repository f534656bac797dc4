import {
  countersOf,
  type Device,
  formatEndpoint,
  type Peer,
  publicKey,
  SecretKey,
} from '@wgctrl/types'
import { AMNEZIA_KEYS } from './amnezia.js'
import type { FakeDaemon } from './fake-daemon.js'

const NO_KEY = '0'.repeat(64)

/** The reply to `get=1` up to its status, as the implementation writes it: order of lines included. */
export function formatGetReply(daemon: FakeDaemon): string {
  const device = daemon.device.snapshot()
  const lines = daemon.isBoringtun ? boringtunLines(device, daemon) : wireguardGoLines(device)
  return lines.map((line) => `${line}\n`).join('')
}

function wireguardGoLines(device: Device): string[] {
  const { privateKey, listenPort, firewallMark } = device
  return [
    ...(privateKey ? [`private_key=${secretHex(privateKey)}`] : []),
    ...(listenPort > 0 ? [`listen_port=${listenPort}`] : []),
    ...(firewallMark > 0 ? [`fwmark=${firewallMark}`] : []),
    ...amneziaLines(device),
    ...device.peers.flatMap(wireguardGoPeer),
  ]
}

/** Those that are zero are left out, but for flags. @source amneziawg-go, device/uapi.go: IpcGetOperation */
function amneziaLines({ amnezia }: Device): string[] {
  return AMNEZIA_KEYS.flatMap(([name, key]) => {
    const value = amnezia?.[name]
    if (value === undefined || value === 0) return []
    if (value instanceof SecretKey) return [`${key}=${secretHex(value)}`]
    return [`${key}=${typeof value === 'boolean' ? Number(value) : value}`]
  })
}

/** @source wireguard-go, device/uapi.go: IpcGetOperation */
function wireguardGoPeer(peer: Peer): string[] {
  const [sec, nsec] = secondsOf(peer.lastHandshake?.getTime() ?? 0)
  return [
    `public_key=${hexOf(peer.publicKey)}`,
    `preshared_key=${secretHex(peer.presharedKey)}`,
    'protocol_version=1',
    ...(peer.endpoint ? [`endpoint=${formatEndpoint(peer.endpoint)}`] : []),
    `last_handshake_time_sec=${sec}`,
    `last_handshake_time_nsec=${nsec}`,
    `tx_bytes=${countersOf(peer).transmitted}`,
    `rx_bytes=${countersOf(peer).received}`,
    `persistent_keepalive_interval=${peer.persistentKeepaliveRange ?? peer.persistentKeepalive}`,
    ...peer.allowedIPs.map((network) => `allowed_ip=${network}`),
  ]
}

function boringtunLines(device: Device, { hasKeyOfZeros }: FakeDaemon): string[] {
  const own = device.publicKey ?? (hasKeyOfZeros ? publicKey(new Uint8Array(32)) : undefined)
  return [
    ...(own !== undefined ? [`own_public_key=${hexOf(own)}`] : []),
    ...(device.listenPort > 0 ? [`listen_port=${device.listenPort}`] : []),
    ...(device.firewallMark > 0 ? [`fwmark=${device.firewallMark}`] : []),
    ...device.peers.flatMap(boringtunPeer),
  ]
}

/** Lines only for what there is; the age of the handshake instead of its time. @source boringtun, device/api.rs: api_get */
function boringtunPeer(peer: Peer): string[] {
  const { presharedKey, endpoint, lastHandshake, persistentKeepalive } = peer
  const age = secondsOf(lastHandshake ? Date.now() - lastHandshake.getTime() : 0)
  return [
    `public_key=${hexOf(peer.publicKey)}`,
    ...(presharedKey ? [`preshared_key=${secretHex(presharedKey)}`] : []),
    ...(persistentKeepalive > 0 ? [`persistent_keepalive_interval=${persistentKeepalive}`] : []),
    ...(endpoint ? [`endpoint=${formatEndpoint(endpoint)}`] : []),
    ...peer.allowedIPs.map((network) => `allowed_ip=${network}`),
    ...(lastHandshake
      ? [`last_handshake_time_sec=${age[0]}`, `last_handshake_time_nsec=${age[1]}`]
      : []),
    `rx_bytes=${countersOf(peer).received}`,
    `tx_bytes=${countersOf(peer).transmitted}`,
  ]
}

function secondsOf(milliseconds: number): [seconds: number, nanoseconds: number] {
  const whole = Math.floor(milliseconds / 1000)
  return [whole, (milliseconds - whole * 1000) * 1e6]
}

const secretHex = (key: SecretKey | undefined): string => (key ? hexOf(key.toBase64()) : NO_KEY)

const hexOf = (base64: string): string => Buffer.from(base64, 'base64').toString('hex')
