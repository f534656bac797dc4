import { readKernelDevice } from '@wgctrl/netlink'
import type { Backend, Device } from '@wgctrl/types'
import { mayHaveSocket } from '@wgctrl/uapi'
import type { WireGuardClient } from 'wgctrl'
import { deviceOptions, type Globals } from '../globals.js'
import type { Io } from '../io.js'

/**
 * The devices of this machine as wg(8) finds them: userspace first, and the kernel's only where there is
 * no socket. What talks to a socket is loaded where there is one.
 */
export class Backends implements AsyncDisposable {
  readonly #globals: Globals
  readonly #io: Io
  #userspace: Promise<Backend> | undefined
  #host: Promise<WireGuardClient> | undefined

  constructor(globals: Globals, io: Io) {
    this.#globals = globals
    this.#io = io
  }

  /** The names of all devices, in the order of wg(8) where they are of this machine. */
  async names(): Promise<string[]> {
    if (this.#globals.host === undefined) return await this.#namesHere()
    return await (await this.#far()).names()
  }

  async #namesHere(): Promise<string[]> {
    const { deviceNames } = await import('./device-names.js')
    return await deviceNames(this.#globals)
  }

  /**
   * Reads a device.
   *
   * @throws {WireGuardError} `ENODEV`, `EPERM`, `ENOBACKEND`, …
   */
  async device(name: string): Promise<Device> {
    const { backend, dialect, host, netns } = this.#globals
    if (host !== undefined) return await (await this.#far()).device(name)
    if (backend === 'userspace') return await this.#ofUserspace(name)
    if (backend === undefined && mayHaveSocket(name, dialect)) {
      try {
        return await this.#ofUserspace(name)
      } catch (error) {
        if (!isAbsent(error)) throw error
      }
    }
    return await readKernelDevice(name, netns, dialect)
  }

  async #ofUserspace(name: string): Promise<Device> {
    this.#userspace ??= import('./userspace.js').then(({ openUserspace }) =>
      openUserspace(deviceOptions(this.#globals)),
    )
    return await (await this.#userspace).device(name)
  }

  #far(): Promise<WireGuardClient> {
    this.#host ??= import('../remote/host.js').then(({ openHost }) =>
      openHost(this.#globals, this.#io),
    )
    return this.#host
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#userspace)?.[Symbol.asyncDispose]()
    await (await this.#host?.catch(() => undefined))?.close()
  }
}

/** No socket, or one that its daemon left behind, or a name that no socket has. */
function isAbsent(error: unknown): boolean {
  const { code, path } = error as { code: string; path?: string }
  return ['ENODEV', 'ECONNREFUSED'].includes(code) || (code === 'EINVAL' && path === 'name')
}
