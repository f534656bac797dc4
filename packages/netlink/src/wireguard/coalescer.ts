import { type AmneziaName, LIMITS, secretBytes } from '@wgctrl/types'
import { align } from '../codec/align.js'
import { readString, readU16, readU32 } from '../codec/bytes.js'
import { locate, slotsFor, type UnknownTally } from '../codec/decode.js'
import { elementEnd } from '../codec/elements.js'
import { ATTRIBUTE_HEADER } from '../codec/writer.js'
import { protocolError } from '../errors.js'
import { AWG_PARAMETERS, awgDevice } from '../specs/amneziawg.js'
import { WG_KEY_LEN, wgDevice, wgPeer } from '../specs/wireguard.js'
import type { PeerBuilder } from './peer-builder.js'

/** Copies; that of the key holds a secret. */
export type AmneziaPayloads = { [name in AmneziaName]?: Uint8Array }

/** What a device has beside its peers. Keys are copies. */
export interface DeviceHead {
  ifindex?: number
  ifname?: string
  privateKey?: Uint8Array
  publicKey?: Uint8Array
  listenPort?: number
  fwmark?: number
  /** Payloads, by the names of parameters. */
  amnezia?: AmneziaPayloads
}

/** What the devices of a family have: WireGuard's, or a fork's with more. */
export type DeviceSet = typeof wgDevice | typeof awgDevice

const DEVICE = wgDevice.fields
const PUBLIC_KEY = wgPeer.fields.publicKey.type * 2

/** Messages in a row that bring nothing: a peer that cannot fit makes the kernel send them for ever. */
const MAX_IDLE = 16

/**
 * Peers of a dump that are read by the tables alone. V8 interprets what ran a few times only, and the engine's own words
 * for keys and addresses, which the tables' way uses, are faster than that.
 */
const FEW = 32

/** Bytes of the smallest allowed IP: a nest with a family, an IPv4 address and a prefix length. */
const ALLOWED_IP = 28

/** Bytes that the fragments of one peer may have together. */
const MAX_PEER = LIMITS.allowedIPs * ALLOWED_IP

/** Bytes that the messages of a device that is kept whole may have together. */
export const MAX_DEVICE = LIMITS.allowedIPsOfDevice * ALLOWED_IP + LIMITS.peers * 256

/**
 * Puts the messages of a get-device dump together.
 *
 * A peer whose allowed IPs did not fit goes on as the first peer of the next message, with its key
 * and more allowed IPs and nothing else; that can repeat. So a peer is complete once another key
 * follows or the dump ends. Device attributes are taken from where they stand first: later messages
 * may repeat them, or lack even the name.
 *
 * @source the kernel's wireguard netlink specification, get-device
 */
export class Coalescer<P> {
  readonly head: DeviceHead = {}
  readonly unknown: UnknownTally = new Map()
  /** Of all messages so far. */
  bytes = 0
  readonly #builder: PeerBuilder<P>
  readonly #device: DeviceSet
  readonly #deviceSlots: Int32Array
  readonly #peerSlots = slotsFor(wgPeer)
  readonly #lastKey = new Uint8Array(WG_KEY_LEN)
  #last: P | undefined
  #idle = 0
  #peers = 0
  #continued = 0

  /** @param device the attributes that devices of the family have */
  constructor(builder: PeerBuilder<P>, device: DeviceSet = wgDevice) {
    this.#builder = builder
    this.#device = device
    this.#deviceSlots = slotsFor(device)
  }

  /**
   * Takes the attributes of one message. Peers that are complete now are added to `complete`.
   *
   * @throws {NetlinkError} EPROTO for lengths that lie, a peer without key, no progress, or no end
   */
  take(bytes: Uint8Array, start: number, end: number, complete: P[]): void {
    const slots = this.#deviceSlots
    this.bytes += end - start
    locate(this.#device, bytes, start, end, slots, this.unknown)
    this.#takeHead(bytes, slots)
    if (this.#device === awgDevice) this.#takeAmnezia(bytes, slots)
    const peers = slots[DEVICE.peers.type * 2] as number
    const peersEnd = slots[DEVICE.peers.type * 2 + 1] as number
    this.#idle = peers === peersEnd ? this.#idle + 1 : 0
    if (this.#idle > MAX_IDLE) throw protocolError('the dump of the device makes no progress')
    this.#takePeers(bytes, peers, peersEnd, complete)
  }

  /** The dump ended: the last peer is complete too. */
  finish(complete: P[]): void {
    if (this.#last !== undefined) complete.push(this.#last)
    this.#last = undefined
  }

  #takePeers(bytes: Uint8Array, start: number, end: number, complete: P[]): void {
    if (start === end) return
    let previousKey = 0
    for (let o = start; o < end; ) {
      const stop = elementEnd(bytes, o, end)
      // The usual form begins with the key. Only the first peer of a message can go on from the one before.
      const mayGoOn = o === start && this.#goesOn(bytes, o + 4 + ATTRIBUTE_HEADER)
      const isOneOfFew = this.#peers < FEW || mayGoOn
      const isLast = o + align(stop - o) >= end
      const isKnown = !isOneOfFew && !isLast && this.#builder.isKnown?.(bytes, o + 4, stop)
      const usual = isOneOfFew || isKnown ? undefined : this.#builder.usual?.(bytes, o + 4, stop)
      if (isKnown) this.#begin(undefined, complete)
      else if (usual !== undefined) {
        this.#begin(usual, complete)
        previousKey = o + 4 + ATTRIBUTE_HEADER
      } else previousKey = this.#takePeer(bytes, o, stop, o === start, complete)
      o += align(stop - o)
    }
    this.#lastKey.set(bytes.subarray(previousKey, previousKey + WG_KEY_LEN))
  }

  /** @returns where its key stands */
  #takePeer(bytes: Uint8Array, o: number, stop: number, isFirst: boolean, complete: P[]): number {
    const slots = this.#peerSlots
    locate(wgPeer, bytes, o + 4, stop, slots, this.unknown)
    const key = slots[PUBLIC_KEY] as number
    if (key === 0) throw protocolError('the kernel lists a peer without a public key')
    if (isFirst && this.#goesOn(bytes, key)) {
      this.#continued += stop - o
      if (this.#continued > MAX_PEER) throw protocolError('a peer does not end')
      this.#builder.append(this.#last as P, bytes, o + 4, stop, slots, this.unknown)
    } else this.#begin(this.#builder.peer(bytes, o + 4, stop, slots, this.unknown), complete)
    return key
  }

  /** The peer before is complete. @param peer `undefined`: nothing is made of it */
  #begin(peer: P | undefined, complete: P[]): void {
    if (this.#last !== undefined) complete.push(this.#last)
    this.#continued = 0
    if (++this.#peers > LIMITS.peers) throw protocolError('the dump of the device does not end')
    this.#last = peer
  }

  #goesOn(bytes: Uint8Array, key: number): boolean {
    if (this.#last === undefined) return false
    for (let i = 0; i < WG_KEY_LEN; i++) if (bytes[key + i] !== this.#lastKey[i]) return false
    return true
  }

  #takeHead(bytes: Uint8Array, slots: Int32Array): void {
    const { head } = this
    const at = (type: number): number => slots[type * 2] as number
    const { ifindex, ifname, privateKey, publicKey, listenPort, fwmark } = DEVICE
    if (at(ifindex.type)) head.ifindex ??= readU32(bytes, at(ifindex.type))
    if (at(ifname.type)) {
      head.ifname ??= readString(bytes, at(ifname.type), slots[ifname.type * 2 + 1] as number)
    }
    if (at(privateKey.type)) head.privateKey ??= keyAt(bytes, at(privateKey.type))
    if (at(publicKey.type)) head.publicKey ??= keyAt(bytes, at(publicKey.type))
    if (at(listenPort.type)) head.listenPort ??= readU16(bytes, at(listenPort.type))
    if (at(fwmark.type)) head.fwmark ??= readU32(bytes, at(fwmark.type))
  }

  /** Later messages may repeat none of them. */
  #takeAmnezia(bytes: Uint8Array, slots: Int32Array): void {
    for (const [name, type] of AWG_PARAMETERS) {
      const from = slots[type * 2] as number
      if (from === 0 || this.head.amnezia?.[name] !== undefined) continue
      this.head.amnezia ??= {}
      this.head.amnezia[name] =
        name === 'headerProtectionKey'
          ? keyAt(bytes, from)
          : new Uint8Array(bytes.subarray(from, slots[type * 2 + 1] as number))
    }
  }
}

const keyAt = (bytes: Uint8Array, o: number): Uint8Array => {
  const key = secretBytes()
  key.set(bytes.subarray(o, o + WG_KEY_LEN))
  return key
}
