import type { Backend, Device } from '@wgctrl/types'
import { UserspaceBackend } from '@wgctrl/uapi'

/**
 * The devices of this machine as wg(8) finds them: userspace first, and the kernel's only where there is
 * no socket, so that what a kernel device needs is not loaded for the others.
 */
export class Backends implements AsyncDisposable {
  readonly userspace: Backend = new UserspaceBackend()
  #kernel: Promise<Backend> | undefined

  /** The kernel's devices. */
  kernel(): Promise<Backend> {
    this.#kernel ??= import('@wgctrl/netlink').then(({ KernelBackend }) => new KernelBackend())
    return this.#kernel
  }

  /**
   * Reads a device.
   *
   * @throws {WireGuardError} `ENODEV`, `EPERM`, `ENOBACKEND`, …
   */
  async device(name: string): Promise<Device> {
    try {
      return await this.userspace.device(name)
    } catch (error) {
      if (!isAbsent(error)) throw error
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
