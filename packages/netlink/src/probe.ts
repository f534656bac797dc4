import { existsSync, readFileSync } from 'node:fs'
import { release } from 'node:os'
import { type ErrorCode, type WireGuardDialect, WireGuardError } from '@wgctrl/types'
import { Connection } from './connection.js'
import { type GenlFamily, resolveFamily } from './genl.js'
import type { Namespace } from './socket/namespace.js'
import { NETLINK, openNetlinkSocket } from './socket/socket.js'
import type { Transport } from './socket/transport.js'
import { DIALECTS, dialectOf } from './wireguard/dialects.js'
import { FamilyCache } from './wireguard/family.js'
import { DeviceReader } from './wireguard/get-device.js'

/** Why the kernel's WireGuard, or one device of it, can or cannot be used. */
export type ProbeState =
  /** It can be used; with a device's name, so can the device. */
  | 'ready'
  /** Not Linux, or not x64 or arm64. */
  | 'unsupported-platform'
  /** The native part of ffi-rs does not load. */
  | 'addon-missing'
  /** Sockets of the netlink family are refused: a sandbox, or a kernel without. */
  | 'netlink-refused'
  /** The kernel was built without WireGuard, or its modules are not where they could be loaded. */
  | 'no-kernel-support'
  /** The kernel's modules are there, WireGuard's is not among them. */
  | 'module-missing'
  /** The module is there and was not loaded: blacklisted, or loading is not allowed. */
  | 'module-not-loaded'
  | 'no-permission'
  | 'no-such-device'
  | 'not-wireguard'

export interface ProbeResult {
  readonly state: ProbeState
  /** What is wrong, and what to do about it; one or two sentences. */
  readonly message: string
  readonly cause?: unknown
}

export interface ProbeOptions {
  /** Absent: `wireguard`. */
  dialect?: WireGuardDialect | undefined
  netns?: Namespace | undefined
  /** Also looks at this device. */
  device?: string | undefined
  openTransport?: ((protocol: number) => Transport | Promise<Transport>) | undefined
  /** Where the kernel's modules are; for tests. */
  modulesDirectory?: string | undefined
}

/**
 * Finds out whether the kernel's WireGuard can be used here, and if not, what is missing. Asks the
 * kernel for the family, which makes it load the module if it can; changes nothing else.
 *
 * @throws {WireGuardError} only for failures that say nothing about WireGuard, such as a `netns` that
 * does not exist
 */
export async function probe(options: ProbeOptions = {}): Promise<ProbeResult> {
  const { netns, device, openTransport, dialect = 'wireguard' } = options
  const { name } = DIALECTS[dialect]
  const open = openTransport ?? ((protocol: number) => openNetlinkSocket({ protocol, netns }))
  const transport = await attempt(async () => open(NETLINK.generic))
  if ('error' in transport) return socketProblem(transport.error)
  const connection = new Connection(transport.value)
  try {
    const family = await attempt(() => resolveFamily(connection, name))
    if ('error' in family) {
      if (dialect === 'amneziawg') return noAmnezia(family.error)
      return familyProblem(family.error, options.modulesDirectory)
    }
    return await probeDevice(connection, family.value, device)
  } finally {
    await connection.close()
  }
}

type Outcome<T> = { value: T } | { error: unknown }

async function attempt<T>(body: () => T | Promise<T>): Promise<Outcome<T>> {
  try {
    return { value: await body() }
  } catch (error) {
    return { error }
  }
}

/** A kernel, or what stands for one, that has no generic netlink, and so no WireGuard. */
const NOT_THERE = 'EPROTONOSUPPORT'

/** What a sandbox, or a kernel without, answers to socket(2) and setns(2). */
const REFUSALS = new Set(['EPERM', 'EACCES', 'EAFNOSUPPORT', NOT_THERE, 'ESOCKTNOSUPPORT'])

function socketProblem(error: unknown): ProbeResult {
  const { code, path } = error as Partial<WireGuardError>
  if (code === 'EUNSUPPORTED') {
    const message = `${(error as Error).message}. Use a userspace device.`
    const isAddon = (error as WireGuardError).feature === 'ffi-rs'
    return { state: isAddon ? 'addon-missing' : 'unsupported-platform', message, cause: error }
  }
  if (path === 'netns' || code === undefined || !REFUSALS.has(code)) throw error
  const message =
    'Netlink sockets are refused here. A sandbox (seccomp, systemd RestrictAddressFamilies) has to ' +
    'allow AF_NETLINK; entering another network namespace needs CAP_SYS_ADMIN.'
  return { state: 'netlink-refused', message, cause: error }
}

function familyProblem(
  cause: unknown,
  modulesDirectory = `/lib/modules/${release()}`,
): ProbeResult {
  if (!(cause instanceof WireGuardError) || cause.code !== 'ENOENT') throw cause
  const listed = moduleListed(modulesDirectory)
  if (listed === undefined) {
    const message =
      'The kernel has no WireGuard, and its modules cannot be found from here. Run ' +
      '`modprobe wireguard` on the host, install a kernel with WireGuard (5.6 or later), or use a ' +
      'userspace device such as wireguard-go.'
    return { state: 'no-kernel-support', message, cause }
  }
  if (!listed) {
    const message =
      `WireGuard is not among the modules in ${modulesDirectory}. Install the package with the rest ` +
      'of this kernel’s modules, or use a userspace device such as wireguard-go.'
    return { state: 'module-missing', message, cause }
  }
  const message =
    'The WireGuard module is installed but not loaded. Run `modprobe wireguard` as root; if that ' +
    'fails, look for a blacklist in /etc/modprobe.d or kernel.modules_disabled.'
  return { state: 'module-not-loaded', message, cause }
}

/** No kernel comes with it. */
function noAmnezia(cause: unknown): ProbeResult {
  if (!(cause instanceof WireGuardError) || cause.code !== 'ENOENT') throw cause
  const message =
    'The kernel has no AmneziaWG: its module amneziawg is not loaded, or not installed. Install and load it, or use ' +
    'a userspace device of amneziawg-go.'
  return { state: 'module-missing', message, cause }
}

/** Whether depmod's lists name the module; undefined when there are no lists. */
function moduleListed(directory: string): boolean | undefined {
  const lists = ['modules.dep', 'modules.builtin'].map((name) => `${directory}/${name}`)
  const present = lists.filter((path) => existsSync(path))
  if (present.length === 0) return undefined
  return present.some((path) => /\/wireguard\.ko/.test(readFileSync(path, 'utf8')))
}

/** An index that no link has: the permission is checked before the link is looked for. */
const NO_LINK = 0x7fffffff

async function probeDevice(
  connection: Connection,
  family: GenlFamily,
  device: string | undefined,
): Promise<ProbeResult> {
  const borrowed = { acquire: async () => connection, release: async () => {} }
  const reader = new DeviceReader(borrowed, new FamilyCache(family.name))
  const head = await attempt(() => reader.head(device ?? NO_LINK))
  const { title, article } = dialectOf(family.name)
  const ready: ProbeResult = {
    state: 'ready',
    message: `${title} version ${family.version} is ready.`,
  }
  if ('value' in head) return ready
  const cause = head.error
  switch (cause instanceof WireGuardError ? cause.code : undefined) {
    case 'EPERM':
      return {
        state: 'no-permission',
        message:
          `${title} is there, but this process may not use it: it needs CAP_NET_ADMIN in the network ` +
          'namespace. Run it as root, or as a service with AmbientCapabilities=CAP_NET_ADMIN; `setcap` on ' +
          'the node binary would give that to every script, so do it to a copy if at all.',
        cause,
      }
    case 'ENODEV':
      if (device === undefined) return ready
      return { state: 'no-such-device', message: `There is no network interface ${device}.`, cause }
    case 'ENOTWIREGUARD':
      return { state: 'not-wireguard', message: `${device} is not ${article} interface.`, cause }
    default:
      throw cause
  }
}

/** The code of the error for a state other than `ready`: `ENOBACKEND` where the kernel has no devices to be seen. */
export function codeOf({ state, cause }: ProbeResult): ErrorCode {
  if (state === 'no-permission') return 'EPERM'
  if (state === 'addon-missing') return 'EUNSUPPORTED'
  const isRefused = state === 'netlink-refused' && (cause as { code?: string }).code !== NOT_THERE
  return isRefused ? 'EPERM' : 'ENOBACKEND'
}
