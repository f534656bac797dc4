import { checkLinkName, type Device, inContext, type WireGuardDialect } from '@wgctrl/types'
import { Connection } from './connection.js'
import { peerBuilder, toDevice } from './map/device.js'
import type { Namespace } from './socket/namespace.js'
import { NETLINK } from './socket/socket.js'
import { DIALECTS } from './wireguard/dialects.js'
import { FamilyCache } from './wireguard/family.js'
import { DeviceReader } from './wireguard/get-device.js'

/**
 * Reads one device of the kernel, for a program that reads no more than that: without a backend, which loads
 * what makes and changes devices. It waits as long as the kernel does.
 *
 * @param netns the network namespace; absent: the one of the calling thread
 * @throws {WireGuardError} as `device()` of {@link KernelBackend}, but for `ETIMEDOUT`
 */
export async function readKernelDevice(
  name: string,
  netns?: Namespace,
  dialect: WireGuardDialect = 'wireguard',
): Promise<Device> {
  try {
    checkLinkName(name)
    const { name: family, set } = DIALECTS[dialect]
    await using connection = await Connection.open({ protocol: NETLINK.generic, netns })
    const lent = { acquire: async () => connection, release: async () => {} }
    const reader = new DeviceReader(lent, new FamilyCache(family), set)
    return toDevice(await reader.read(name, peerBuilder))
  } catch (error) {
    throw inContext(error, { operation: 'device', device: name, backend: 'linux-kernel' })
  }
}
