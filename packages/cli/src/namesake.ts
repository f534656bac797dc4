import { readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { type DeviceKind, isInterfaceName, type WireGuardDialect } from '@wgctrl/types'
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

const MACHINE: Places = { interfaces: '/sys/class/net' }

/** What a command takes without `--backend`: what it says, and the word that takes the other. */
const taken = {
  userspace: 'the latter is taken; --backend linux-kernel before the command takes the former',
  'linux-kernel': 'the former is taken; --backend userspace before the command takes the latter',
} as const

/** Warns of a name that a userspace device and one of the kernel share: which is meant is no matter of chance. */
export async function warnOfNamesakes(
  command: Command,
  invocation: Invocation,
  io: Io,
  places: Places = MACHINE,
): Promise<void> {
  const names = namedDevices(command, invocation.words)
  for (const name of names) await warnOf(name, 'userspace', invocation, io, places)
}

/** The same for a command whose first word is an interface, or the config file of one. */
export async function warnOfNamesake(
  invocation: Invocation,
  io: Io,
  places: Places = MACHINE,
): Promise<void> {
  const name = basename(invocation.words[0] ?? '', '.conf')
  if (isInterfaceName(name)) await warnOf(name, 'linux-kernel', invocation, io, places)
}

async function warnOf(
  name: string,
  kind: DeviceKind,
  invocation: Invocation,
  io: Io,
  { interfaces, sockets }: Places,
): Promise<void> {
  const { backend, dialect = 'wireguard', netns, host } = invocation.globals
  if (backend !== undefined || netns !== undefined || host !== undefined) return
  const socket = await socketOf(name, dialect, sockets)
  if (socket === undefined || !(await isOfKernel(name, dialect, interfaces))) return
  const both = `${name} is a device of the kernel, and one of userspace with the socket ${socket}`
  warner(invocation, io)(`${both}: ${taken[kind]}`)
}

function namedDevices({ arguments: list = [] }: Command, words: readonly string[]): string[] {
  const named = list.flatMap(({ completes, isVariadic }, at) => {
    if (completes !== 'device') return []
    return words.slice(at, isVariadic ? undefined : at + 1)
  })
  return [...new Set(named)].filter(isInterfaceName)
}

async function socketOf(
  name: string,
  dialect: WireGuardDialect,
  folder?: string,
): Promise<string | undefined> {
  try {
    const path = await new SocketDirectory(folder, undefined, dialect).socketPath(name)
    return (await stat(path)).isSocket() ? path : undefined
  } catch {
    return undefined
  }
}

/** Without netlink, whose library is not loaded for a userspace device. @source drivers/net/wireguard/device.c */
async function isOfKernel(
  name: string,
  dialect: WireGuardDialect,
  interfaces: string,
): Promise<boolean> {
  const uevent = await readFile(`${interfaces}/${name}/uevent`, 'utf8').catch(() => '')
  return uevent.split('\n').includes(`DEVTYPE=${dialect}`)
}
