import { isDeepStrictEqual } from 'node:util'
import {
  type AmneziaParameters,
  type Counter,
  countersOf,
  type Device,
  type Endpoint,
  type ExtraKeys,
  type Peer,
  type PublicKey,
  SecretKey,
  StepBudget,
  type Steps,
} from '@wgctrl/types'
import { SESSION_TIME } from '../connection/connection-state.js'
import { GLANCE, setOf } from '../long-lists.js'
import type { DeviceEvent, DeviceField, PeerField } from './events.js'

/** What is known of a peer from the reading before. */
interface Seen {
  peer: Peer
  generation: number
  isStale: boolean
}

/** The device as far as it does not hold all its peers. */
type Head = Pick<Device, DeviceField>

/**
 * Tells what changed from one reading of a device to the next. It keeps one reading, and a tick
 * allocates nothing for a peer that did not change.
 */
export class DeviceDiff {
  readonly #name: string
  readonly #peers = new Map<PublicKey, Seen>()
  /** In the order of the last reading, which is mostly that of the next: comparing beats hashing. */
  #order: Seen[] = []
  #head: Head | undefined
  #generation = 0
  #at = 0

  constructor(name: string) {
    this.#name = name
  }

  /** How many peers the last reading had. */
  get size(): number {
    return this.#peers.size
  }

  /**
   * Takes the next reading, in steps; what is told in between is true of the device.
   *
   * @param at when the reading began, in milliseconds of a monotonic clock
   * @param now the time of day in milliseconds: what handshakes are compared with
   * @param tell gets each event; not called for the first reading
   */
  *update(
    device: Device,
    at: number,
    now: number,
    tell: (event: DeviceEvent) => void,
  ): Steps<void> {
    const isFirst = this.#head === undefined
    const duration = at - this.#at
    this.#at = at
    this.#generation++
    if (!isFirst) this.#compareHead(device, tell)
    this.#head = headOf(device)
    this.#order.length = Math.min(this.#order.length, device.peers.length)
    const budget = new StepBudget()
    for (let index = 0; index < device.peers.length; index++) {
      if (budget.spend(GLANCE)) yield
      const peer = device.peers[index] as Peer
      const seen = this.#find(peer.publicKey, index)
      if (!seen) {
        this.#order[index] = this.#add(peer, now)
        if (!isFirst) this.#tellAdded(peer, tell)
        continue
      }
      let networks = sameList(seen.peer.allowedIPs, peer.allowedIPs)
      // Not `??`: tsup's CommonJS build would put the `yield` into a function of its own.
      if (networks === undefined) {
        networks = yield* sameLongList(seen.peer.allowedIPs, peer.allowedIPs, budget)
      }
      this.#compare(seen, peer, networks, duration, now, tell)
      seen.peer = peer
      seen.generation = this.#generation
      this.#order[index] = seen
    }
    if (this.#peers.size > device.peers.length) this.#sweep(tell)
  }

  /** Tells of every peer as if it had been added just now. */
  tellAll(tell: (event: DeviceEvent) => void): void {
    for (const { peer } of this.#peers.values()) this.#tellAdded(peer, tell)
  }

  #find(key: PublicKey, index: number): Seen | undefined {
    const guess = this.#order[index]
    return guess?.peer.publicKey === key ? guess : this.#peers.get(key)
  }

  #add(peer: Peer, now: number): Seen {
    const seen = { peer, generation: this.#generation, isStale: isOld(peer, now) }
    this.#peers.set(peer.publicKey, seen)
    return seen
  }

  #tellAdded(peer: Peer, tell: (event: DeviceEvent) => void): void {
    tell({ type: 'peer-added', device: this.#name, publicKey: peer.publicKey, peer })
  }

  #sweep(tell: (event: DeviceEvent) => void): void {
    for (const [publicKey, { peer, generation }] of this.#peers) {
      if (generation === this.#generation) continue
      this.#peers.delete(publicKey)
      tell({ type: 'peer-removed', device: this.#name, publicKey, peer })
    }
  }

  #compareHead(device: Device, tell: (event: DeviceEvent) => void): void {
    const before = this.#head as Head
    const fields: DeviceField[] = []
    if (!sameSecret(before.privateKey, device.privateKey)) fields.push('privateKey')
    if (before.listenPort !== device.listenPort) fields.push('listenPort')
    if (before.firewallMark !== device.firewallMark) fields.push('firewallMark')
    if (!sameAmnezia(before.amnezia, device.amnezia)) fields.push('amnezia')
    if (!sameExtra(before.extra, device.extra)) fields.push('extra')
    if (fields.length === 0) return
    tell({ type: 'device-changed', device: this.#name, fields, now: device })
  }

  #compare(
    seen: Seen,
    peer: Peer,
    hasSameNetworks: boolean,
    duration: number,
    now: number,
    tell: (event: DeviceEvent) => void,
  ): void {
    const before = seen.peer
    const fields = changedFields(before, peer, hasSameNetworks)
    if (fields) tell({ type: 'peer-changed', ...this.#of(peer), fields, peer })
    if (peer.endpoint && !sameEndpoint(before.endpoint, peer.endpoint)) {
      const from = before.endpoint
      const { endpoint } = peer
      tell({ type: 'peer-roamed', ...this.#of(peer), endpoint, ...(from && { from }) })
    }
    const handshakeAt = peer.lastHandshake?.getTime()
    if (handshakeAt !== undefined && handshakeAt !== before.lastHandshake?.getTime()) {
      tell({ type: 'peer-handshake', ...this.#of(peer), at: peer.lastHandshake as Date })
      seen.isStale = false
    }
    if (!seen.isStale && handshakeAt !== undefined && now - handshakeAt > SESSION_TIME) {
      seen.isStale = true
      const lastHandshake = peer.lastHandshake as Date
      tell({ type: 'peer-stale', ...this.#of(peer), lastHandshake })
    }
    if (
      peer.receivedBytes !== before.receivedBytes ||
      peer.transmittedBytes !== before.transmittedBytes ||
      peer.exactBytes?.received !== before.exactBytes?.received ||
      peer.exactBytes?.transmitted !== before.exactBytes?.transmitted
    ) {
      this.#tellTransfer(before, peer, duration, tell)
    }
  }

  /** Counters that went back began anew: the peer was removed and added in between. */
  #tellTransfer(
    before: Peer,
    peer: Peer,
    duration: number,
    tell: (event: DeviceEvent) => void,
  ): void {
    const [then, now] = [countersOf(before), countersOf(peer)]
    const received = growth(then.received, now.received)
    const transmitted = growth(then.transmitted, now.transmitted)
    tell({
      type: 'peer-transfer',
      ...this.#of(peer),
      received,
      transmitted,
      receiveRate: rate(received, duration),
      transmitRate: rate(transmitted, duration),
      duration,
    })
  }

  #of({ publicKey }: Peer): { device: string; publicKey: PublicKey } {
    return { device: this.#name, publicKey }
  }
}

function headOf({ privateKey, listenPort, firewallMark, amnezia, extra }: Device): Head {
  return {
    ...(privateKey && { privateKey }),
    listenPort,
    firewallMark,
    ...(amnezia && { amnezia }),
    ...(extra && { extra }),
  }
}

function growth(before: Counter, now: Counter): number {
  if (now < before) return Number(now)
  if (typeof now === 'number' && typeof before === 'number') return now - before
  return Number(BigInt(now) - BigInt(before))
}

/** Bytes per second. */
export function rate(bytes: number, milliseconds: number): number {
  return milliseconds > 0 ? (bytes * 1000) / milliseconds : 0
}

function changedFields(before: Peer, peer: Peer, networks: boolean): PeerField[] | undefined {
  const keepalive =
    before.persistentKeepalive === peer.persistentKeepalive &&
    before.persistentKeepaliveRange === peer.persistentKeepaliveRange
  const version = before.protocolVersion === peer.protocolVersion
  const secret = sameSecret(before.presharedKey, peer.presharedKey)
  const extra = sameExtra(before.extra, peer.extra)
  if (keepalive && version && networks && secret && extra) return undefined
  const fields: PeerField[] = []
  if (!keepalive) fields.push('persistentKeepalive')
  if (!version) fields.push('protocolVersion')
  if (!networks) fields.push('allowedIPs')
  if (!secret) fields.push('presharedKey')
  if (!extra) fields.push('extra')
  return fields
}

/** More networks of one peer are compared in steps. */
const AT_A_GLANCE = 1000

/** Whether the networks are the same, if that can be told at a glance: their order is no part of it. */
function sameList(one: readonly string[], other: readonly string[]): boolean | undefined {
  if (one.length !== other.length) return false
  if (one.length > AT_A_GLANCE) return undefined
  for (let index = 0; index < one.length; index++) if (one[index] !== other[index]) return undefined
  return true
}

/** The order is random on some implementations. */
function* sameLongList(
  one: readonly string[],
  other: readonly string[],
  budget: StepBudget,
): Steps<boolean> {
  let at = 0
  for (; at < one.length && one[at] === other[at]; at++) if (budget.spend(GLANCE)) yield
  if (at === one.length) return true
  const networks = yield* setOf(one, budget)
  for (const network of other) {
    if (!networks.has(network)) return false
    if (budget.spend(GLANCE)) yield
  }
  return true
}

/** An index and a name may be of one link: a daemon shows the index that it was given, and later the name. */
function sameEndpoint(one: Endpoint | undefined, other: Endpoint): boolean {
  if (one === other) return true
  if (!one || one.port !== other.port || one.address !== other.address) return false
  const [scope, later] = [one.scopeId, other.scopeId]
  if (scope === undefined || later === undefined) return scope === later
  return scope === later || typeof scope !== typeof later
}

function sameSecret(one: SecretKey | undefined, other: SecretKey | undefined): boolean {
  if (one === other) return true
  if (one === undefined || other === undefined) return false
  // A backend that got its reading through a structured clone has no bytes to compare.
  return !(one instanceof SecretKey && other instanceof SecretKey) || one.equals(other)
}

function sameAmnezia(
  one: AmneziaParameters | undefined,
  other: AmneziaParameters | undefined,
): boolean {
  if (one === other) return true
  const { headerProtectionKey, ...parameters } = one ?? {}
  const { headerProtectionKey: later, ...others } = other ?? {}
  return sameSecret(headerProtectionKey, later) && isDeepStrictEqual(parameters, others)
}

/** Most peers have none. The order of keys is no part of it. */
function sameExtra(one: ExtraKeys | undefined, other: ExtraKeys | undefined): boolean {
  return one === other || isDeepStrictEqual(one, other)
}

function isOld({ lastHandshake }: Peer, now: number): boolean {
  return lastHandshake !== undefined && now - lastHandshake.getTime() > SESSION_TIME
}
