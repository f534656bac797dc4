import { readFileSync } from 'node:fs'
import { inNamespace } from '@wgctrl/netlink'
import {
  checkFields,
  checkInterfaceName,
  type Device,
  InvalidRangeError,
  isInterfaceName,
  WireGuardError,
} from '@wgctrl/types'
import { thisMachine } from './interface/this-machine.js'
import { FREE_NAME_OPTIONS, FREE_PORT_OPTIONS } from './option-fields.js'
import type { LinkPlace } from './sync/scopes.js'

export interface FreeNameOptions {
  /** What stands before the number. Absent: `wg`. */
  readonly prefix?: string | undefined
}

export interface FreePortOptions {
  /** The lowest that is wanted. Absent: 51820. */
  readonly from?: number | undefined
}

/**
 * The name with the lowest number that neither a device nor any other network interface has.
 *
 * @param names of devices
 */
export async function freeName(
  names: readonly string[],
  place: LinkPlace,
  options: FreeNameOptions,
): Promise<string> {
  checkFields(options, 'options', FREE_NAME_OPTIONS)
  const { prefix = 'wg' } = options
  checkInterfaceName(`${prefix}0`, 'options.prefix')
  const taken = new Set([...names, ...(await linkNames(place))])
  for (let number = 0; isInterfaceName(`${prefix}${number}`); number++) {
    if (!taken.has(`${prefix}${number}`)) return `${prefix}${number}`
  }
  throw new WireGuardError(`every name that begins with ${prefix} is taken`, { code: 'EEXIST' })
}

/** Where netlink is out of reach, devices are all that can be seen. */
async function linkNames({ machine = thisMachine, netns }: LinkPlace): Promise<string[]> {
  if (process.platform !== 'linux' && machine === thisMachine) return []
  try {
    await using rtnl = await machine.openRtnl(netns)
    return (await rtnl.links({ brief: true })).map(({ name }) => name)
  } catch (error) {
    if (error instanceof WireGuardError && error.code === 'EUNSUPPORTED') return []
    throw error
  }
}

/**
 * The lowest UDP port that neither a socket nor a device has, be it one that is switched off.
 *
 * @param devices all there are
 */
export async function freePort(
  devices: readonly Device[],
  place: LinkPlace,
  options: FreePortOptions,
): Promise<number> {
  checkFields(options, 'options', FREE_PORT_OPTIONS)
  const { from = 51820 } = options
  if (!Number.isInteger(from) || from < 1 || from > 65535) {
    throw new InvalidRangeError('options.from', `must be 1 to 65535, got ${from}`)
  }
  const taken = new Set([
    ...devices.map(({ listenPort }) => listenPort),
    ...(await boundPorts(place)),
  ])
  for (let port = from; port <= 65535; port++) if (!taken.has(port)) return port
  throw new WireGuardError(`every UDP port from ${from} on is taken`, { code: 'EADDRINUSE' })
}

const TABLES = ['/proc/thread-self/net/udp', '/proc/thread-self/net/udp6']

/** @source proc_net_tcp.rst: `sl local_address rem_address …`, each address and port in hexadecimal */
/** A machine in memory has no sockets but those of its devices. */
async function boundPorts({ machine, netns }: LinkPlace): Promise<number[]> {
  if (process.platform !== 'linux' || machine) return []
  const readAll = (): string[] => TABLES.map(readTable)
  const texts = netns === undefined ? readAll() : await inNamespace(netns, readAll)
  return texts.flatMap((text) =>
    Array.from(text.matchAll(/^\s*\d+: [\dA-F]+:([\dA-F]{4}) /gm), ([, port = '']) =>
      Number.parseInt(port, 16),
    ),
  )
}

/** A kernel without IPv6 has no table of it. */
function readTable(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}
