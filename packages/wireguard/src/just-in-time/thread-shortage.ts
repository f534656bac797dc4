import { hasThreadPerPeer, type ReadText, threadLimits, threadRoom } from '@wgctrl/netlink'
import type { DeviceActivity } from '@wgctrl/types'

/**
 * What to warn of when a device shall hold more peers than the machine has threads for: before the device refuses one,
 * no program can be started any more.
 *
 * @param read absent: of this machine
 * @returns `undefined` when they fit, or nobody can tell
 */
export async function threadShortage(
  device: DeviceActivity,
  maxPeers: number,
  read?: ReadText,
): Promise<string | undefined> {
  if (device.kind !== 'linux-kernel' || !Number.isFinite(maxPeers)) return undefined
  // Also of a device that had no room for one: those that it has stay, but peers to come take none.
  if (!(await hasThreadPerPeer(device, read))) return undefined
  const room = await threadRoom(read)
  if (room === undefined) return undefined
  const fitting = device.peers.length + room.left
  if (maxPeers <= fitting) return undefined
  return `maxPeers is ${maxPeers}, and the kernel has a thread for each peer of ${device.name}: ${fitting} fit (${threadLimits(room)})`
}
