import {
  type Backend,
  type CallOptions,
  type Capabilities,
  type CreateOptions,
  type DeleteOptions,
  type Device,
  type DeviceConfig,
  type DeviceKind,
  type PeerIterator,
  WireGuardError,
} from '@wgctrl/types'
import type { BackendStatus } from '../backends.js'
import type { WireGuardClient } from '../wire-guard-client.js'

type Calls = Pick<WireGuardClient, 'names' | 'device' | 'peers' | 'configure' | 'create' | 'delete'>

/** One backend of the server. */
class RemoteBackend implements Backend {
  readonly kind: DeviceKind
  readonly capabilities: Capabilities
  readonly #calls: Calls

  constructor(kind: DeviceKind, capabilities: Capabilities, calls: Calls) {
    this.kind = kind
    this.capabilities = capabilities
    this.#calls = calls
  }

  list(options: CallOptions = {}): Promise<string[]> {
    return this.#calls.names(this.#own(options))
  }

  device(name: string, options: CallOptions = {}): Promise<Device> {
    return this.#calls.device(name, this.#own(options))
  }

  peers(name: string, options: CallOptions = {}): PeerIterator {
    return this.#calls.peers(name, this.#own(options))
  }

  configure(name: string, config: DeviceConfig, options: CallOptions = {}): Promise<void> {
    return this.#calls.configure(name, config, this.#own(options))
  }

  create(name: string, options: CreateOptions = {}): Promise<void> {
    return this.#calls.create(name, { ...options, backend: this.kind })
  }

  delete(name: string, options: DeleteOptions = {}): Promise<void> {
    return this.#calls.delete(name, { ...options, backend: this.kind })
  }

  /** The connection is the client's. */
  async [Symbol.asyncDispose](): Promise<void> {}

  #own({ signal, timeout }: CallOptions): CallOptions & { backend: DeviceKind } {
    return { signal, timeout, backend: this.kind }
  }
}

/** What a server said of its backends. What is none is left out. */
export function statusesOf(told: unknown, calls: Calls): readonly BackendStatus[] {
  if (!Array.isArray(told)) return []
  return told.flatMap((status): BackendStatus[] => {
    const { kind, available, capabilities, reason } = status ?? {}
    if (kind !== 'linux-kernel' && kind !== 'userspace') return []
    if (!available) return reason instanceof WireGuardError ? [{ kind, available, reason }] : []
    return [{ kind, available, backend: new RemoteBackend(kind, capabilities, calls) }]
  })
}
