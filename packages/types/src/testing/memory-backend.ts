import type { Backend, Capabilities, CreateOptions } from '../backend.js'
import { type BackendOperation, startCall } from '../backend-options.js'
import { type CallOptions, Deadline } from '../call.js'
import { checkConfig, wipeConfig } from '../checked-config.js'
import type { DeviceConfig } from '../config.js'
import type { Device, DeviceKind, Peer } from '../device.js'
import { refuseExtra } from '../dialect.js'
import { inContext, unsupported, WireGuardError } from '../errors.js'
import { checkInterfaceName } from '../interface-name.js'
import { keysOf, refuseOwnKey } from '../own-key.js'
import { FakeDevice } from './fake-device.js'

/** The calls of a backend that a test can make fail. */
export type FakeOperation = Exclude<BackendOperation, 'probe'>

/**
 * A {@link Backend} without a system below it, for the tests of programs that use wgctrl.
 *
 * @example
 * ```ts
 * const wg = await open({ backends: [new MemoryBackend()] })
 * await wg.create('wg0')
 * await wg.configure('wg0', { listenPort: 51820 })
 * ```
 */
export class MemoryBackend implements Backend {
  readonly kind: DeviceKind
  readonly capabilities: Capabilities = {
    create: true,
    mtu: false,
    interfaceIndex: false,
    perNamespace: false,
    endpointScope: true,
    links: false,
  }
  /** The devices by name: look at them, change them, add more. */
  readonly devices: Map<string, FakeDevice> = new Map()
  readonly #failures = new Map<FakeOperation, unknown>()

  constructor(kind: DeviceKind = 'userspace') {
    this.kind = kind
  }

  /** Makes every later call of `operation` throw `error`; `undefined` lets them pass again. */
  fail(operation: FakeOperation, error: unknown): void {
    if (error === undefined) this.#failures.delete(operation)
    else this.#failures.set(operation, error)
  }

  list(options?: CallOptions): Promise<string[]> {
    return this.#call('list', undefined, options, () => [...this.devices.keys()].sort())
  }

  device(name: string, options?: CallOptions): Promise<Device> {
    return this.#call('device', name, options, () => this.#find(name).snapshot())
  }

  async *peers(name: string, options?: CallOptions): AsyncGenerator<Peer, void, undefined> {
    const device = await this.#call('peers', name, options, () => this.#find(name).snapshot())
    for (const peer of device.peers) {
      new Deadline(options).end()
      yield peer
    }
  }

  configure(name: string, config: DeviceConfig, options?: CallOptions): Promise<void> {
    return this.#call('configure', name, options, () => {
      const checked = checkConfig(config)
      if (this.kind === 'linux-kernel') refuseExtra(checked)
      const device = this.#find(name)
      const own = device.snapshot().publicKey
      const keys = keysOf(checked)
      if (own !== undefined && !keys.setsKey) refuseOwnKey(keys, own)
      device.apply(checked)
      wipeConfig(checked)
    })
  }

  create(name: string, options?: CreateOptions): Promise<void> {
    return this.#call('create', name, options, () => {
      if (options?.mtu !== undefined) throw unsupported('mtu', 'a device in memory has no MTU')
      if (this.devices.has(name)) {
        throw new WireGuardError('there is a device of that name', { code: 'EEXIST' })
      }
      this.devices.set(name, new FakeDevice(name, this.kind))
    })
  }

  delete(name: string, options?: CallOptions): Promise<void> {
    return this.#call('delete', name, options, () => {
      this.devices.delete(this.#find(name).name)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #find(name: string): FakeDevice {
    const device = this.devices.get(name)
    if (device) return device
    throw new WireGuardError('no such device', { code: 'ENODEV' })
  }

  async #call<T>(
    operation: FakeOperation,
    device: string | undefined,
    options: CallOptions | undefined,
    body: () => T,
  ): Promise<T> {
    try {
      startCall(operation, options).end()
      if (operation !== 'list') checkInterfaceName(device as string)
      if (this.#failures.has(operation)) throw this.#failures.get(operation)
      return body()
    } catch (error) {
      throw inContext(error, { operation, ...(device && { device }), backend: this.kind })
    }
  }
}
