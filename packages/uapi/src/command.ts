import { constants } from 'node:fs'
import { access, statfs } from 'node:fs/promises'
import { basename, delimiter, join } from 'node:path'
import {
  type CreateOptions,
  InvalidTypeError,
  invalid,
  isProgram,
  quoted,
  unsupported,
  type WireGuardDialect,
  WireGuardError,
} from '@wgctrl/types'

/** As wg-quick(8) names it. */
const IMPLEMENTATION_VARIABLE = 'WG_QUICK_USERSPACE_IMPLEMENTATION'

/**
 * Where files of namespaces are: nsfs, and procfs before Linux 3.19. nsenter(1) says of others what only a program's last
 * words tell.
 *
 * @source include/uapi/linux/magic.h: NSFS_MAGIC, PROC_SUPER_MAGIC
 */
const NAMESPACE_FILE_SYSTEMS: ReadonlySet<number> = new Set([0x6e736673, 0x9fa0])

/**
 * Where programs put their sockets that cannot be told where.
 *
 * @source wireguard-go and amneziawg-go, ipc/uapi_unix.go; boringtun, src/device/api.rs
 */
const SOCKET_FOLDERS: Readonly<Record<string, string>> = Object.assign(Object.create(null), {
  'wireguard-go': '/var/run/wireguard',
  boringtun: '/var/run/wireguard',
  'boringtun-cli': '/var/run/wireguard',
  'amneziawg-go': '/var/run/amneziawg',
})

/** The folder that a program is known to put its sockets in; `undefined`: it may be any. */
export function socketFolderOf(command: string): string | undefined {
  return SOCKET_FOLDERS[basename(command)]
}

/** What is started where nobody says otherwise. */
const USUAL_DAEMON: Readonly<Record<WireGuardDialect, string>> = {
  wireguard: 'wireguard-go',
  amneziawg: 'amneziawg-go',
}

/** The program of the options, of the environment, or the usual one. */
export function daemonCommand(
  daemon?: CreateOptions['daemon'],
  dialect: WireGuardDialect = 'wireguard',
): readonly [string, ...string[]] {
  const given = daemon ?? (process.env[IMPLEMENTATION_VARIABLE] || USUAL_DAEMON[dialect])
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
    `no program ${command}: install ${usualOf(command)}, or name another userspace implementation by the ` +
      `option "daemon" or by ${IMPLEMENTATION_VARIABLE} in the environment`,
  )
}

const usualOf = (command: string): string =>
  basename(command) === USUAL_DAEMON.amneziawg ? USUAL_DAEMON.amneziawg : USUAL_DAEMON.wireguard

/**
 * What a command begins with to run in a network namespace.
 *
 * @throws {WireGuardError} `EINVAL`
 * @source nsenter(1); ip-netns(8): a named namespace is a file below /run/netns
 */
export function namespaceEntry(netns: CreateOptions['netns']): string[] {
  return netns === undefined ? [] : ['nsenter', `--net=${namespacePath(netns)}`, '--']
}

function namespacePath(netns: string | number): string {
  const isPid = typeof netns === 'number' && Number.isInteger(netns) && netns > 0
  const isText = typeof netns === 'string' && !['', '.', '..'].includes(netns)
  if (!isPid && (!isText || netns.includes('\0'))) {
    throw invalid('options.netns', 'must be a name of `ip netns`, a path, or a pid')
  }
  if (isPid) return `/proc/${netns}/ns/net`
  return isText && netns.includes('/') ? netns : join('/run/netns', String(netns))
}

/**
 * Looks for a network namespace before a program is started in it, whose words would have to be understood.
 *
 * @throws {WireGuardError} `ENOENT` when there is none, `EPERM`; `EINVAL` for a file of another kind
 */
export async function checkNamespace(netns: CreateOptions['netns']): Promise<void> {
  if (netns === undefined) return
  const path = namespacePath(netns)
  let kind: number
  try {
    await access(path, constants.R_OK)
    kind = (await statfs(path)).type
  } catch (cause) {
    const { code = 'ENOENT' } = cause as NodeJS.ErrnoException
    throw new WireGuardError(`network namespace ${quoted(netns)}: cannot open ${path}: ${code}`, {
      code: code === 'EACCES' ? 'EPERM' : code,
      path: 'options.netns',
      cause,
    })
  }
  if (!NAMESPACE_FILE_SYSTEMS.has(kind)) {
    throw invalid('options.netns', `${path} is no network namespace`)
  }
}
