import { randomInt } from 'node:crypto'
import { open } from 'wgctrl'
import { Coalescer, packDevice, peerBuilder, peerWriter, toChange } from '../codecs.mjs'
import {
  Connection,
  genlRequest,
  KernelBackend,
  NETLINK,
  openNetlinkSocket,
  resolveFamily,
  WG_CMD,
  WG_GENL_NAME,
  wgDevice,
} from '../netlink.mjs'

const NLM_F_REQUEST_DUMP = 0x301

/** @returns {Promise<import('wgctrl').WireGuard>} */
export function openClient() {
  return open({ backends: [new KernelBackend()] })
}

/**
 * A loop that only moves the bytes of a device: datagrams from the library's own kind of socket, of
 * which nothing is decoded.
 *
 * @param {string} device
 */
export async function bareReader(device) {
  const id = await familyId()
  const socket = await openNetlinkSocket({ protocol: NETLINK.generic })
  const buffer = Buffer.allocUnsafeSlow(65_536)

  /** @param {(chunk: Buffer) => void} [keep] */
  const read = async (keep) => {
    const { bytes } = genlRequest(id, WG_CMD.getDevice, 1, wgDevice, { ifname: device })
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    view.setUint16(6, NLM_F_REQUEST_DUMP, true)
    view.setUint32(8, randomInt(1, 2 ** 31), true)
    socket.sendSync(bytes)
    for (;;) {
      const length = await socket.receive(buffer)
      if (length === undefined) return
      keep?.(buffer.subarray(0, length))
    }
  }
  return { read: () => read(), readInto: read, close: () => socket.close() }
}

async function familyId() {
  const connection = await Connection.open({ protocol: NETLINK.generic })
  try {
    return (await resolveFamily(connection, WG_GENL_NAME)).id
  } finally {
    await connection.close()
  }
}

/** Bytes of the headers in front of a message's attributes: nlmsghdr and genlmsghdr. */
const HEADERS = 20
/** Types below are netlink's own. */
const NLMSG_MIN_TYPE = 16

/**
 * Decodes a recorded dump as `device()` does.
 *
 * @param {Buffer[]} chunks
 */
export function decodeRecorded(chunks) {
  const coalescer = new Coalescer(peerBuilder)
  /** @type {import('wgctrl').Peer[]} */
  const peers = []
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      const length = chunk.readUInt32LE(at)
      const type = chunk.readUInt16LE(at + 4)
      if (type >= NLMSG_MIN_TYPE) coalescer.take(chunk, at + HEADERS, at + length, peers)
      at += (length + 3) & ~3
    }
  }
  coalescer.finish(peers)
  return peers.length
}

/** @param {import('@wgctrl/types').CheckedConfig} config */
export function* encode(config) {
  const family = { id: NLMSG_MIN_TYPE, version: 1 }
  for (const { request } of packDevice(family, toChange('wg0', config), peerWriter()))
    yield request.bytes
}

let devices = 0
export const nextDevice = () => devices++

/** Devices go with the namespace: to remove one takes an emulated kernel 7 ms for each peer. */
export async function discard() {}
