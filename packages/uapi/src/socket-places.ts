import { existsSync, lstatSync } from 'node:fs'
import { join } from 'node:path'
import { isInterfaceName, KEPT_APART, type WireGuardDialect } from '@wgctrl/types'

/**
 * The same directory where /var/run links to /run; the first that exists counts.
 *
 * @source amneziawg-go, ipc/uapi_unix.go
 */
export const SOCKET_DIRECTORIES: Readonly<Record<WireGuardDialect, readonly [string, string]>> = {
  wireguard: ['/var/run/wireguard', '/run/wireguard'],
  amneziawg: ['/var/run/amneziawg', '/run/amneziawg'],
}

/** Where the implementations of this platform put their sockets, whether or not it exists; none on Windows. */
export function usualDirectory(dialect: WireGuardDialect): string {
  const directories = SOCKET_DIRECTORIES[dialect]
  // No hop to the thread pool for what is in memory.
  return directories.find((path) => existsSync(path)) ?? directories[0]
}

/**
 * False when there is certainly no userspace device of a name in the usual place. It looks at one file, and is
 * asked before anything is loaded that talks to one.
 */
export function mayHaveSocket(name: string, dialect: WireGuardDialect = 'wireguard'): boolean {
  // Devices are pipes there, or have another name as well.
  if (process.platform === 'win32' || process.platform === 'darwin') return true
  if (!isInterfaceName(name)) return false
  try {
    const path = join(usualDirectory(dialect), `${name}.sock`)
    return lstatSync(path, { ...KEPT_APART, throwIfNoEntry: false }) !== undefined
  } catch {
    return true
  }
}
