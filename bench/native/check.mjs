// Runs beside a real kernel: whether it dumps what dump.mjs makes up, and takes what configure() sends.
// node check.mjs SENT-FOLDER: what a replayed configure() sent, see native.mjs
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openClient } from '../backends/kernel.mjs'
import {
  Connection,
  CTRL_CMD,
  ctrl,
  GENL_ID_CTRL,
  genlRequest,
  NETLINK,
  openNetlinkSocket,
  resolveFamily,
  WG_CMD,
  WG_GENL_NAME,
  wgDevice,
} from '../netlink.mjs'
import { configOf, nameOf } from '../shapes.mjs'
import { dumpOf } from './dump.mjs'

const NLM_F_REQUEST = 1
const NLM_F_ACK = 4
const NLM_F_DUMP = 0x300

const [folder = ''] = process.argv.slice(2)
const wg = await openClient()
const connection = await Connection.open({ protocol: NETLINK.generic })
const family = await resolveFamily(connection, WG_GENL_NAME)
await connection.close()

for (const file of readdirSync(folder)) await checkShape(file)
await wg.close()

/** @param {string} file named `<peers>x<networks of each>` */
async function checkShape(file) {
  const [peers = 0, allowedIPs = 0] = file.split('x').map(Number)
  const shape = { peers, allowedIPs }
  const config = configOf(shape)
  await wg.create('wg0')
  await setUp('wg0', readMessages(join(folder, file)))
  const { interfaceIndex: index = 0 } = await wg.device('wg0')
  for (const [buffer, size] of [
    [131_072, 32_448],
    [4096, 4096],
  ]) {
    const expected = dumpOf({ name: 'wg0', index, config, isBusy: false }, size)
    compare(`${nameOf(shape)} in ${size} bytes`, await dump('wg0', buffer), expected)
  }
  await wg.delete('wg0')
}

function compare(what, real, expected) {
  const at = expected.findIndex((datagram, index) => !real[index]?.equals(datagram))
  if (at < 0 && real.length === expected.length) {
    console.log(`${what}: ${real.length} datagrams are what the kernel makes`)
    return
  }
  const [one = Buffer.alloc(0), other = Buffer.alloc(0)] = [real.at(at), expected.at(at)]
  const byte = one.findIndex((value, index) => value !== other[index])
  const around = (bytes) => bytes.subarray(Math.max(0, byte - 16), byte + 32).toString('hex')
  process.exitCode = 1
  console.log(
    `${what}: datagram ${at} of ${real.length} and ${expected.length}, ${one.length} and ${other.length} bytes, ` +
      `differs at ${byte}: ${around(one)} and ${around(other)}`,
  )
}

/** Sends what was recorded to the kernel as it is, but for family and sequence number. */
async function setUp(name, messages) {
  const socket = await openNetlinkSocket({ protocol: NETLINK.generic })
  const answer = Buffer.allocUnsafeSlow(4096)
  for (const bytes of messages) {
    bytes.writeUInt16LE(family.id, 4)
    socket.sendSync(bytes)
    const length = socket.receiveSync(answer)
    if (length === undefined || answer.readInt32LE(16) !== 0) {
      throw new Error(`the kernel answers ${answer.readInt32LE(16)} to a message for ${name}`)
    }
  }
  await socket.close()
}

async function dump(name, bufferSize) {
  const socket = await openNetlinkSocket({ protocol: NETLINK.generic })
  const buffer = Buffer.allocUnsafeSlow(bufferSize)
  // The kernel goes by the largest buffer that was read into so far: a first question tells it.
  request(socket, askFamily().bytes, NLM_F_ACK)
  drain(socket, buffer)
  const { bytes } = genlRequest(family.id, WG_CMD.getDevice, 1, wgDevice, { ifname: name })
  request(socket, bytes, NLM_F_DUMP)
  const datagrams = drain(socket, buffer)
  await socket.close()
  return datagrams
}

function askFamily() {
  return genlRequest(GENL_ID_CTRL, CTRL_CMD.getFamily, 2, ctrl, { familyName: WG_GENL_NAME })
}

function request(socket, bytes, flags) {
  Buffer.from(bytes.buffer, bytes.byteOffset).writeUInt16LE(NLM_F_REQUEST | flags, 6)
  socket.sendSync(bytes)
}

/** Sequence number and port are the socket's own, the family's number the machine's. */
function drain(socket, buffer) {
  const datagrams = []
  for (;;) {
    const length = socket.receiveSync(buffer)
    if (length === undefined) return datagrams
    const copy = Buffer.from(buffer.subarray(0, length))
    for (let at = 0; at < length; at += (copy.readUInt32LE(at) + 3) & ~3) {
      if (copy.readUInt16LE(at + 4) === family.id) copy.writeUInt16LE(37, at + 4)
      copy.fill(0, at + 8, at + 16)
    }
    datagrams.push(copy)
  }
}

/** @returns {Buffer[]} */
function readMessages(file) {
  const all = readFileSync(file)
  const messages = []
  for (let at = 0; at < all.length; ) {
    const length = all.readUInt32LE(at)
    messages.push(Buffer.from(all.subarray(at + 4, at + 4 + length)))
    at += 4 + length
  }
  return messages
}
