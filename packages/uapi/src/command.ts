import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { type CreateOptions, InvalidTypeError, invalid, unsupported } from '@wgctrl/types'

/** As wg-quick(8) names it. */
const IMPLEMENTATION_VARIABLE = 'WG_QUICK_USERSPACE_IMPLEMENTATION'

/** The program of the options, of the environment, or wireguard-go. */
export function daemonCommand(daemon?: CreateOptions['daemon']): readonly [string, ...string[]] {
  const given = daemon ?? (process.env[IMPLEMENTATION_VARIABLE] || 'wireguard-go')
  const [command, ...args] = typeof given === 'string' ? [given] : Array.from(given)
  if (![command, ...args].every((part) => typeof part === 'string') || !command) {
    throw new InvalidTypeError('options.daemon', 'must be a program, or [program, ...arguments]')
  }
  return [command, ...args]
}

/**
 * Looks for a program as execvp(3) does.
 *
 * @throws {WireGuardError} `EUNSUPPORTED` when there is none
 */
export async function checkProgram(command: string): Promise<void> {
  const directories = command.includes('/') ? [''] : (process.env.PATH ?? '').split(delimiter)
  for (const directory of directories) {
    if (await isProgram(join(directory, command))) return
  }
  throw unsupported(
    'create',
    `no program ${command}: install wireguard-go, or name another userspace implementation by the ` +
      `option "daemon" or by ${IMPLEMENTATION_VARIABLE} in the environment`,
  )
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}

/**
 * What a command begins with to run in a network namespace.
 *
 * @throws {WireGuardError} `EINVAL`
 * @source nsenter(1); ip-netns(8): a named namespace is a file below /run/netns
 */
export function namespaceEntry(netns: CreateOptions['netns']): string[] {
  if (netns === undefined) return []
  const isPid = typeof netns === 'number' && Number.isInteger(netns) && netns > 0
  if (!isPid && (typeof netns !== 'string' || netns === '' || netns.includes('\0'))) {
    throw invalid('options.netns', 'must be a name of `ip netns`, a path, or a pid')
  }
  const path = isPid ? `/proc/${netns}/ns/net` : join('/run/netns', String(netns))
  const isPath = typeof netns === 'string' && netns.includes('/')
  return ['nsenter', `--net=${isPath ? netns : path}`, '--']
}
