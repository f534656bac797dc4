import type { Infer } from '../codec/attribute-set.js'
import { encode } from '../codec/encode.js'
import { encodeGenlHeader, GENL_ATTRIBUTES } from '../codec/genl.js'
import { Writer } from '../codec/writer.js'
import type { GenlFamily } from '../genl.js'
import type { Request } from '../reply.js'
import type { awgDevice } from '../specs/amneziawg.js'
import { WG_CMD, wgDevice, wgPeer } from '../specs/wireguard.js'
import type { DeviceSet } from './coalescer.js'
import type { MessagePlace } from './config-path.js'
import type { PeerWriter } from './peer-writer.js'

/** What a device is set to, in the words of the wire. */
export type DeviceFields = Omit<Infer<typeof awgDevice>, 'peers'>

/** A change in the kernel's words, but for its peers. They are walked once, as messages are made. */
export type WgDeviceChange<P> = DeviceFields & { peers?: Iterable<P> }

export interface PackedMessage extends MessagePlace {
  request: Request
  /** Peers that are complete once this message was applied, of all so far. */
  completePeers: number
}

/** A nest's length is u16 and counts its own header. */
const MAX_NEST = 0xffff

const { peers: PEERS } = wgDevice.fields
const { allowedips: ALLOWED_IPS } = wgPeer.fields

/**
 * Cuts a change into as few set-device messages as fit, by encoded bytes.
 *
 * Fields of the device and `replace-peers` go in the first message alone; later ones carry the name
 * and peers. A port that comes with a mark goes before all of it: the kernel sets the mark before it tries the
 * port, and would keep it when the port is refused. A peer that does not fit beside others begins a
 * message of its own; one that does not fit alone is cut inside its allowed IPs: `replace-allowedips` and all other fields in its first
 * fragment, key, `update-only` and `remove-me` in each.
 *
 * A message's bytes are valid until the next one is asked for; at the end they are zeroed.
 *
 * @source drivers/net/wireguard/netlink.c: wg_set_device
 */
export function* packDevice<P>(
  family: Pick<GenlFamily, 'id' | 'version'>,
  change: WgDeviceChange<P>,
  peerWriter: PeerWriter<P>,
  set: DeviceSet = wgDevice,
): Generator<PackedMessage, void, undefined> {
  const { peers = [], ...device } = change
  const packer = new Packer(family, peerWriter, set)
  const { ifindex, ifname, listenPort, ...rest } = device
  const isPortFirst = listenPort !== undefined && rest.fwmark !== undefined
  try {
    if (isPortFirst) {
      packer.device = { ifindex, ifname, listenPort }
      yield packer.flush()
    }
    packer.device = isPortFirst ? { ifindex, ifname, ...rest } : device
    for (const peer of peers) {
      if (!packer.addWhole(peer)) yield* packer.addInParts(peer)
    }
    yield packer.flush()
  } finally {
    packer.wipe()
  }
}

class Packer<P> {
  readonly #family: Pick<GenlFamily, 'id' | 'version'>
  readonly #peerWriter: PeerWriter<P>
  readonly #set: DeviceSet
  readonly #writer = new Writer(4096)
  /** The fields of the device for the next message, then its name alone. */
  #device: DeviceFields = {}
  #message = -1
  #nest = -1
  #complete = 0
  #firstPeer = 0
  #firstAllowedIp = 0

  constructor(
    family: Pick<GenlFamily, 'id' | 'version'>,
    peerWriter: PeerWriter<P>,
    set: DeviceSet,
  ) {
    this.#family = family
    this.#peerWriter = peerWriter
    this.#set = set
  }

  /** Sets what the next message says of the device itself. */
  set device(fields: DeviceFields) {
    this.#device = fields
  }

  /** Adds a peer to the message that is there. @returns whether it fits */
  addWhole(peer: P): boolean {
    if (this.#nest < 0) return false
    const total = this.#peerWriter.allowedIps(peer)
    const mark = this.#writer.length
    if (this.#writeFragment(peer, 0, total) === total) {
      this.#complete++
      return true
    }
    this.#writer.truncate(mark)
    return false
  }

  /** Adds a peer that begins a message, and goes on in others where it has to. */
  *addInParts(peer: P): Generator<PackedMessage, void, undefined> {
    const total = this.#peerWriter.allowedIps(peer)
    let from = 0
    for (;;) {
      const fresh = this.#nest < 0
      const mark = this.#open()
      if (fresh) this.#firstAllowedIp = from
      const next = this.#writeFragment(peer, from, total)
      if (next === total) break
      if (!fresh) this.#writer.truncate(mark)
      else if (next < 0) throw new RangeError('a peer does not fit in a message')
      else from = next
      yield this.flush()
    }
    this.#complete++
  }

  /** Closes the message; the next `add` begins another. */
  flush(): PackedMessage {
    const writer = this.#writer
    if (this.#message < 0) this.#begin()
    if (this.#nest >= 0) writer.closeAttribute(this.#nest)
    writer.closeMessage(this.#message)
    const packed: PackedMessage = {
      request: { bytes: writer.view(), set: this.#set, start: GENL_ATTRIBUTES },
      completePeers: this.#complete,
      firstPeer: this.#firstPeer,
      firstAllowedIp: this.#firstAllowedIp,
    }
    this.#message = -1
    this.#nest = -1
    this.#firstPeer = this.#complete
    return packed
  }

  /** Messages carry secrets: they do not stay in the buffer. */
  wipe(): void {
    this.#writer.bytes.fill(0)
  }

  #begin(): void {
    const { ifindex, ifname } = this.#device
    this.#message = this.#writer.clear().openMessage(this.#family.id, 0)
    encodeGenlHeader({ command: WG_CMD.setDevice, version: this.#family.version }, this.#writer)
    encode(this.#set, this.#device, this.#writer)
    this.#device = ifname === undefined ? { ifindex } : { ifname }
  }

  /** Makes sure that there is a message with a nest of peers, and returns where the next one goes. */
  #open(): number {
    if (this.#message < 0) this.#begin()
    if (this.#nest < 0) this.#nest = this.#writer.openNest(PEERS.type)
    return this.#writer.length
  }

  /**
   * Writes a peer with its allowed IPs from `from` on, as many as the nest has room for.
   *
   * @returns the first that was not written, or -1 when nothing was
   */
  #writeFragment(peer: P, from: number, total: number): number {
    const writer = this.#writer
    const start = writer.openNest(0)
    this.#peerWriter.peer(peer, from === 0, writer)
    const next = total > from ? this.#writeAllowedIps(peer, from, total) : from
    writer.closeAttribute(start)
    return writer.length - this.#nest > MAX_NEST ? -1 : next
  }

  #writeAllowedIps(peer: P, from: number, total: number): number {
    const writer = this.#writer
    const nest = writer.openNest(ALLOWED_IPS.type)
    let next = from
    for (; next < total; next++) {
      const mark = writer.openNest(0)
      this.#peerWriter.allowedIp(peer, next, writer)
      writer.closeAttribute(mark)
      if (writer.length - this.#nest <= MAX_NEST) continue
      writer.truncate(mark)
      break
    }
    writer.closeAttribute(nest)
    return next
  }
}
