import { setTimeout as sleep } from 'node:timers/promises'
import { type CreateOptions, WireGuardError } from '@wgctrl/types'
import { encodeSet } from './codec/request.js'
import { Daemon } from './daemon.js'
import type { SocketDirectory } from './directory.js'
import { isSocket } from './failure.js'
import { readIdentity } from './identity.js'
import { hasLink } from './links.js'
import { UapiSocket } from './socket.js'

/** Milliseconds between two looks at something that no event tells of. */
const POLL_INTERVAL = 10

/**
 * Milliseconds that the link of a daemon may stay when the daemon has let go of its caller. boringtun
 * does so after every operation and looks once a second whether its socket is still there.
 */
const LINK_GRACE = 3000

/** What a socket says before its daemon listens, or while it goes away. */
const NOT_READY = new Set<string | undefined>(['ENOENT', 'ECONNREFUSED', 'EPROTO'])

/**
 * Starts a daemon and waits until its socket answers. A daemon that dies before, or is not ready in
 * time, leaves nothing behind.
 *
 * @throws {WireGuardError} `EEXIST`, `EUNSUPPORTED`, `EPERM`, `ETIMEDOUT`; what the daemon said is in it
 */
export async function createDevice(
  name: string,
  path: string,
  directory: SocketDirectory,
  options: CreateOptions,
  signal: AbortSignal,
): Promise<void> {
  const isTaken = options.netns === undefined && (await hasLink(name))
  if (isTaken || (await answers(path, signal))) {
    throw new WireGuardError('an interface of that name exists', { code: 'EEXIST' })
  }
  const before = await identityOf(directory, path)
  const daemon = await Daemon.start(name, options)
  try {
    while (!(await answers(path, signal))) {
      if (daemon.death) throw daemon.death
      await pause(signal)
    }
  } catch (error) {
    const isAlive = daemon.death === undefined
    await daemon.stop()
    const isNew = (await identityOf(directory, path)) !== before
    // The socket of a daemon that died of a namesake is the namesake's.
    if (isNew && (isAlive || (await isStale(path)))) await directory.remove(path).catch(() => {})
    throw daemon.explain(error)
  } finally {
    await daemon.release()
  }
}

async function answers(path: string, signal: AbortSignal): Promise<boolean> {
  try {
    await readIdentity(path, signal)
    return true
  } catch (error) {
    if (NOT_READY.has((error as NodeJS.ErrnoException).code)) return false
    throw error
  }
}

async function identityOf(directory: SocketDirectory, path: string): Promise<string | undefined> {
  return directory.identity(path).catch(() => undefined)
}

async function isStale(path: string): Promise<boolean> {
  try {
    const socket = await UapiSocket.open(path, AbortSignal.timeout(LINK_GRACE))
    socket.close()
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ECONNREFUSED' && (await isSocket(path))
  }
}

/**
 * Removes the socket, which ends wireguard-go and boringtun, and waits until the daemon is gone: it is
 * when it no longer holds the connection that was opened before.
 *
 * @throws the system's error: `ENOENT`, `ECONNREFUSED` when the socket is stale
 */
export async function deleteDevice(
  name: string,
  path: string,
  directory: SocketDirectory,
  removeStale: boolean,
  signal: AbortSignal,
): Promise<void> {
  const identity = await directory.identity(path)
  const hadLink = await hasLink(name)
  const daemon = await UapiSocket.open(path, signal).catch(async (error) => {
    const isWanted = removeStale && error.code === 'ECONNREFUSED' && (await isSocket(path))
    // Whoever listens there by now is not the one that left it.
    if (!isWanted || (await directory.identity(path)) !== identity) throw error
  })
  if (!daemon) return directory.remove(path)
  try {
    // boringtun, which reads one request in a thread of its own, could not end while it waits for it.
    for (const chunk of encodeSet({ replacePeers: false, peers: [] })) await daemon.send(chunk)
    await directory.remove(path)
    while (await daemon.receive()) {}
  } finally {
    daemon.close()
  }
  // The link goes with the daemon's last descriptor, which may be a moment later.
  const end = performance.now() + LINK_GRACE
  while (hadLink && (await hasLink(name)) && performance.now() < end) await pause(signal)
}

async function pause(signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  await sleep(POLL_INTERVAL)
  signal.throwIfAborted()
}
