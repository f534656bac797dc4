import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  statSync,
} from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { checkTrusted, KEPT_APART } from '@wgctrl/types'

/** Opens a folder that may not be read, only to name what is in it. @source linux, asm-generic/fcntl.h */
const O_PATH = process.platform === 'linux' ? 0o10000000 : 0

/** As many as the system itself follows. @source path_resolution(7) */
const MOST_LINKS = 40

/**
 * A socket that is dialled only while nobody but this user and root could have put it there. The folder is
 * judged first, and always: its owner can let anything stand in the socket's place at any moment.
 */
export class TrustedSocket {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  /**
   * Judges the folder and what is in the socket's place, which need not be a socket: that is for connect(2) to
   * tell.
   *
   * @throws {WireGuardError} `EPERM`; the system's `ENOENT`, `ENOTDIR` of the folder
   */
  enter(): Entrance {
    let path = this.path
    for (let links = 0; ; links++) {
      const entrance = new Entrance(path)
      const target = entrance.target
      if (target === undefined || links === MOST_LINKS) return entrance
      entrance.close()
      path = resolve(dirname(path), target)
    }
  }
}

/** A way to a socket by a folder that was judged. It holds a descriptor until it is closed. */
export class Entrance {
  /** What to dial: by the folder's descriptor where the system has that, so that no folder can be swapped. */
  readonly path: string
  readonly #named: string
  readonly #folder: number
  readonly #before: BigIntStats | undefined

  constructor(path: string) {
    this.#named = path
    // All of this is in memory: a hop to the thread pool would take longer than the call.
    this.#folder = openSync(dirname(path), O_PATH | constants.O_DIRECTORY)
    try {
      checkTrusted(dirname(path), fstatSync(this.#folder), true)
      const inFolder = `/proc/self/fd/${this.#folder}`
      this.path = isSameFile(`${inFolder}/.`, this.#folder) ? `${inFolder}/${basename(path)}` : path
      this.#before = this.#look()
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** Where a link leads that stands in the socket's place. */
  get target(): string | undefined {
    return this.#before?.isSymbolicLink() ? readlinkSync(this.path) : undefined
  }

  /**
   * Judges the socket once more, now that it was dialled.
   *
   * @returns false when another stands in its place than before
   * @throws {WireGuardError} `EPERM`
   */
  isStillThere(): boolean {
    const now = this.#look()
    return now?.isSocket() === true && now.ino === this.#before?.ino && now.dev === this.#before.dev
  }

  close(): void {
    closeSync(this.#folder)
  }

  #look(): BigIntStats | undefined {
    const entry = lstatSync(this.path, { ...KEPT_APART, throwIfNoEntry: false })
    if (entry?.isSocket()) {
      checkTrusted(this.#named, { mode: Number(entry.mode), uid: Number(entry.uid) })
    }
    return entry
  }
}

/** False also without /proc, and where a process may not look into its own part of it. */
function isSameFile(path: string, descriptor: number): boolean {
  try {
    const [one, other] = [statSync(path), fstatSync(descriptor)]
    return one.ino === other.ino && one.dev === other.dev
  } catch {
    return false
  }
}
