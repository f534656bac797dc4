import type { Backend, Device } from '@wgctrl/types'
import { UserspaceBackend } from '@wgctrl/uapi'
import type { WireGuardClient } from 'wgctrl'
import type { Globals } from '../globals.js'
import type { Io } from '../io.js'
import { deviceNames } from './device-names.js'

/**
 * The devices of this machine as wg(8) finds them: userspace first, and the kernel's only where there is
 * no socket, so that what a kernel device needs is not loaded for the others.
 */
export class Backends implements AsyncDisposable {
  readonly userspace: Backend
  readonly #globals: Globals
  readonly #io: Io
  #kernel: Promise<Backend> | undefined
  #host: Promise<WireGuardClient> | undefined

  constructor(globals: Globals, io: Io) {
    this.userspace = new UserspaceBackend(globals.trust)
    this.#globals = globals
    this.#io = io
  }

  /** The names of all devices, in the order of wg(8) where they are of this machine. */
  async names(): Promise<string[]> {
    if (this.#globals.host === undefined) return await deviceNames(this.#globals)
    return await (await this.#far()).names()
  }

  /** The kernel's devices. */
  kernel(): Promise<Backend> {
    const { netns } = this.#globals
    this.#kernel ??= import('@wgctrl/netlink').then(
      ({ KernelBackend }) => new KernelBackend({ netns }),
    )
    return this.#kernel
  }

  /**
   * Reads a device.
   *
   * @throws {WireGuardError} `ENODEV`, `EPERM`, `ENOBACKEND`, …
   */
  async device(name: string): Promise<Device> {
    const { backend, host } = this.#globals
    if (host !== undefined) return await (await this.#far()).device(name)
    try {
      if (backend !== 'linux-kernel') return await this.userspace.device(name)
    } catch (error) {
      if (backend === 'userspace' || !isAbsent(error)) throw error
    }
    return (await this.kernel()).device(name)
  }

  #far(): Promise<WireGuardClient> {
    this.#host ??= import('../remote/host.js').then(({ openHost }) =>
      openHost(this.#globals, this.#io),
    )
    return this.#host
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.userspace[Symbol.asyncDispose]()
    await (await this.#kernel)?.[Symbol.asyncDispose]()
    await (await this.#host?.catch(() => undefined))?.close()
  }
}

/** No socket, or one that its daemon left behind, or a name that no socket has. */
function isAbsent(error: unknown): boolean {
  const { code, path } = error as { code: string; path?: string }
  return ['ENODEV', 'ECONNREFUSED'].includes(code) || (code === 'EINVAL' && path === 'name')
}
