import {
  abortable,
  afterTurns,
  type Backend,
  type BackendOperation,
  type CallOptions,
  type Capabilities,
  type ComparedDevice,
  type ConfigureOptions,
  type CreateOptions,
  checkFields,
  checkInterfaceName,
  type DeleteOptions,
  type Device,
  type DeviceActivity,
  type DeviceConfig,
  type ExpectedPeers,
  type FieldsOf,
  inContext,
  inTurn,
  type Peer,
  PeerComparison,
  refuseForeign,
  startCall,
  type UnsafePermissions,
  unsupported,
  WIREGUARD_DIALECTS,
  type WireGuardDialect,
  WireGuardError,
  withCheckedConfig,
} from '@wgctrl/types'
import { checkProgram, daemonCommand } from './command.js'
import { readActivity, readDevice } from './device-reader.js'
import { DeviceWriter } from './device-writer.js'
import { SocketDirectory } from './directory.js'
import { GetExchange } from './exchange.js'
import { explainFailure } from './failure.js'
import { createDevice, deleteDevice } from './life-cycle.js'
import { toPeer } from './map/device.js'
import { changeUnhindered, enterStream } from './read-ahead.js'
import type { SocketAddress } from './socket.js'

export interface UserspaceOptions {
  /** Which protocol the devices speak; absent: `wireguard`. It decides where their sockets are. */
  readonly dialect?: WireGuardDialect | undefined
  /**
   * The directory of the sockets; absent: where the platform's implementations put theirs. With it, a device
   * can be made only by a {@link daemon} that puts its socket there.
   */
  readonly socketDir?: string | undefined
  /** The program that {@link UserspaceBackend.create} starts; see {@link CreateOptions.daemon}. */
  readonly daemon?: CreateOptions['daemon']
  /**
   * What to do with a socket that somebody else than this user and root can write, or that is in a
   * directory of which this is true: keys would be given to whoever listens. Absent: `refuse` it with
   * `EPERM`. `allow` it where a group of users shares a device.
   */
  readonly unsafePermissions?: UnsafePermissions | undefined
}

const OPTIONS: FieldsOf<UserspaceOptions> = {
  dialect: WIREGUARD_DIALECTS,
  socketDir: true,
  daemon: true,
  unsafePermissions: ['refuse', 'allow'],
}

/** What a call on one device works with. */
interface Call {
  readonly path: string
  readonly signal: AbortSignal
}

/**
 * Devices of wireguard-go, boringtun and other programs that listen on a UAPI socket.
 *
 * @source https://www.wireguard.com/xplatform/
 * @example
 * ```ts
 * await using backend = new UserspaceBackend()
 * for (const name of await backend.list()) console.log(await backend.device(name))
 * ```
 */
export class UserspaceBackend implements Backend {
  readonly kind = 'userspace'
  readonly capabilities: Capabilities
  readonly #dialect: WireGuardDialect
  readonly #directory: SocketDirectory
  readonly #unsafePermissions: UnsafePermissions
  readonly #daemon: CreateOptions['daemon']
  readonly #writer: DeviceWriter

  /** @throws {TypeError | WireGuardError} `EINVAL`; `path` names the option. `EUNSUPPORTED`: `socketDir` on Windows */
  constructor(options: UserspaceOptions = {}) {
    checkFields(options, 'options', OPTIONS)
    if (options.daemon !== undefined) daemonCommand(options.daemon)
    this.#dialect = options.dialect ?? 'wireguard'
    this.#directory = new SocketDirectory(options.socketDir, undefined, this.#dialect)
    this.capabilities = {
      create: !this.#directory.hasPipes,
      mtu: false,
      interfaceIndex: false,
      perNamespace: false,
      endpointScope: false,
      links: true,
    }
    this.#unsafePermissions = options.unsafePermissions ?? 'refuse'
    this.#daemon = options.daemon
    this.#writer = new DeviceWriter(this.#directory)
  }

  /**
   * Passes when there is a socket, or a program that could make one; on Windows when there is a pipe, or that
   * cannot be told.
   *
   * @throws {WireGuardError} `ENOBACKEND` when there is neither; `EPERM` when this user may not look
   */
  async probe(options?: CallOptions): Promise<void> {
    using deadline = startCall('probe', options)
    try {
      const names = await abortable(this.#directory.names().catch(unknown), deadline.signal)
      if (names?.length !== 0) return
      if (this.#directory.hasPipes) throw noPipe()
      await checkProgram(daemonCommand(this.#daemon, this.#dialect)[0]).catch(notThere)
    } catch (error) {
      throw inContext(error, { operation: 'probe', backend: this.kind })
    }
  }

  lineOf(name: string): string {
    return this.#directory.lineOf(name)
  }

  async list(options?: CallOptions): Promise<string[]> {
    using deadline = startCall('list', options)
    try {
      return await abortable(this.#directory.names(), deadline.signal)
    } catch (error) {
      throw inContext(error, { operation: 'list', backend: this.kind })
    }
  }

  device(name: string, options?: CallOptions): Promise<Device> {
    return this.#call('device', name, options, ({ path, signal }) =>
      readDevice(name, this.#addressOf(path), signal),
    )
  }

  activity(name: string, options?: CallOptions): Promise<DeviceActivity> {
    return this.#call('device', name, options, ({ path, signal }) =>
      readActivity(name, this.#addressOf(path), signal),
    )
  }

  compared(name: string, expected: ExpectedPeers, options?: CallOptions): Promise<ComparedDevice> {
    return this.#call('device', name, options, async ({ path, signal }) => {
      const comparison = new PeerComparison(expected)
      const device = await readDevice(name, this.#addressOf(path), signal, comparison)
      return { device, unchanged: comparison.unchanged }
    })
  }

  /**
   * See {@link Backend.peers}. The device is read at the pace at which its peers are taken. wireguard-go
   * carries out no change meanwhile: one of this process has the rest of the stream read into memory,
   * one of another process waits.
   */
  async *peers(name: string, options?: CallOptions): AsyncGenerator<Peer, void, undefined> {
    const deadline = startCall('peers', options)
    const { signal } = deadline
    let path: string | undefined
    let close = (): void => {}
    try {
      checkInterfaceName(name)
      const line = this.lineOf(name)
      await afterTurns(line, signal)
      path = await this.#directory.socketPath(name)
      const exchange = await GetExchange.open(this.#addressOf(path), signal)
      const leave = enterStream(line, exchange)
      close = () => {
        leave()
        exchange.close()
      }
      for (let peers = await exchange.next(); peers; peers = await exchange.next()) {
        deadline.pause()
        for (const peer of peers) {
          yield toPeer(peer, exchange.reply.device)
          signal.throwIfAborted()
        }
        deadline.resume()
      }
    } catch (error) {
      throw await this.#explain(error, 'peers', name, path)
    } finally {
      close()
      deadline.end()
    }
  }

  configure(name: string, config: DeviceConfig, options?: ConfigureOptions): Promise<void> {
    return withCheckedConfig(config, (checked) =>
      this.#change('configure', name, options, async ({ path, signal }) => {
        const address = this.#addressOf(path)
        const call = { signal, onProgress: options?.onProgress, ownKey: options?.ownKey }
        const change = await checked(signal)
        refuseForeign(change, this.#dialect)
        return this.#writer.write(name, address, change, call)
      }),
    )
  }

  create(name: string, options: CreateOptions = {}): Promise<void> {
    return this.#change('create', name, options, ({ path, signal }) => {
      const daemon = daemonCommand(options.daemon ?? this.#daemon, this.#dialect)
      if (this.#directory.hasPipes) {
        throw unsupported(
          'create',
          'on Windows a device is made by the program that holds its pipe',
        )
      }
      if (options.mtu !== undefined) {
        throw unsupported('mtu', 'a userspace device is made with the MTU that its daemon chooses')
      }
      return createDevice(name, path, this.#directory, { ...options, daemon }, signal)
    })
  }

  delete(name: string, options: DeleteOptions = {}): Promise<void> {
    return this.#change('delete', name, options, async ({ path, signal }) => {
      await deleteDevice(name, path, this.#directory, options, signal)
      this.#writer.forget(path)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #addressOf(path: string): SocketAddress {
    return this.#unsafePermissions === 'refuse' ? this.#directory.trusted(path) : path
  }

  /** A change is not held up by who reads the device slowly. */
  #change(
    operation: BackendOperation,
    name: string,
    options: CallOptions | undefined,
    body: (call: Call) => Promise<void>,
  ): Promise<void> {
    return this.#call(operation, name, options, (call) =>
      changeUnhindered(this.lineOf(name), () => body(call)),
    )
  }

  /** Carries out a call when those made before it on the same device are over. */
  async #call<T>(
    operation: BackendOperation,
    name: string,
    options: CallOptions | undefined,
    body: (call: Call) => Promise<T>,
  ): Promise<T> {
    using deadline = startCall(operation, options)
    const { signal } = deadline
    let path: string | undefined
    try {
      checkInterfaceName(name)
      return await inTurn(this.lineOf(name), signal, async () => {
        path = await this.#directory.socketPath(name)
        return body({ path, signal })
      })
    } catch (error) {
      throw await this.#explain(error, operation, name, path)
    }
  }

  #explain(error: unknown, operation: string, device: string, path?: string): Promise<unknown> {
    const isThere = async () => path === undefined || this.#directory.has(path)
    return explainFailure(error, { operation, device, backend: this.kind }, isThere)
  }
}

/** Where devices cannot be listed, there may be some. */
function unknown(error: WireGuardError): undefined {
  if (error.code !== 'EUNSUPPORTED') throw error
}

const noPipe = (): WireGuardError =>
  new WireGuardError('no program holds the pipe of a WireGuard device', { code: 'ENOBACKEND' })

/** Without a socket and without a program this machine has no userspace devices. */
function notThere(error: unknown): never {
  if (!(error instanceof WireGuardError) || error.code !== 'EUNSUPPORTED') throw error
  throw new WireGuardError(error.message, { code: 'ENOBACKEND', cause: error })
}
