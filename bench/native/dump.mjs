import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * @typedef {object} Source what a kernel would be asked about
 * @property {string} name
 * @property {number} index of the interface
 * @property {ReturnType<typeof import('../shapes.mjs').configOf>} config
 * @property {boolean} isBusy every peer has shaken hands and moved bytes; else none has
 */

/**
 * What the kernel puts into one datagram at most, by the buffer that is read into.
 *
 * @source net/netlink/af_netlink.c, netlink_dump and netlink_recvmsg: SKB_WITH_OVERHEAD(32768) is the most; wg(8)
 *   reads into a page
 */
const sizes = [32_448, 4096]

/** Types of attributes. @source linux/wireguard.h */
const DEVICE = { ifindex: 1, ifname: 2, listenPort: 6, fwmark: 7, peers: 8 }
const PEER = {
  ...{ publicKey: 1, presharedKey: 2, endpoint: 4, keepalive: 5, handshake: 6 },
  ...{ received: 7, transmitted: 8, allowedIPs: 9, protocolVersion: 10 },
}
const NETWORK = { family: 1, address: 2, mask: 3 }
const NESTED = 0x8000
const NLMSG_DONE = 3
const NLM_F_MULTI = 2
/** The number that `replay.c` gives the family. */
const FAMILY = 37

/** nlmsghdr and genlmsghdr. */
const HEADERS = 20
/** nlmsghdr and the status of the dump. */
const DONE = 20

/**
 * The dumps of a device in files as `replay.c` reads them, one for each size of buffer.
 *
 * @param {string} folder
 * @param {Source} source
 */
export function writeDumps(folder, source) {
  for (const size of sizes) {
    const datagrams = dumpOf(source, size)
    const index = Uint32Array.of(datagrams.length, ...datagrams.map(({ length }) => length))
    const file = join(folder, `${source.name}.${size}`)
    writeFileSync(file, Buffer.concat([Buffer.from(index.buffer), ...datagrams]))
  }
}

/**
 * The datagrams that the kernel answers get-device with, byte by byte but for sequence number and port.
 *
 * @source drivers/net/wireguard/netlink.c, wg_get_device_dump and get_peer: what does not fit goes to the next
 *   datagram, a peer as a whole unless some of its networks fit
 * @param {Source} source
 * @param {number} size of a datagram at most
 */
export function dumpOf({ name, index, config, isBusy }, size) {
  const datagrams = []
  /** Of the peer that is next; begun: all but its networks from that one on was said before. */
  const cursor = { peer: 0, network: 0, isBegun: false }
  const random = numbers()
  const traffic = config.peers.map(() => (isBusy ? trafficOf(random) : idle))
  do {
    const out = new Message(size)
    // Until the first peer is whole.
    if (cursor.peer === 0) putDevice(out, name, index)
    const peers = out.open(DEVICE.peers)
    while (cursor.peer < config.peers.length) {
      if (!putPeer(out, config.peers[cursor.peer], traffic[cursor.peer], cursor)) break
    }
    out.close(peers)
    datagrams.push(out.finish())
  } while (cursor.peer < config.peers.length)
  return withEnd(datagrams, size)
}

/** @typedef {{ seconds: number, nanoseconds: number, received: number, transmitted: number }} Traffic */

/** @type {Traffic} */
const idle = { seconds: 0, nanoseconds: 0, received: 0, transmitted: 0 }

/** @returns {Traffic} */
function trafficOf(random) {
  return {
    seconds: 1_764_290_000 - (random() & 0xffff),
    nanoseconds: random() % 1_000_000_000,
    received: random() * 37,
    transmitted: random() * 37,
  }
}

/** The same at every run. */
function numbers() {
  let state = 1
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return state
  }
}

/** @param {Message} out */
function putDevice(out, name, index) {
  out.u16(DEVICE.listenPort, 0)
  out.u32(DEVICE.fwmark, 0)
  out.u32(DEVICE.ifindex, index)
  out.put(DEVICE.ifname, Buffer.from(`${name}\0`))
}

/**
 * @param {Message} out
 * @returns whether all of the peer is written; `cursor` says where the next datagram goes on
 */
function putPeer(out, peer, traffic, cursor) {
  const start = out.length
  try {
    out.open(0)
    out.put(PEER.publicKey, Buffer.from(peer.publicKey, 'base64'))
    if (!cursor.isBegun) putState(out, peer, traffic)
    const nest = out.open(PEER.allowedIPs)
    for (; cursor.network < peer.allowedIPs.length; cursor.network++) {
      if (putNetwork(out, peer.allowedIPs[cursor.network])) continue
      out.close(nest)
      out.close(start)
      cursor.isBegun = true
      return false
    }
    out.close(nest)
  } catch (error) {
    if (!(error instanceof Full)) throw error
    out.cancel(start)
    return false
  }
  out.close(start)
  cursor.peer++
  cursor.network = 0
  cursor.isBegun = false
  return true
}

/** @param {Message} out */
function putState(out, { presharedKey, endpoint }, traffic) {
  out.put(PEER.presharedKey, Buffer.from(presharedKey, 'base64'))
  const times = [BigInt(traffic.seconds), BigInt(traffic.nanoseconds)]
  out.put(PEER.handshake, Buffer.from(BigInt64Array.from(times).buffer))
  out.u16(PEER.keepalive, 0)
  out.put(PEER.transmitted, Buffer.from(BigUint64Array.of(BigInt(traffic.transmitted)).buffer))
  out.put(PEER.received, Buffer.from(BigUint64Array.of(BigInt(traffic.received)).buffer))
  out.u32(PEER.protocolVersion, 1)
  out.put(PEER.endpoint, socketAddress(endpoint))
}

/** struct sockaddr_in. */
function socketAddress(endpoint) {
  const [address, port] = endpoint.split(':')
  const bytes = Buffer.alloc(16)
  bytes.writeUInt16LE(2, 0)
  bytes.writeUInt16BE(Number(port), 2)
  bytes.set(address.split('.').map(Number), 4)
  return bytes
}

/** @param {Message} out */
function putNetwork(out, cidr) {
  const [address, length] = cidr.split('/')
  const isIPv4 = !address.includes(':')
  let start = -1
  try {
    start = out.open(0)
    out.put(NETWORK.mask, Buffer.of(Number(length)))
    out.u16(NETWORK.family, isIPv4 ? 2 : 10)
    out.put(NETWORK.address, Buffer.from(isIPv4 ? address.split('.').map(Number) : ipv6(address)))
    out.close(start)
    return true
  } catch (error) {
    if (!(error instanceof Full)) throw error
    if (start >= 0) out.cancel(start)
    return false
  }
}

function ipv6(address) {
  const [head = [], tail = []] = address
    .split('::')
    .map((half) => half.split(':').map((group) => Number.parseInt(group, 16)))
  const groups = [...head, ...Array(8 - head.length - tail.length).fill(0), ...tail]
  return groups.flatMap((group) => [group >> 8, group & 255])
}

/** The end of the dump goes into the last datagram where there is room. */
function withEnd(datagrams, size) {
  const done = Buffer.alloc(DONE)
  done.writeUInt32LE(DONE, 0)
  done.writeUInt16LE(NLMSG_DONE, 4)
  done.writeUInt16LE(NLM_F_MULTI, 6)
  const last = datagrams.pop()
  return last.length + DONE <= size
    ? [...datagrams, Buffer.concat([last, done])]
    : [...datagrams, last, done]
}

/** The message has no room for it. */
class Full extends Error {}

/** A get-device message in a datagram of a certain size. */
class Message {
  /** @param {number} size */
  constructor(size) {
    this.bytes = Buffer.alloc(size)
    this.length = HEADERS
  }

  /** @param {number} type */
  open(type) {
    const at = this.#take(4)
    this.bytes.writeUInt16LE(type | NESTED, at + 2)
    return at
  }

  /** @param {number} at */
  close(at) {
    this.bytes.writeUInt16LE(this.length - at, at)
  }

  /** @param {number} at */
  cancel(at) {
    this.bytes.fill(0, at)
    this.length = at
  }

  put(type, payload) {
    const at = this.#take(4 + payload.length)
    this.bytes.writeUInt16LE(4 + payload.length, at)
    this.bytes.writeUInt16LE(type, at + 2)
    this.bytes.set(payload, at + 4)
  }

  u16(type, value) {
    this.put(type, Buffer.of(value & 255, value >> 8))
  }

  u32(type, value) {
    this.put(type, Buffer.from(Uint32Array.of(value).buffer))
  }

  finish() {
    const { bytes, length } = this
    bytes.writeUInt32LE(length, 0)
    bytes.writeUInt16LE(FAMILY, 4)
    bytes.writeUInt16LE(NLM_F_MULTI, 6)
    bytes.writeUInt8(1, 17)
    return bytes.subarray(0, length)
  }

  #take(bytes) {
    const at = this.length
    const end = at + ((bytes + 3) & ~3)
    if (end > this.bytes.length) throw new Full()
    this.length = end
    return at
  }
}
