import { AMNEZIA_FIELDS, type AmneziaParameters, type CheckedAmnezia } from '../amnezia.js'
import type { CheckedConfig, CheckedPeer } from '../checked-config.js'
import { type Counter, exactBytes, toCounter } from '../counter.js'
import type { Device, DeviceKind, Peer } from '../device.js'
import type { Endpoint } from '../endpoint.js'
import { type CheckedExtra, EXTRA_SECRET, type ExtraKeys } from '../extra.js'
import { isZeroKey, type PublicKey, publicKey, SecretKey } from '../key.js'
import { shownWhole } from '../shown-device.js'

/** What a test can pretend that a peer did. */
export interface FakeTraffic {
  /** A bigint where a number would not be exact. */
  receivedBytes?: Counter
  transmittedBytes?: Counter
  lastHandshake?: Date
  /** The peer roamed to here. */
  endpoint?: Endpoint
}

interface FakePeer extends FakeTraffic {
  readonly publicKey: PublicKey
  presharedKey?: SecretKey
  persistentKeepalive: number
  persistentKeepaliveRange?: string
  readonly allowedIPs: Set<string>
  readonly extra: Map<string, readonly string[]>
}

/**
 * A WireGuard device in memory that behaves as the real ones do where it shows: a network moves to
 * the peer that was given it last, the device's own key is ignored as a peer, `updateOnly` and
 * `remove` of a missing peer do nothing. It knows every key of `extra` and keeps what it was given last.
 *
 * @example
 * ```ts
 * const device = new FakeDevice('wg0')
 * device.apply(checkConfig({ peers: [{ publicKey, allowedIPs: ['10.0.0.2/32'] }] }))
 * device.pretend(publicKey, { receivedBytes: 1024, lastHandshake: new Date() })
 * console.log(device.snapshot())
 * ```
 */
export class FakeDevice {
  readonly name: string
  readonly kind: DeviceKind
  #privateKey: SecretKey | undefined
  #publicKey: PublicKey | undefined
  #listenPort = 0
  #firewallMark = 0
  readonly #amnezia: Record<string, unknown> = {}
  readonly #extra = new Map<string, readonly string[]>()
  readonly #peers = new Map<PublicKey, FakePeer>()
  readonly #owners = new Map<string, FakePeer>()

  constructor(name: string, kind: DeviceKind = 'userspace') {
    this.name = name
    this.kind = kind
  }

  /** Changes the device. The config's bytes are copied. */
  apply(config: CheckedConfig): void {
    if (config.privateKey !== undefined) this.#setPrivateKey(config.privateKey)
    if (config.listenPort !== undefined) this.#listenPort = config.listenPort
    if (config.firewallMark !== undefined) this.#firewallMark = config.firewallMark
    if (config.amnezia) this.#setAmnezia(config.amnezia)
    if (config.extra) setExtra(this.#extra, config.extra)
    if (config.replacePeers) for (const peer of [...this.#peers.values()]) this.#remove(peer)
    for (const peer of config.peers) this.#applyPeer(peer)
  }

  /** Lets a test say what a peer did. @returns false when the device has no such peer */
  pretend(peer: PublicKey, traffic: FakeTraffic): boolean {
    const found = this.#peers.get(peer)
    if (found) Object.assign(found, traffic)
    return found !== undefined
  }

  /** The device as it is now; later changes do not show in it. */
  snapshot(): Device {
    const own = this.#publicKey
    return shownWhole({
      name: this.name,
      kind: this.kind,
      ...(this.#privateKey && { privateKey: SecretKey.from(this.#privateKey) }),
      ...(own !== undefined && { publicKey: own }),
      listenPort: this.#listenPort,
      firewallMark: this.#firewallMark,
      ...this.#shownAmnezia(),
      ...shownExtra(this.#extra),
      peers: Array.from(this.#peers.values(), snapshotPeer),
      ...this.#unknown(),
    })
  }

  #setPrivateKey(bytes: Uint8Array): void {
    this.#privateKey = isZeroKey(bytes) ? undefined : SecretKey.from(clamped(bytes))
    this.#publicKey = this.#privateKey && publicKey(this.#privateKey)
    const self = this.#publicKey && this.#peers.get(this.#publicKey)
    if (self) this.#remove(self)
  }

  #setAmnezia(changes: CheckedAmnezia): void {
    for (const { name, kind } of AMNEZIA_FIELDS) {
      const value = changes[name]
      if (value === undefined) continue
      const isNone = value === '' || (value instanceof Uint8Array && isZeroKey(value))
      if (isNone) delete this.#amnezia[name]
      else this.#amnezia[name] = kind === 'key' ? SecretKey.from(value as Uint8Array) : value
    }
  }

  #shownAmnezia(): { amnezia?: AmneziaParameters } {
    const entries = Object.entries(this.#amnezia).map(([name, value]) => [
      name,
      value instanceof SecretKey ? SecretKey.from(value) : value,
    ])
    return entries.length > 0 ? { amnezia: Object.fromEntries(entries) } : {}
  }

  /** Lines that may be secrets, of the device and of peers: a reading counts them. */
  #unknown(): Pick<Device, 'unknown'> {
    const counts: Record<string, number> = {}
    const owners = [this.#extra, ...Array.from(this.#peers.values(), ({ extra }) => extra)]
    for (const [key, values] of owners.flatMap((extra) => [...extra])) {
      const hidden = values.filter((value) => !isShown(key, value)).length
      if (hidden > 0) counts[key] = (counts[key] ?? 0) + hidden
    }
    return Object.keys(counts).length > 0 ? { unknown: counts } : {}
  }

  #applyPeer(config: CheckedPeer): void {
    if (config.publicKey === this.#publicKey) return
    const present = this.#peers.get(config.publicKey)
    if (config.remove) {
      if (present) this.#remove(present)
      return
    }
    if (!present && config.updateOnly) return
    const peer = present ?? this.#add(config.publicKey)
    const { presharedKey, endpoint, persistentKeepalive } = config
    if (presharedKey !== undefined) {
      if (isZeroKey(presharedKey)) delete peer.presharedKey
      else peer.presharedKey = SecretKey.from(presharedKey)
    }
    if (endpoint !== undefined) peer.endpoint = endpoint
    if (persistentKeepalive !== undefined) {
      peer.persistentKeepalive = persistentKeepalive
      delete peer.persistentKeepaliveRange
      const { persistentKeepaliveRange } = config
      if (persistentKeepaliveRange !== undefined) Object.assign(peer, { persistentKeepaliveRange })
    }
    if (config.extra) setExtra(peer.extra, config.extra)
    if (config.replaceAllowedIPs) this.#dropNetworks(peer)
    for (const { text, remove } of config.allowedIPs) {
      if (remove) this.#dropNetwork(peer, text)
      else this.#giveNetwork(peer, text)
    }
  }

  #add(key: PublicKey): FakePeer {
    const peer: FakePeer = {
      publicKey: key,
      persistentKeepalive: 0,
      allowedIPs: new Set(),
      extra: new Map(),
    }
    this.#peers.set(key, peer)
    return peer
  }

  #remove(peer: FakePeer): void {
    this.#dropNetworks(peer)
    this.#peers.delete(peer.publicKey)
  }

  #dropNetworks(peer: FakePeer): void {
    for (const network of peer.allowedIPs) this.#dropNetwork(peer, network)
  }

  #dropNetwork(peer: FakePeer, network: string): void {
    if (!peer.allowedIPs.delete(network)) return
    this.#owners.delete(network)
  }

  #giveNetwork(peer: FakePeer, network: string): void {
    this.#owners.get(network)?.allowedIPs.delete(network)
    this.#owners.set(network, peer)
    peer.allowedIPs.add(network)
  }
}

/** The key as the kernel and wireguard-go store it and give it back (RFC 7748, section 5). */
function clamped(bytes: Uint8Array): Uint8Array {
  const key = bytes.slice()
  key[0] = (key[0] as number) & 248
  key[31] = ((key[31] as number) & 127) | 64
  return key
}

function snapshotPeer(peer: FakePeer): Peer {
  const { presharedKey, endpoint, lastHandshake } = peer
  const received = toCounter(BigInt(peer.receivedBytes ?? 0))
  const transmitted = toCounter(BigInt(peer.transmittedBytes ?? 0))
  const exact = exactBytes(received, transmitted)
  return {
    publicKey: peer.publicKey,
    ...(presharedKey && { presharedKey: SecretKey.from(presharedKey) }),
    ...(endpoint && { endpoint: { ...endpoint } }),
    persistentKeepalive: peer.persistentKeepalive,
    ...(peer.persistentKeepaliveRange !== undefined && {
      persistentKeepaliveRange: peer.persistentKeepaliveRange,
    }),
    ...(lastHandshake && { lastHandshake: new Date(lastHandshake) }),
    receivedBytes: Number(received),
    transmittedBytes: Number(transmitted),
    ...(exact && { exactBytes: exact }),
    allowedIPs: [...peer.allowedIPs],
    protocolVersion: 1,
    ...shownExtra(peer.extra),
  }
}

/** What a change has of a key takes the place of what was there. */
function setExtra(extra: Map<string, readonly string[]>, lines: CheckedExtra): void {
  for (const key of new Set(lines.map(([name]) => name))) {
    const values = lines.filter(([name]) => name === key).map(([, value]) => value)
    extra.set(key, values)
  }
}

/** What may be a secret no reading shows. */
function isShown(key: string, value: string): boolean {
  return !EXTRA_SECRET.key.test(key) && !EXTRA_SECRET.value.test(value)
}

function shownExtra(extra: ReadonlyMap<string, readonly string[]>): { extra?: ExtraKeys } {
  const shown = [...extra].flatMap(([key, values]) => {
    const [first, ...others] = values.filter((value) => isShown(key, value))
    if (first === undefined) return []
    return [[key, others.length > 0 ? [first, ...others] : first] as const]
  })
  return shown.length > 0 ? { extra: Object.fromEntries(shown) } : {}
}
