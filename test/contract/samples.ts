import { createHash } from 'node:crypto'
import { formatPublicKey, type PeerConfig, publicKey } from '@wgctrl/types'

/** 32 bytes that `label` stands for. */
const bytesOf = (label: string): Uint8Array =>
  Uint8Array.from(createHash('sha256').update(label).digest())

/** The n-th private key, clamped as devices give it back, and its public key. */
export function keyPair(n: number): { privateKey: string; publicKey: string } {
  const bytes = bytesOf(`private key ${n}`)
  bytes[0] = (bytes[0] as number) & 248
  bytes[31] = ((bytes[31] as number) & 127) | 64
  return { privateKey: formatPublicKey(bytes), publicKey: publicKey(bytes) }
}

/** The n-th public key: of no private key that anybody knows. */
export const peerKey = (n: number): string => formatPublicKey(bytesOf(`peer ${n}`))

/** The n-th preshared key. */
export const secret = (n: number): string => formatPublicKey(bytesOf(`preshared key ${n}`))

/** The n-th network of one address, IPv4 and IPv6 in turn, canonical. */
export function network(n: number): string {
  const high = (n >> 8) & 0xff
  const low = n & 0xff
  if (n % 2 === 0) return `10.${n >> 16}.${high}.${low}/32`
  return `fd00:${((n >> 16) + 1).toString(16)}::${((high << 8) | low).toString(16)}/128`
}

export const networks = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, index) => network(from + index))

/** Peers with one network each. */
export const peersWithNetworks = (count: number): (PeerConfig & { publicKey: string })[] =>
  Array.from({ length: count }, (_, n) => ({ publicKey: peerKey(n), allowedIPs: [network(n)] }))

/** What a peer is that was given a key and nothing else. */
export const barePeer = (key: string) => ({
  publicKey: key,
  persistentKeepalive: 0,
  allowedIPs: [] as string[],
  protocolVersion: 1,
})
