import type { Backend, Device } from '@wgctrl/types'
import { UserspaceBackend } from '@wgctrl/uapi'
import type { Globals } from '../globals.js'

/**
 * The devices of this machine as wg(8) finds them: userspace first, and the kernel's only where there is
 * no socket, so that what a kernel device needs is not loaded for the others.
 */
export class Backends implements AsyncDisposable {
  readonly userspace: Backend
  readonly #globals: Globals
  #kernel: Promise<Backend> | undefined

  constructor(globals: Globals) {
    this.userspace = new UserspaceBackend(globals.trust)
    this.#globals = globals
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
    const { backend } = this.#globals
    try {
      if (backend !== 'linux-kernel') return await this.userspace.device(name)
    } catch (error) {
      if (backend === 'userspace' || !isAbsent(error)) throw error
    }
    return (await this.kernel()).device(name)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.userspace[Symbol.asyncDispose]()
    await (await this.#kernel)?.[Symbol.asyncDispose]()
  }
}

/** No socket, or one that its daemon left behind, or a name that no socket has. */
function isAbsent(error: unknown): boolean {
  const { code, path } = error as { code: string; path?: string }
  return ['ENODEV', 'ECONNREFUSED'].includes(code) || (code === 'EINVAL' && path === 'name')
}
