import type { CheckedConfig, Device } from '@wgctrl/types'
import { FakeDevice } from '@wgctrl/types/testing'
import type { Transport } from '../socket/transport.js'
import { amneziaAttributes } from './amnezia-bytes.js'
import {
  answer,
  attr,
  attributes,
  done,
  find,
  message,
  nested,
  readText,
  s32,
  text,
  u8,
  u16,
  u32,
} from './bytes.js'
import {
  allowedIpElement,
  changesOf,
  continuedPeerAttributes,
  deviceAttributes,
  deviceNamed,
  peerAttributes,
  Refusal,
} from './device-bytes.js'
import { fakeTransport } from './fake-transport.js'

const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  EEXIST: 17,
  ENODEV: 19,
  EINVAL: 22,
  EOPNOTSUPP: 95,
  EADDRINUSE: 98,
}
const NETLINK_ROUTE = 0
const WIREGUARD = 34
const NLM_F_DUMP = 0x300

export interface FakeKernelOptions {
  /** Takes WGALLOWEDIP_F_REMOVE_ME, as 6.16 and later do. Default: false. */
  removesAllowedIPs?: boolean
  /** The version of the family `amneziawg`, which stands in the place of WireGuard's: 1 to 3. Absent: WireGuard. */
  amneziaVersion?: 1 | 2 | 3
  /** Bytes that a datagram of a dump may have; small ones make peers go on in the next. */
  datagramSize?: number
}

/** A network interface of the fake kernel. */
export interface FakeLink {
  index: number
  kind: string
  mtu: number
}

/**
 * A kernel with WireGuard in memory: generic netlink and links as far as this package uses them.
 * Its bytes are made by hand, independent of the codecs. Use it in place of a socket:
 *
 * @example
 * ```ts
 * const kernel = new FakeKernel()
 * const backend = new KernelBackend({ openTransport: kernel.openTransport })
 * await backend.create('wg0')
 * kernel.devices.get('wg0')?.pretend(publicKey, { receivedBytes: 1024n })
 * ```
 */
export class FakeKernel {
  /** The WireGuard devices by name. */
  readonly devices = new Map<string, FakeDevice>()
  /** All links by name; `lo` is there from the start. */
  readonly links = new Map<string, FakeLink>([['lo', { index: 1, kind: '', mtu: 65536 }]])
  /** Without the module there is no family and no link can be made. */
  hasWireGuard = true
  /** Without CAP_NET_ADMIN everything but listing links is EPERM. */
  permitted = true
  /** UDP ports that others have. */
  readonly takenPorts = new Set<number>()
  /** How many of the next device dumps are torn: NLM_F_DUMP_INTR, and short. */
  tornDumps = 0
  readonly #removesAllowedIPs: boolean
  readonly #amneziaVersion: number
  readonly #datagramSize: number
  #nextIndex = 2

  constructor(options: FakeKernelOptions = {}) {
    this.#removesAllowedIPs = options.removesAllowedIPs ?? false
    this.#amneziaVersion = options.amneziaVersion ?? 0
    this.#datagramSize = options.datagramSize ?? 32_000
  }

  /** Opens a socket of a protocol; give it to `KernelBackend`. */
  readonly openTransport = (protocol: number): Transport =>
    fakeTransport((request) =>
      protocol === NETLINK_ROUTE ? this.#route(request) : this.#generic(request),
    )

  /** Adds a link of another kind. */
  addLink(name: string, kind: string): void {
    this.links.set(name, { index: this.#nextIndex++, kind, mtu: 1500 })
  }

  /** Of the family, and of its links. */
  get #kind(): string {
    return this.#amneziaVersion > 0 ? 'amneziawg' : 'wireguard'
  }

  #generic(request: Buffer): Buffer[] {
    const type = request.readUInt16LE(4)
    const payload = request.subarray(20)
    if (type === 16) return this.#family(request, payload)
    if (type !== WIREGUARD || !this.hasWireGuard) return [answer(request, ERRNO.ENOENT)]
    if (!this.permitted) return [answer(request, ERRNO.EPERM)]
    return request[16] === 0 ? this.#getDevice(request, payload) : this.#setDevice(request, payload)
  }

  #family(request: Buffer, payload: Buffer): Buffer[] {
    const name = readText(find(attributes(payload), 2) ?? Buffer.alloc(0))
    if (name !== this.#kind || !this.hasWireGuard) return [answer(request, ERRNO.ENOENT)]
    const operation = (id: number, flags: number) =>
      nested(id + 1, attr(1, u32(id)), attr(2, u32(flags)))
    const reply = message(
      16,
      0,
      request.readUInt32LE(8),
      Buffer.from([1, 2, 0, 0]),
      attr(2, text(name)),
      attr(1, u16(WIREGUARD)),
      attr(3, u32(this.#amneziaVersion || 1)),
      attr(4, u32(0)),
      attr(5, u32(8)),
      nested(6, operation(0, 28), operation(1, 26)),
    )
    return [reply, answer(request, 0)]
  }

  /** @throws {Refusal} ENODEV, EOPNOTSUPP, or EINVAL without name and index */
  #find(payload: Buffer): { name: string; link: FakeLink; device: FakeDevice } {
    const { name, index } = deviceNamed(payload)
    if ((name === undefined) === (index === undefined)) throw new Refusal(ERRNO.EINVAL)
    for (const [linkName, link] of this.links) {
      if (linkName !== name && link.index !== index) continue
      const device = this.devices.get(linkName)
      if (device === undefined) throw new Refusal(ERRNO.EOPNOTSUPP)
      return { name: linkName, link, device }
    }
    throw new Refusal(ERRNO.ENODEV)
  }

  #setDevice(request: Buffer, payload: Buffer): Buffer[] {
    return refusing(request, () => {
      const { device } = this.#find(payload)
      for (const change of changesOf(payload, this.#removesAllowedIPs)) this.#apply(device, change)
      return [answer(request, 0)]
    })
  }

  /** The mark is set before the port is tried, and all else behind it. */
  #apply(device: FakeDevice, change: CheckedConfig): void {
    const { firewallMark, listenPort } = change
    const isRefused = listenPort !== undefined && this.takenPorts.has(listenPort)
    const possible = {
      replacePeers: false,
      peers: [],
      ...(firewallMark !== undefined && { firewallMark }),
    }
    device.apply(isRefused ? possible : change)
    if (isRefused) throw new Refusal(ERRNO.EADDRINUSE)
  }

  #getDevice(request: Buffer, payload: Buffer): Buffer[] {
    return refusing(request, () => {
      const { device, link } = this.#find(payload)
      const torn = this.tornDumps > 0
      if (torn) this.tornDumps--
      const parts = dumpParts(
        device.snapshot(),
        link.index,
        this.#datagramSize,
        this.#amneziaVersion,
      )
      const flags = 0x2 | (torn ? 0x10 : 0)
      const sequence = request.readUInt32LE(8)
      const shown = torn ? parts.slice(0, Math.ceil(parts.length / 2)) : parts
      const datagrams = shown.map((part) =>
        message(WIREGUARD, flags, sequence, Buffer.from([0, 1, 0, 0]), part),
      )
      // DONE rides at the end of the last datagram, as it does on the real one.
      const last = datagrams.pop() ?? Buffer.alloc(0)
      return [...datagrams, Buffer.concat([last, done(request, 0, flags)])]
    })
  }

  #route(request: Buffer): Buffer[] {
    const type = request.readUInt16LE(4)
    const flags = request.readUInt16LE(6)
    return refusing(request, () => {
      if (type === 18 && (flags & NLM_F_DUMP) === NLM_F_DUMP) return this.#listLinks(request)
      if (type === 18) return this.#getLink(request)
      if (!this.permitted) throw new Refusal(ERRNO.EPERM)
      if (type === 16) return this.#newLink(request)
      if (type === 17) return this.#deleteLink(request)
      throw new Refusal(ERRNO.EOPNOTSUPP)
    })
  }

  #listLinks(request: Buffer): Buffer[] {
    const info = find(attributes(request.subarray(32)), 18)
    const kind = info && find(attributes(info), 1)
    const wanted = kind && readText(kind)
    const links = [...this.links].filter(([, link]) => wanted === undefined || link.kind === wanted)
    return [
      Buffer.concat([...links.map((link) => linkMessage(request, 2, ...link)), done(request)]),
    ]
  }

  #getLink(request: Buffer): Buffer[] {
    return [linkMessage(request, 0, ...this.#namedLink(request)), answer(request, 0)]
  }

  #namedLink(request: Buffer): [string, FakeLink] {
    const index = request.readInt32LE(20)
    const named = find(attributes(request.subarray(32)), 3)
    const name = named && readText(named)
    for (const entry of this.links) {
      if (index > 0 ? entry[1].index === index : entry[0] === name) return entry
    }
    throw new Refusal(ERRNO.ENODEV)
  }

  #newLink(request: Buffer): Buffer[] {
    const list = attributes(request.subarray(32))
    const name = readText(find(list, 3) ?? Buffer.alloc(0))
    const info = attributes(find(list, 18) ?? Buffer.alloc(0))
    const kind = readText(find(info, 1) ?? Buffer.alloc(0))
    if (this.links.has(name)) throw new Refusal(ERRNO.EEXIST)
    if (kind !== this.#kind || !this.hasWireGuard) throw new Refusal(ERRNO.EOPNOTSUPP)
    this.links.set(name, {
      index: this.#nextIndex++,
      kind,
      mtu: find(list, 4)?.readUInt32LE() ?? 1420,
    })
    this.devices.set(name, new FakeDevice(name, 'linux-kernel'))
    return [answer(request, 0)]
  }

  #deleteLink(request: Buffer): Buffer[] {
    const [name] = this.#namedLink(request)
    if (name === 'lo') throw new Refusal(ERRNO.EOPNOTSUPP)
    this.links.delete(name)
    this.devices.delete(name)
    return [answer(request, 0)]
  }
}

function refusing(request: Buffer, body: () => Buffer[]): Buffer[] {
  try {
    return body()
  } catch (error) {
    if (error instanceof Refusal) return [answer(request, error.errno)]
    throw error
  }
}

function linkMessage(request: Buffer, flags: number, name: string, link: FakeLink): Buffer {
  const header = Buffer.concat([u8(0), u8(0), u16(65534), s32(link.index), u32(0x90), u32(0)])
  const kind = link.kind === '' ? [] : [nested(18, attr(1, text(link.kind)))]
  const sequence = request.readUInt32LE(8)
  return message(16, flags, sequence, header, attr(3, text(name)), attr(4, u32(link.mtu)), ...kind)
}

/**
 * The attributes of each message of a dump. A peer whose allowed IPs do not fit goes on in the next
 * message with its key and more of them; the name and the device's fields stand in each, as Linux
 * repeats them while the first peer goes on, and readers must not mind.
 */
function dumpParts(device: Device, index: number, size: number, amneziaVersion: number): Buffer[] {
  const parts: Buffer[] = []
  const further = amneziaVersion > 0 ? [amneziaAttributes(device, amneziaVersion)] : []
  const head = deviceAttributes(device, index, ...further)
  const short = attr(2, text(device.name))
  let peers: Buffer[] = []
  let room = size - head.length
  const flush = (): void => {
    const lead = parts.length === 0 ? head : short
    parts.push(Buffer.concat([lead, ...(peers.length > 0 ? [nested(8, ...peers)] : [])]))
    peers = []
    room = size - short.length
  }
  for (const peer of device.peers) {
    const elements = peer.allowedIPs.map(allowedIpElement)
    let fields = peerAttributes(peer, amneziaVersion)
    do {
      if (peers.length > 0 && fields.length + 64 > room) flush()
      const fitting: Buffer[] = []
      room -= fields.length + 8
      for (
        let next = elements[0];
        next && (next.length <= room || fitting.length === 0);
        next = elements[0]
      ) {
        fitting.push(next)
        elements.shift()
        room -= next.length
      }
      peers.push(nested(0, fields, ...(fitting.length > 0 ? [nested(9, ...fitting)] : [])))
      fields = continuedPeerAttributes(peer)
      if (elements.length > 0) flush()
    } while (elements.length > 0)
  }
  flush()
  return parts
}
