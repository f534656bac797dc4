import {
  type AllowedIPChange,
  DEVICE_CONFIG_FIELDS,
  type DeviceConfig,
  type KeyInput,
  PEER_CONFIG_FIELDS,
  type PeerConfig,
  SecretKey,
} from '@wgctrl/types'

/** To copy so many peers, and so many networks of theirs, takes a few milliseconds. */
const COPIED_PEERS = 1000
const COPIED_NETWORKS = 50_000

/** Too large to be copied in one go. */
export function isLarge(config: DeviceConfig): boolean {
  if (!Array.isArray(config?.peers)) return false
  if (config.peers.length > COPIED_PEERS) return true
  let networks = 0
  for (const peer of config.peers as readonly (PeerConfig | undefined)[]) {
    const { allowedIPs } = peer ?? {}
    if (Array.isArray(allowedIPs)) networks += allowedIPs.length
  }
  return networks > COPIED_NETWORKS
}

/**
 * A copy of a config that its owner can no longer change, keys included: a call may have to wait before
 * a backend looks at it. Nothing is checked; what is no config stays what it is, for the backend to
 * refuse. {@link wipeCopy} zeroes the keys.
 */
export function copyConfig(config: DeviceConfig): DeviceConfig {
  if (!isObject(config)) return config
  const copy = copyFields(config, DEVICE_CONFIG_FIELDS)
  copy.privateKey = copyKey(copy.privateKey)
  copy.extra = copyExtra(copy.extra)
  if (isObject(copy.amnezia)) {
    const { headerProtectionKey } = copy.amnezia
    copy.amnezia = { ...copy.amnezia, headerProtectionKey: copyKey(headerProtectionKey) }
  }
  if (Array.isArray(copy.peers)) copy.peers = copy.peers.map(copyPeer)
  return copy
}

/** Zeroes the keys of a copy that {@link copyConfig} made. */
export function wipeCopy(copy: DeviceConfig): void {
  if (!isObject(copy)) return
  wipeKey(copy.privateKey)
  if (isObject(copy.amnezia)) wipeKey(copy.amnezia.headerProtectionKey)
  if (!Array.isArray(copy.peers)) return
  for (const peer of copy.peers) if (isObject(peer)) wipeKey(peer.presharedKey)
}

function copyPeer(peer: PeerConfig): PeerConfig {
  if (!isObject(peer)) return peer
  const copy = copyFields(peer, PEER_CONFIG_FIELDS)
  if (copy.publicKey instanceof Uint8Array) copy.publicKey = Uint8Array.from(copy.publicKey)
  copy.presharedKey = copyKey(copy.presharedKey)
  copy.extra = copyExtra(copy.extra)
  if (isObject(copy.endpoint)) copy.endpoint = { ...copy.endpoint }
  if (Array.isArray(copy.allowedIPs)) copy.allowedIPs = copy.allowedIPs.map(copyNetwork)
  return copy
}

/** What is no such object is refused later. */
function copyExtra(extra: DeviceConfig['extra']): DeviceConfig['extra'] {
  if (!isObject(extra)) return extra
  const values = Object.entries(extra).map(([key, value]) => [
    key,
    Array.isArray(value) ? [...value] : value,
  ])
  return Object.fromEntries(values)
}

function copyNetwork(network: string | AllowedIPChange): string | AllowedIPChange {
  return isObject(network) ? { ...network } : network
}

/** The fields that count wherever they come from, an accessor for one; and all that would be refused. */
function copyFields<T extends object>(from: T, fields: readonly (keyof T)[]): T {
  // Without a prototype `__proto__`, which JSON.parse makes a field, stays a field, and is refused as one.
  const copy: Partial<T> = Object.create(null)
  for (const field in from) copy[field] = from[field]
  for (const field of fields) if (from[field] !== undefined) copy[field] = from[field]
  return copy as T
}

function copyKey<T extends KeyInput | null | undefined>(key: T): T
function copyKey(key: KeyInput | null | undefined): KeyInput | null | undefined {
  if (key instanceof SecretKey) return SecretKey.from(key)
  return key instanceof Uint8Array ? copyOfSecret(key) : key
}

/** In memory that the collector does not move. Of any length: what is no key is refused later. */
function copyOfSecret(key: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new ArrayBuffer(key.length))
  copy.set(key)
  return copy
}

function wipeKey(key: KeyInput | null | undefined): void {
  if (key instanceof SecretKey) key.wipe()
  else if (key instanceof Uint8Array) key.fill(0)
}

function isObject<T>(value: T): value is T & object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
