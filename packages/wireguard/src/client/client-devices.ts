import {
  type CallOptions,
  type ComparedDevice,
  type ConfigureOptions,
  type CreateOptions,
  Deadline,
  type DeleteOptions,
  type Device,
  type DeviceActivity,
  type DeviceConfig,
  type ExpectedPeers,
  inContext,
  type Peer,
  unsupported,
  withCheckedConfig,
} from '@wgctrl/types'
import type { Backends } from '../backends.js'
import { copyConfig, isLarge, wipeCopy } from '../copy.js'
import type { Turn } from '../device-line.js'
import type { DeviceCalls } from '../interface/context.js'
import { type EndpointResolver, hasNames, PLACEHOLDER, withPlaceholders } from '../resolve.js'
import { comparedDevice } from '../sync/compared-device.js'
import type { CallOrder } from './call-order.js'
import type { LiveDevices } from './live-devices.js'
import type { ClientCallOptions } from './options.js'
import { beginStream } from './peer-stream.js'

/** What calls on devices are made of. */
export interface ClientDevicesContext {
  readonly backends: Backends
  readonly order: CallOrder
  readonly resolver: EndpointResolver
  /** Makes a change; what counts what the change sets back has its say before. */
  readonly counting: LiveDevices['counting']
}

/** The calls on one device, of a user or as part of a turn. */
export class ClientDevices {
  readonly #backends: Backends
  readonly #order: CallOrder
  readonly #resolver: EndpointResolver
  readonly #counting: ClientDevicesContext['counting']

  constructor({ backends, order, resolver, counting }: ClientDevicesContext) {
    this.#backends = backends
    this.#order = order
    this.#resolver = resolver
    this.#counting = counting
  }

  /** Calls that are part of a turn: they do not queue behind it, and reach their end while the client is closed. */
  in(turn: Turn): DeviceCalls {
    return {
      create: (name, options = {}) => this.create(name, options, turn),
      delete: (name, options = {}) => this.delete(name, options, turn),
      device: (name, options = {}) => this.device(name, options, turn),
      activity: (name, options = {}) => this.activity(name, options, turn),
      configure: (name, config, options = {}) => this.configure(name, config, options, turn),
      peek: (name, options = {}) => this.#peek(name, options),
      peers: (name, options = {}) => this.#peers(name, options, turn),
    }
  }

  device(name: string, options: ClientCallOptions, turn?: Turn): Promise<Device> {
    return this.#order.ask('device', name, options, turn, (backend, left) =>
      backend.device(name, left),
    )
  }

  /** As {@link device}; of the peers no more than whether they are there, where the backend can leave out the rest. */
  activity(name: string, options: ClientCallOptions, turn?: Turn): Promise<DeviceActivity> {
    return this.#order.ask<DeviceActivity, ClientCallOptions>(
      'device',
      name,
      options,
      turn,
      (backend, left) => backend.activity?.(name, left) ?? backend.device(name, left),
    )
  }

  /** As {@link device}, without the peers that are as expected. */
  compared(
    name: string,
    expected: ExpectedPeers,
    options: ClientCallOptions,
    turn: Turn,
  ): Promise<ComparedDevice> {
    return this.#order.ask('device', name, options, turn, (backend, left) =>
      comparedDevice(backend, name, expected, left),
    )
  }

  create(name: string, options: CreateOptions & ClientCallOptions, outer?: Turn): Promise<void> {
    return this.#order.change('create', name, options, { turn: outer }, (rest, turn) =>
      this.#order.ask('create', name, rest(), turn, async (backend, left) => {
        if (backend.create) return backend.create(name, left)
        throw unsupported('create', `the ${backend.kind} backend makes no devices`)
      }),
    )
  }

  delete(name: string, options: DeleteOptions & ClientCallOptions, outer?: Turn): Promise<void> {
    return this.#order.change('delete', name, options, { turn: outer }, (rest, turn) =>
      this.#counting(name, undefined, this.#reading(name, rest, turn), () =>
        this.#order.ask('delete', name, rest(), turn, async (backend, left) => {
          if (backend.delete) return backend.delete(name, left)
          throw unsupported('delete', `the ${backend.kind} backend removes no devices`)
        }),
      ),
    )
  }

  async configure(
    name: string,
    config: DeviceConfig,
    options: ConfigureOptions & ClientCallOptions,
    turn?: Turn,
  ): Promise<void> {
    if (isLarge(config)) return this.#apply(name, config, options, turn)
    const copy = copyOf(name, config)
    try {
      await this.#apply(name, copy, options, turn)
    } finally {
      wipeCopy(copy)
    }
  }

  /** What resolves the host names of a config before its turn; undefined: it has none. */
  resolving(
    config: DeviceConfig,
    { timeout }: CallOptions,
  ): ((wait: Deadline) => Promise<DeviceConfig>) | undefined {
    if (!hasNames(config)) return undefined
    return async (wait) => {
      // How long it may take, says the number of tries, unless the caller gave a timeout.
      if (timeout === undefined) wait.pause()
      try {
        return await this.#resolve(config, wait.signal)
      } finally {
        if (timeout === undefined) wait.resume()
      }
    }
  }

  /** Nothing is awaited without need: a call has its place in line from the moment it is made. */
  #apply(
    name: string,
    config: DeviceConfig,
    options: ConfigureOptions & ClientCallOptions,
    outer: Turn | undefined,
  ): Promise<void> {
    const prepare = this.resolving(config, options)
    const place = { turn: outer, prepare, isOfPeers: changesPeersAlone(config) }
    return this.#order.change('configure', name, options, place, (rest, turn, resolved = config) =>
      this.#counting(name, resolved, this.#reading(name, rest, turn), () =>
        this.#order.ask('configure', name, rest(), turn, (backend, left) =>
          backend.configure(name, resolved, left),
        ),
      ),
    )
  }

  #reading(name: string, rest: () => ClientCallOptions, turn: Turn): () => Promise<Device> {
    return () => {
      const { signal, timeout, backend } = rest()
      return this.device(name, { signal, timeout, backend }, turn)
    }
  }

  async #peek(name: string, options: ClientCallOptions): Promise<Device> {
    using deadline = new Deadline(options)
    const { backend: kind, ...call } = options
    const ask = { operation: 'device', kind, signal: deadline.signal }
    return await this.#backends.ask(ask, (backend) => backend.device(name, call))
  }

  async *#peers(
    name: string,
    options: ClientCallOptions,
    turn: Turn,
  ): AsyncGenerator<Peer, void, undefined> {
    const { peers, first } = await this.#order.ask('peers', name, options, turn, (backend, left) =>
      beginStream(backend.peers(name, left)),
    )
    try {
      for (let next = first; !next.done; next = await peers.next()) yield next.value
    } finally {
      await peers.return?.()
    }
  }

  /** A config that is wrong elsewhere is refused before a name server hears of it. */
  async #resolve(config: DeviceConfig, signal: AbortSignal): Promise<DeviceConfig> {
    const placeholders = await withPlaceholders(config, PLACEHOLDER)
    if (placeholders === config) return config
    await withCheckedConfig(placeholders, (checked) => checked(signal))
    return this.#resolver.resolve(config, signal)
  }
}

function changesPeersAlone(config: DeviceConfig): boolean {
  const fields = Object.entries(config ?? {})
  return fields.every(([field, value]) => field === 'peers' || value === undefined)
}

function copyOf(device: string, config: DeviceConfig): DeviceConfig {
  try {
    return copyConfig(config)
  } catch (error) {
    throw inContext(error, { operation: 'configure', device })
  }
}
