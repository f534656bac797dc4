import { readFile, stat } from 'node:fs/promises'
import { isInterfaceName } from '@wgctrl/types'
import { SocketDirectory } from '@wgctrl/uapi'
import type { Command, Invocation } from './command.js'
import type { Io } from './io.js'
import { warner } from './warner.js'

/** Where devices show. */
interface Places {
  /** The interfaces of this network namespace, as Linux shows them. */
  readonly interfaces: string
  /** Absent: where the platform's implementations put theirs. */
  readonly sockets?: string
}

/** Warns of a name that a userspace device and one of the kernel share: which is meant is no matter of chance. */
export async function warnOfNamesakes(
  command: Command,
  invocation: Invocation,
  io: Io,
  places: Places = { interfaces: '/sys/class/net' },
): Promise<void> {
  const { backend, netns } = invocation.globals
  if (backend !== undefined || netns !== undefined) return
  for (const name of namedDevices(command, invocation.words)) {
    const socket = await socketOf(name, places.sockets)
    if (socket === undefined || !(await isOfKernel(name, places.interfaces))) continue
    warner(
      invocation,
      io,
    )(
      `${name} is a device of the kernel, and one of userspace with the socket ${socket}: the latter is taken; --backend linux-kernel before the command takes the former`,
    )
  }
}

function namedDevices({ arguments: list = [] }: Command, words: readonly string[]): string[] {
  const named = list.flatMap(({ completes, isVariadic }, at) => {
    if (completes !== 'device') return []
    return words.slice(at, isVariadic ? undefined : at + 1)
  })
  return [...new Set(named)].filter(isInterfaceName)
}

async function socketOf(name: string, folder?: string): Promise<string | undefined> {
  try {
    const path = await new SocketDirectory(folder).socketPath(name)
    return (await stat(path)).isSocket() ? path : undefined
  } catch {
    return undefined
  }
}

/** Without netlink, whose library is not loaded for a userspace device. @source drivers/net/wireguard/device.c */
async function isOfKernel(name: string, interfaces: string): Promise<boolean> {
  const uevent = await readFile(`${interfaces}/${name}/uevent`, 'utf8').catch(() => '')
  return /^DEVTYPE=wireguard$/m.test(uevent)
}
