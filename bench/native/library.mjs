import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const NLM_F_REQUEST_DUMP = 0x301

/** What a build is called in a table: '' is the one of this checkout. */
export const BEFORE = ' before'

/**
 * The library as it was built in a checkout.
 *
 * @param {string} root
 */
function libraryAt(root) {
  const load = (name) => import(pathToFileURL(join(root, 'packages', name, 'dist/index.js')).href)
  return { wgctrl: () => load('wireguard'), netlink: () => load('netlink') }
}

/**
 * @param {string} root
 * @param {string} kind
 * @returns {Promise<import('wgctrl').WireGuard>}
 */
export async function clientAt(root, kind) {
  const { open } = await libraryAt(root).wgctrl()
  if (kind === 'userspace') return await open({ backends: ['userspace'] })
  const { KernelBackend } = await libraryAt(root).netlink()
  return await open({ backends: [new KernelBackend()] })
}

/**
 * A loop that only moves the bytes of a kernel's device, one datagram after the other off the event loop, and
 * looks at none.
 *
 * @param {string} root
 * @param {string} device
 */
export async function bareReader(root, device) {
  const netlink = await libraryAt(root).netlink()
  const { NETLINK, WG_CMD, WG_GENL_NAME, wgDevice } = netlink
  const connection = await netlink.Connection.open({ protocol: NETLINK.generic })
  const { id } = await netlink.resolveFamily(connection, WG_GENL_NAME)
  await connection.close()
  const socket = await netlink.openNetlinkSocket({ protocol: NETLINK.generic })
  const buffer = Buffer.allocUnsafeSlow(65_536)
  const read = async () => {
    const { bytes } = netlink.genlRequest(id, WG_CMD.getDevice, 1, wgDevice, { ifname: device })
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    view.setUint16(6, NLM_F_REQUEST_DUMP, true)
    view.setUint32(8, randomInt(1, 2 ** 31), true)
    socket.sendSync(bytes)
    while ((await socket.receive(buffer)) !== undefined);
  }
  return { read, close: () => socket.close() }
}
