import { setTimeout as sleep } from 'node:timers/promises'
import { abortable, type CreateOptions, type DeleteOptions, WireGuardError } from '@wgctrl/types'
import { encodeSet } from './codec/request.js'
import { daemonCommand } from './command.js'
import { Daemon } from './daemon.js'
import type { SocketDirectory } from './directory.js'
import { isSocket } from './failure.js'
import { readIdentity } from './identity.js'
import { hasLink } from './links.js'
import { UapiSocket } from './socket.js'
import { listenersOn } from './socket-holder.js'

/** Milliseconds between two looks at something that no event tells of. */
const POLL_INTERVAL = 10

/**
 * Milliseconds that the link of a daemon may stay when the daemon has let go of its caller. boringtun
 * does so after every operation and looks once a second whether its socket is still there.
 */
const LINK_GRACE = 3000

/** Milliseconds until a daemon that does not let go of its caller passes for one that hangs. */
const HUNG_TIME = 3000

/** What a socket says before its daemon listens, or while it goes away. */
const NOT_READY = new Set<string | undefined>(['ENOENT', 'ECONNREFUSED', 'EPROTO'])

/** Milliseconds in which a program that cannot have a device ends, where nothing else tells whose socket it is. */
const SETTLING_TIME = 1000

/** Milliseconds that a socket refuses connections until it passes for one that nobody listens on. */
const STALE_TIME = 100

/**
 * Starts a daemon and waits until its socket answers. A daemon that dies before, or is not ready in
 * time, leaves nothing behind. Of several that are started for one name at once, by whomever, one has the
 * device.
 *
 * @throws {WireGuardError} `EEXIST`, `EUNSUPPORTED`, `ENOENT`, `EPERM`, `ETIMEDOUT`; what the daemon said is
 * in it
 */
export async function createDevice(
  name: string,
  path: string,
  directory: SocketDirectory,
  options: CreateOptions,
  signal: AbortSignal,
): Promise<void> {
  const isTaken = options.netns === undefined && (await hasLink(name))
  if (isTaken || (await answers(path, signal))) throw taken()
  await directory.checkHome(daemonCommand(options.daemon)[0])
  const socket = await NewSocket.before(path, directory)
  const elsewhere = await directory.elsewhere(name)
  const misplaced =
    elsewhere === undefined ? undefined : await NewSocket.before(elsewhere, directory)
  signal.throwIfAborted()
  const daemon = await Daemon.start(name, options)
  try {
    while (!(await isReady(path, daemon, signal))) {
      await refuseDeath(daemon, socket)
      if (misplaced && (await isOwnSocket(misplaced, daemon))) {
        throw await directory.misplaced(misplaced.path)
      }
      await pause(signal)
    }
  } catch (error) {
    await daemon.stop()
    // The socket of a daemon that died of a namesake is the namesake's.
    if ((error as WireGuardError).code !== 'EEXIST') {
      await socket.remove(daemon)
      await misplaced?.remove(daemon)
    }
    throw daemon.explain(error)
  } finally {
    daemon.release()
  }
}

const taken = (cause?: WireGuardError): WireGuardError =>
  new WireGuardError(`an interface of that name exists${cause ? `; ${cause.message}` : ''}`, {
    code: 'EEXIST',
    ...(cause && { cause }),
  })

/**
 * True once the socket answers and is that of the program that was started. Another program may have been
 * started for the same name at the same moment: one of them is about to die, and the other's socket answers.
 */
async function isReady(path: string, daemon: Daemon, signal: AbortSignal): Promise<boolean> {
  if (!(await answers(path, signal))) return false
  await daemon.end(POLL_INTERVAL)
  if (!daemon.isRunning) return daemon.isInBackground
  const holder = await daemon.holderOf(path)
  if (holder === undefined) await abortable(daemon.end(SETTLING_TIME), signal)
  return holder !== 'other' && daemon.isRunning
}

/** @throws {WireGuardError} why the daemon died, if it did */
async function refuseDeath(daemon: Daemon, socket: NewSocket): Promise<void> {
  const death = await daemon.death()
  if (!death) return
  const isNamesakes =
    death.code === 'EIO' && (await socket.isNew()) && !(await isStale(socket.path))
  throw isNamesakes ? taken(death) : death
}

async function isOwnSocket(socket: NewSocket, daemon: Daemon): Promise<boolean> {
  if (!(await socket.isNew())) return false
  return daemon.isInBackground || (await daemon.holderOf(socket.path)) === 'own'
}

/** The place where a socket is expected, and what was there before. */
class NewSocket {
  readonly path: string
  readonly #directory: SocketDirectory
  readonly #before: string | undefined

  private constructor(path: string, directory: SocketDirectory, before: string | undefined) {
    this.path = path
    this.#directory = directory
    this.#before = before
  }

  static async before(path: string, directory: SocketDirectory): Promise<NewSocket> {
    return new NewSocket(path, directory, await identityOf(directory, path))
  }

  async isNew(): Promise<boolean> {
    const now = await identityOf(this.#directory, this.path)
    return now !== undefined && now !== this.#before
  }

  /** Removes what the daemon, which was stopped, put here: nobody else's. */
  async remove(daemon: Daemon): Promise<void> {
    if (!(await this.isNew())) return
    if (daemon.isInBackground || (await this.#isAbandoned())) {
      await this.#directory.remove(this.path).catch(() => {})
    }
  }

  /** A socket refuses connections also in the moment between its making and its listening. */
  async #isAbandoned(): Promise<boolean> {
    const identity = await identityOf(this.#directory, this.path)
    if (!(await isStale(this.path))) return false
    await sleep(STALE_TIME)
    return (await isStale(this.path)) && (await identityOf(this.#directory, this.path)) === identity
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

/** Whether the socket is the same as before. */
async function hasIdentity(
  directory: SocketDirectory,
  path: string,
  identity: string,
): Promise<boolean> {
  return (await identityOf(directory, path)) === identity
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
 * when it no longer holds the connection that was opened before. One that says nothing is given a while first.
 *
 * @throws the system's error: `ENOENT`, `ECONNREFUSED` when the socket is stale
 */
export async function deleteDevice(
  name: string,
  path: string,
  directory: SocketDirectory,
  { removeStale = false, removeHung = false }: DeleteOptions,
  signal: AbortSignal,
): Promise<void> {
  const listeners = removeHung ? await listenersOn(path) : []
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
    const answer = daemon.receive()
    const gone = answer.then((more) => (more ? untilGone(daemon) : undefined))
    gone.catch(() => {})
    // A daemon that was stopped is found again by its socket, should this call or process end here.
    if (!removeHung) await answer
    const isSilent = removeHung && (await isLate(answer))
    if (isSilent) await endHung(gone, path, listeners)
    if (await hasIdentity(directory, path, identity)) await directory.remove(path)
    if (!removeHung) await gone
    else if (!isSilent && (await isLate(gone))) await endHung(gone, path, listeners)
  } finally {
    daemon.close()
  }
  // The link goes with the daemon's last descriptor, which may be a moment later.
  const end = performance.now() + LINK_GRACE
  while (hadLink && (await hasLink(name)) && performance.now() < end) await pause(signal)
}

async function untilGone(daemon: UapiSocket): Promise<void> {
  while (await daemon.receive()) {}
}

/** Whether a daemon takes so long that it hangs. */
async function isLate(news: Promise<unknown>): Promise<boolean> {
  const waiting = new AbortController()
  const late = sleep(HUNG_TIME, 'late', { signal: waiting.signal }).catch(() => {})
  try {
    return (await Promise.race([news, late])) === 'late'
  } finally {
    waiting.abort()
  }
}

/** Ends who hangs, if it is known who that is: those that listened before and do so still. */
async function endHung(
  gone: Promise<void>,
  path: string,
  listeners: readonly number[],
): Promise<void> {
  const present = new Set(await listenersOn(path))
  const hung = listeners.filter((pid) => present.has(pid))
  for (const pid of hung) process.kill(pid, 'SIGKILL')
  // Whoever is killed in the middle of an answer resets the connection.
  const ended = gone.catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPROTO' && error.code !== 'ECONNRESET') throw error
  })
  if (hung.length > 0) await ended
}

async function pause(signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  await sleep(POLL_INTERVAL)
  signal.throwIfAborted()
}
