import { createHash } from 'node:crypto'
import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ofProcess, WireGuardError } from '@wgctrl/types'
import { NetlinkError } from './errors.js'
import { ABI } from './socket/abi.js'
import { type LibC, loadLibC } from './socket/ffi.js'
import { type Namespace, openNamespace } from './socket/namespace.js'

/** What {@link holdLock} takes. */
export interface LockOptions {
  /** The network namespace that the lock is about; absent: the one of the calling thread. */
  readonly netns?: Namespace | undefined
  /** The lock is about what all namespaces of the machine see, such as a file. Absent: false. */
  readonly isOfMachine?: boolean | undefined
  /** Ends the wait, by an abort or because time is up. */
  readonly signal: AbortSignal
}

/** Milliseconds between two tries; nobody tells when a lock becomes free. */
const PAUSE = 20

const FILE_FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW

/**
 * Holds a lock that one process at a time has, and one caller within a process. The kernel lets go of it when
 * the process ends, however it ends. Nothing but the wait takes time, and the wait holds up neither the event
 * loop nor a thread. Who waits is not served in order of arrival. It is not reentrant: who holds it and asks
 * again waits for himself.
 *
 * All processes of one user that see the same /run (else /dev/shm, else /tmp) keep each other out; where none of
 * these can be written the namespace's own file is locked, which is one lock for all subjects.
 *
 * @example
 * ```ts
 * using _ = await holdLock('routing tables', { netns, signal })
 * const table = await findFreeTable(rtnl)
 * await rtnl.addRule({ family: 4, invert: true, firewallMark: table, table })
 * ```
 * @param subject what is locked within the namespace: the name of an interface, or words with a space, which
 *   no interface has; of the machine: the path of a file
 * @returns the lock; disposing of it lets others have it
 * @throws {WireGuardError} `EBUSY` when the time was up: it says which process has the lock; the signal's reason
 *   when it was aborted; `ENOENT` when there is no such namespace
 */
export async function holdLock(
  subject: string,
  { netns, isOfMachine = false, signal }: LockOptions,
): Promise<Disposable> {
  const libc = await loadLibC()
  const namespace = openNamespace(netns ?? '/proc/thread-self/ns/net')
  try {
    const { dev, ino } = fstatSync(namespace)
    const folder = lockFolder()
    const place = isOfMachine ? 'machine' : `${dev}-${ino}`
    for (;;) {
      signal.throwIfAborted()
      const lock = folder
        ? tryFile(libc, join(folder, `${place}-${fileNameOf(subject)}`))
        : tryNamespace(libc, namespace, `${dev}-${ino}`)
      if ('release' in lock) return { [Symbol.dispose]: lock.release }
      await pause(subject, lock.holder, signal)
    }
  } finally {
    closeSync(namespace)
  }
}

interface Held {
  readonly release: () => void
}

interface Taken {
  /** The id of a process, as text; absent: nobody knows. */
  readonly holder?: string | undefined
}

/** Characters of a name that leave room for what stands before it. @source limits.h: NAME_MAX is 255 */
const LONGEST_NAME = 200

function fileNameOf(subject: string): string {
  const name = encodeURIComponent(subject)
  return name.length <= LONGEST_NAME ? name : createHash('sha256').update(subject).digest('hex')
}

/** The first of the folders that is, or can be made, this user's alone. */
function lockFolder(): string | undefined {
  const uid = process.geteuid?.() ?? 0
  const folders = ['/run/wgctrl', `/dev/shm/wgctrl-${uid}`, `/tmp/wgctrl-${uid}`]
  return folders.find((path) => isOwnFolder(path, uid))
}

function isOwnFolder(path: string, uid: number): boolean {
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch {
    // It is there, or it cannot be made: what is there tells.
  }
  try {
    // It may have been made before its file system became read-only.
    accessSync(path, constants.W_OK)
    const folder = lstatSync(path)
    // Who can open the file of a lock can hold it.
    return folder.isDirectory() && folder.uid === uid && (folder.mode & 0o077) === 0
  } catch {
    return false
  }
}

function tryFile(libc: LibC, path: string): Held | Taken {
  const fd = openSync(path, FILE_FLAGS, 0o600)
  let isHeld = false
  try {
    // The one who had it before may have removed the file that we opened.
    isHeld = tryLock(libc, fd) && isAt(fd, path)
    if (!isHeld) return { holder: readFileSync(fd, 'utf8').trim() || undefined }
    ftruncateSync(fd)
    writeSync(fd, `${process.pid}\n`, 0)
    return { release: () => removeFile(fd, path) }
  } finally {
    if (!isHeld) closeSync(fd)
  }
}

function removeFile(fd: number, path: string): void {
  try {
    unlinkSync(path)
  } finally {
    closeSync(fd)
  }
}

function isAt(fd: number, path: string): boolean {
  const there = statSync(path, { throwIfNoEntry: false })
  return there?.ino === fstatSync(fd).ino
}

/** The namespaces whose file this process has locked, and how often: a second lock of ours would wait for the first. */
const namespaces = ofProcess(
  'locked namespaces, 1',
  () => new Map<string, { readonly fd: number; count: number }>(),
)

/** What keeps processes apart, and not the callers of one: they have more than one subject. */
function tryNamespace(libc: LibC, namespace: number, identity: string): Held | Taken {
  let held = namespaces.get(identity)
  if (!held) {
    const fd = openSync(`/proc/self/fd/${namespace}`, 'r')
    if (!tryLock(libc, fd)) {
      closeSync(fd)
      return {}
    }
    held = { fd, count: 0 }
    namespaces.set(identity, held)
  }
  const { fd } = held
  held.count++
  const release = (): void => {
    if (--held.count > 0) return
    namespaces.delete(identity)
    closeSync(fd)
  }
  return { release }
}

function tryLock(libc: LibC, fd: number): boolean {
  try {
    libc.flock(fd, ABI.LOCK_EX | ABI.LOCK_NB)
    return true
  } catch (error) {
    if (error instanceof NetlinkError && error.code === 'EAGAIN') return false
    throw error
  }
}

async function pause(
  subject: string,
  holder: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  try {
    await sleep(PAUSE, undefined, { signal })
  } catch {
    const reason: unknown = signal.reason
    const isLate = reason instanceof WireGuardError && reason.code === 'ETIMEDOUT'
    if (!isLate) throw reason
    const who = holder === undefined ? 'another process' : `process ${holder}`
    throw new WireGuardError(`${who} is at work on ${subject}, and did not end in time`, {
      code: 'EBUSY',
      cause: reason,
    })
  }
}
