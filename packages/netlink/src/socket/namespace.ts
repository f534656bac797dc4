import { closeSync, existsSync, openSync, statSync } from 'node:fs'
import { invalid, quoted, WireGuardError } from '@wgctrl/types'
import { ABI } from './abi.js'
import type { LibC } from './ffi.js'

/** A network namespace: a name of `ip netns`, a path, or the id of a process that is in it. */
export type Namespace = string | number

const { CLONE_NEWNET } = ABI

/** The file that stands for a namespace. @source ip-netns(8), namespaces(7) */
function namespacePath(namespace: Namespace): string {
  if (typeof namespace === 'number') {
    if (Number.isInteger(namespace) && namespace > 0) return `/proc/${namespace}/ns/net`
    throw invalid('netns', `${namespace} is no process id`)
  }
  const isText = typeof namespace === 'string' && !namespace.includes('\0')
  if (isText && namespace.includes('/')) return namespace
  if (!isText || namespace === '' || namespace === '.' || namespace === '..') {
    throw invalid('netns', `${quoted(namespace)} is no name of a network namespace`)
  }
  return `/run/netns/${namespace}`
}

/** The same namespace under any name: the inode of its file. */
export function namespaceIdentity(namespace: Namespace | undefined): string {
  const path = namespace === undefined ? '/proc/thread-self/ns/net' : namespacePath(namespace)
  try {
    return String(statSync(path).ino)
  } catch {
    return path
  }
}

/** @throws {WireGuardError} ENOENT when there is no such namespace */
export function openNamespace(namespace: Namespace): number {
  const path = namespacePath(namespace)
  const legacy = path.replace(/^\/run\/netns\//, '/var/run/netns/')
  const found = existsSync(path) ? path : legacy
  try {
    return openSync(found, 'r')
  } catch (cause) {
    const { code = 'ENOENT', errno } = cause as NodeJS.ErrnoException
    throw new WireGuardError(`network namespace ${namespace}: cannot open ${path}: ${code}`, {
      code: code === 'EACCES' ? 'EPERM' : code,
      errno: errno === undefined ? undefined : Math.abs(errno),
      path: 'netns',
      cause,
    })
  }
}

/** @throws {WireGuardError} `EINVAL` for a file that is none */
function enter(libc: LibC, target: number, namespace: Namespace): void {
  try {
    libc.setns(target, CLONE_NEWNET)
  } catch (error) {
    if (!(error instanceof WireGuardError) || error.code !== 'EINVAL') throw error
    throw new WireGuardError(`${quoted(String(namespace))} is no network namespace`, {
      code: 'EINVAL',
      errno: error.errno,
      path: 'netns',
      cause: error,
    })
  }
}

/**
 * Runs `body` with the calling thread in another network namespace. All of it is synchronous, so
 * nothing else of this process runs in between, and a socket that `body` opens stays there.
 *
 * @throws {NetlinkError} EPERM without CAP_SYS_ADMIN in both namespaces
 */
export function insideNamespace<T>(libc: LibC, namespace: Namespace, body: () => T): T {
  const target = openNamespace(namespace)
  let own: number | undefined
  try {
    own = openSync('/proc/thread-self/ns/net', 'r')
    // Entering the namespace that we are in changes nothing and proves that we can come back.
    libc.setns(own, CLONE_NEWNET)
    enter(libc, target, namespace)
    try {
      return body()
    } finally {
      libc.setns(own, CLONE_NEWNET)
    }
  } finally {
    closeSync(target)
    if (own !== undefined) closeSync(own)
  }
}
