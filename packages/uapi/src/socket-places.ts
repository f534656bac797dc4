import { existsSync, lstatSync } from 'node:fs'
import { join } from 'node:path'
import { isInterfaceName, KEPT_APART } from '@wgctrl/types'

/** The same directory where /var/run links to /run; the first that exists counts. */
export const SOCKET_DIRECTORIES: readonly string[] = ['/var/run/wireguard', '/run/wireguard']

/** Where the implementations of this platform put their sockets, whether or not it exists; none on Windows. */
export function usualDirectory(): string {
  // No hop to the thread pool for what is in memory.
  return SOCKET_DIRECTORIES.find((path) => existsSync(path)) ?? (SOCKET_DIRECTORIES[0] as string)
}

/**
 * False when there is certainly no userspace device of a name in the usual place. It looks at one file, and is
 * asked before anything is loaded that talks to one.
 */
export function mayHaveSocket(name: string): boolean {
  // Devices are pipes there, or have another name as well.
  if (process.platform === 'win32' || process.platform === 'darwin') return true
  if (!isInterfaceName(name)) return false
  try {
    const path = join(usualDirectory(), `${name}.sock`)
    return lstatSync(path, { ...KEPT_APART, throwIfNoEntry: false }) !== undefined
  } catch {
    return true
  }
}
