import {
  type CallOptions,
  type ConfigureOptions,
  type CreateOptions,
  type DeleteOptions,
  type Device,
  type DeviceActivity,
  type DeviceConfig,
  type DeviceKind,
  InvalidTypeError,
  type Peer,
} from '@wgctrl/types'
import type { EndpointResolver } from '../resolve.js'
import type { Machine, Rtnl } from './machine.js'
import type { Namespace } from './namespace.js'

/** What is needed of the facade: `WireGuard` has it. */
export interface DeviceCalls {
  create(name: string, options?: CreateOptions & WithBackend): Promise<void>
  delete(name: string, options?: DeleteOptions & WithBackend): Promise<void>
  device(name: string, options?: CallOptions & WithBackend): Promise<Device>
  /** Of the peers no more than whether they are there. Absent: {@link device} does so. */
  activity?(name: string, options?: CallOptions & WithBackend): Promise<DeviceActivity>
  /**
   * Reads another device as it is at this moment, in no line: whoever is at work on it may be waiting for what
   * we hold. Absent: {@link device} does so.
   */
  peek?(name: string, options?: CallOptions & WithBackend): Promise<Device>
  peers(name: string, options?: CallOptions & WithBackend): AsyncIterable<Peer>
  /** Resolves host names in endpoints. */
  configure(
    name: string,
    config: DeviceConfig,
    options?: ConfigureOptions & WithBackend,
  ): Promise<void>
}

/** A call that may be given one kind of backend alone. */
export interface WithBackend {
  readonly backend?: DeviceKind | undefined
}

/** Where interfaces are brought up and down. */
export interface InterfaceContext {
  readonly wg: DeviceCalls
  /** Turns the names in the endpoints of a config into addresses: an `EndpointResolver`. */
  readonly resolver: Pick<EndpointResolver, 'resolve' | 'resolveSome'>
  /** The network namespace of the interfaces, the same that `wg` was opened for; absent: our own. */
  readonly netns?: Namespace | undefined
  /** Where all of it is; absent: the machine of this process. @internal */
  readonly machine?: Machine | undefined
}

/** @throws {TypeError} `EINVAL`; `path` is `context.wg` */
export function checkContext(context: { readonly wg: object }): void {
  if (typeof context?.wg === 'object' && context.wg !== null) return
  throw new InvalidTypeError('context.wg', 'must be what open() gives, as in { wg }')
}

/** One interface while it is worked on. */
export interface InterfaceHandle {
  readonly name: string
  readonly index: number
  readonly kind: DeviceKind
  readonly wg: DeviceCalls
  readonly machine: Machine
  readonly netns: Namespace | undefined
  readonly rtnl: Rtnl
  readonly signal: AbortSignal | undefined
  /** What every call of `wg` is given. */
  readonly call: CallOptions & WithBackend
}
