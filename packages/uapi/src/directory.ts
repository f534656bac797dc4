import { constants } from 'node:fs'
import { access, lstat, readdir, readFile, realpath, stat, unlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import {
  checkInterfaceName,
  InvalidTypeError,
  invalid,
  isInterfaceName,
  unsupported,
  type WireGuardDialect,
  WireGuardError,
} from '@wgctrl/types'
import { socketFolderOf } from './command.js'
import { isHeld } from './pipe.js'
import type { SocketAddress } from './socket.js'
import { SOCKET_DIRECTORIES, usualDirectory } from './socket-places.js'
import { TrustedSocket } from './trusted-socket.js'

/** @source https://www.wireguard.com/xplatform/#windows */
const PIPE_DIRECTORY = '\\\\.\\pipe\\'
/** @source the same; amneziawg-go, ipc/uapi_windows.go */
const PIPE_PREFIXES: Readonly<Record<WireGuardDialect, string>> = {
  wireguard: 'ProtectedPrefix\\Administrators\\WireGuard\\',
  amneziawg: 'ProtectedPrefix\\Administrators\\AmneziaWG\\',
}

/** `sun_path` less the closing NUL. @source unix(7); sys/un.h of the BSDs */
const longestSocketPath = (platform: NodeJS.Platform): number => (platform === 'linux' ? 107 : 103)

/** Milliseconds between the making of a name file and of its socket. @source wg-quick(8) for macOS */
const NAME_FILE_TOLERANCE = 2000

/**
 * Where userspace devices have their sockets: names to paths and back. Sockets live in the file
 * system, not in a network namespace, so those of every namespace are seen.
 */
export class SocketDirectory {
  readonly #given: string | undefined
  readonly #platform: NodeJS.Platform
  readonly #dialect: WireGuardDialect

  /**
   * @param path absent: where the platform's implementations put theirs
   * @throws {WireGuardError} `EUNSUPPORTED` where devices are pipes, and a path is given
   */
  constructor(
    path?: string,
    platform: NodeJS.Platform = process.platform,
    dialect: WireGuardDialect = 'wireguard',
  ) {
    if (path !== undefined && typeof path !== 'string') {
      throw new InvalidTypeError('options.socketDir', 'must be a path')
    }
    if (path !== undefined && platform === 'win32') {
      throw unsupported('socketDir', 'devices are named pipes on Windows, which are in no folder')
    }
    this.#given = path === undefined ? undefined : resolve(path)
    this.#platform = platform
    this.#dialect = dialect
  }

  /**
   * Names a device among all of this process, without a look at the disk: calls on one device are put
   * in line by it in the order in which they are made.
   */
  lineOf(name: string): string {
    const [usual] = SOCKET_DIRECTORIES[this.#dialect]
    const directory = this.#given ?? usual
    const same = Object.values(SOCKET_DIRECTORIES).find((paths) => paths.includes(directory))
    return join(same?.[0] ?? directory, name)
  }

  /** The directory, whether or not it exists. */
  async path(): Promise<string> {
    if (this.#given !== undefined) return this.#given
    if (this.hasPipes) return PIPE_DIRECTORY
    return usualDirectory(this.#dialect)
  }

  /**
   * The devices that have a socket or pipe, sorted; whether somebody listens is not asked.
   *
   * @throws {WireGuardError} `EUNSUPPORTED` with the feature `list` where pipes cannot be listed: a device can
   * be called by its name all the same
   */
  async names(): Promise<string[]> {
    const directory = await this.path()
    const entries = await readdir(directory).catch(this.hasPipes ? unlisted : ignoreMissing)
    return entries
      .map((entry) => this.#nameOf(entry))
      .filter(isInterfaceName)
      .sort()
  }

  /**
   * What to dial for a device.
   *
   * @throws {WireGuardError} `EINVAL` when it is no interface name, or no socket can have the path
   */
  async socketPath(name: string): Promise<string> {
    checkInterfaceName(name)
    const directory = await this.path()
    if (this.hasPipes) return directory + PIPE_PREFIXES[this.#dialect] + name
    const path = join(directory, `${await this.#realName(directory, name)}.sock`)
    if (Buffer.byteLength(path) <= longestSocketPath(this.#platform)) return path
    throw invalid('options.socketDir', `${path} is too long for the path of a socket`)
  }

  /**
   * Tells one daemon behind a path from the next: another socket file is another daemon.
   *
   * @throws the system's `ENOENT` when there is none
   */
  async identity(path: string): Promise<string> {
    if (this.hasPipes) return path
    const { ino, ctimeMs } = await stat(path)
    return `${ino}:${ctimeMs}`
  }

  /** What to dial where only a socket is wanted that is this user's or root's alone, in such a directory. */
  trusted(path: string): SocketAddress {
    return this.hasPipes ? path : new TrustedSocket(path)
  }

  /**
   * Refuses to start a program whose socket could not be where this directory has it.
   *
   * @throws {WireGuardError} `EUNSUPPORTED` when it is known to put it elsewhere; `ENOENT` when the directory
   * is a link to nothing, `ENOTDIR` when it is none
   */
  async checkHome(command: string): Promise<void> {
    if (this.hasPipes) return
    const directory = await this.path()
    const home = socketFolderOf(command)
    if (home !== undefined && !(await isOneFolder(home, directory))) {
      throw elsewhere(`${command} puts its socket into ${home}`, directory)
    }
    await checkFolder(directory)
  }

  /**
   * Where else a program may have put the socket of a device that it was started for.
   *
   * @returns `undefined` when there is no such place
   */
  async elsewhere(name: string): Promise<string | undefined> {
    const [usual] = SOCKET_DIRECTORIES[this.#dialect]
    if (this.hasPipes || (await isOneFolder(usual, await this.path()))) return undefined
    return join(usual, `${name}.sock`)
  }

  /** What to say of a daemon whose socket is in another place. */
  async misplaced(path: string): Promise<WireGuardError> {
    return elsewhere(`the daemon put its socket to ${path}`, await this.path())
  }

  /** False when there is certainly no socket. */
  async has(path: string): Promise<boolean> {
    return this.hasPipes ? isHeld(path) : exists(path)
  }

  /**
   * Removes a socket file. wireguard-go and boringtun watch theirs and end when it is gone.
   *
   * @throws {WireGuardError} `EUNSUPPORTED`: a pipe is no file
   */
  async remove(path: string): Promise<void> {
    if (this.hasPipes) throw unsupported('delete', 'the program that holds a pipe has to end it')
    await unlink(path)
  }

  /** Devices are named pipes: nothing of the file system, and made by nobody but the program that holds one. */
  get hasPipes(): boolean {
    return this.#platform === 'win32'
  }

  /** Empty: not the entry of a device. */
  #nameOf(entry: string): string {
    if (!this.hasPipes) return entry.endsWith('.sock') ? entry.slice(0, -'.sock'.length) : ''
    const prefix = PIPE_PREFIXES[this.#dialect]
    return entry.startsWith(prefix) ? entry.slice(prefix.length) : ''
  }

  /** macOS names interfaces utunN; `<name>.name` says which one a friendly name stands for. */
  async #realName(directory: string, name: string): Promise<string> {
    if (this.#platform !== 'darwin') return name
    const file = join(directory, `${name}.name`)
    const real = (await readFile(file, 'utf8').catch(() => '')).trim()
    if (!isInterfaceName(real)) return name
    return (await areOfOneTime(file, join(directory, `${real}.sock`))) ? real : name
  }
}

/** A name file that was left behind may name what is somebody else's device by now. */
async function areOfOneTime(...paths: [string, string]): Promise<boolean> {
  const [a, b] = await Promise.all(paths.map((path) => stat(path).catch(() => undefined)))
  return a && b ? Math.abs(a.mtimeMs - b.mtimeMs) < NAME_FILE_TOLERANCE : false
}

const elsewhere = (what: string, directory: string): WireGuardError =>
  unsupported(
    'socketDir',
    `${what}, and "socketDir" is ${directory}: leave that out, or name by "daemon" a program that is told to ` +
      `put it there, as ['program', 'argument with the folder']`,
  )

async function isOneFolder(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([one, other].map((path) => realpath(path).catch(() => path)))
  const isSame = (places: readonly string[]) => [one, other].every((path) => places.includes(path))
  return a === b || Object.values(SOCKET_DIRECTORIES).some(isSame)
}

/** A directory that is missing is the daemon's to make; where a link leads to nothing it cannot. */
async function checkFolder(path: string): Promise<void> {
  const isLink = (await lstat(path).catch(() => undefined))?.isSymbolicLink() === true
  const folder = await stat(path).catch(() => undefined)
  if (folder?.isDirectory() || (!folder && !isLink)) return
  const [code, problem] = folder
    ? ['ENOTDIR', 'is no folder']
    : ['ENOENT', 'is a link that leads to nothing']
  throw new WireGuardError(`${path}, where the socket would be, ${problem}`, { code })
}

async function exists(path: string): Promise<boolean> {
  return access(path, constants.F_OK).then(
    () => true,
    () => false,
  )
}

/** Wine cannot, and a process in a sandbox may not. */
function unlisted(cause: NodeJS.ErrnoException): never {
  const problem = `named pipes cannot be listed here (${cause.code}): call a device by its name`
  throw new WireGuardError(problem, { code: 'EUNSUPPORTED', feature: 'list', cause })
}

function ignoreMissing(error: NodeJS.ErrnoException): string[] {
  if (error.code === 'ENOENT') return []
  throw error
}
