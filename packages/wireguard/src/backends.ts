import {
  abortable,
  type Backend,
  type CallOptions,
  closed,
  Deadline,
  type DeviceKind,
  unsupported,
  WireGuardError,
} from '@wgctrl/types'
import { type Machine, machineOf } from './interface/machine.js'
import { failureOf, isRefusal, mostTelling } from './refusal.js'
import { timeLeft } from './time-left.js'

/** One backend that was looked for. */
export type BackendStatus =
  | { readonly kind: DeviceKind; readonly available: true; readonly backend: Backend }
  | { readonly kind: DeviceKind; readonly available: false; readonly reason: WireGuardError }

/** Finds out whether a backend can be used; asked again while it is missing. */
export type Look = (signal: AbortSignal) => Promise<BackendStatus>

/** What {@link Backends.ask} is asked. */
interface Question {
  /** The call; `create` is one for a device that nobody has yet. */
  readonly operation: string
  readonly kind: DeviceKind | undefined
  readonly signal: AbortSignal
}

interface ListOptions extends CallOptions {
  readonly backend?: DeviceKind | undefined
}

/** Which devices there are, as far as it could be found out. */
export interface Listing {
  /** Sorted. */
  readonly names: string[]
  /** Of backends that work here and could not be listed just now. */
  readonly errors: readonly WireGuardError[]
  /** Of backends that are here and cannot be used. */
  readonly refusals: readonly WireGuardError[]
}

/** Milliseconds between two looks for backends that are missing: a loop of calls does not pay for them. */
const LOOK_INTERVAL = 1000

/**
 * The backends of a client in the order in which they are asked, with those that are missing: one may come
 * later, by a daemon that is started or a module that is loaded. Such a one is looked for again when a list
 * or a device would lack it, at most once a second, by one look for all who wait: a folder is listed, or a
 * netlink message sent.
 */
export class Backends {
  readonly #looks: readonly Look[]
  #statuses: readonly BackendStatus[]
  #lookedAt = performance.now()
  #looking: Promise<void> | undefined
  #isClosed = false

  constructor(looks: readonly Look[], statuses: readonly BackendStatus[]) {
    this.#looks = looks
    this.#statuses = statuses
  }

  /** As they are now. */
  get statuses(): readonly BackendStatus[] {
    return this.#statuses
  }

  /**
   * Those that can be asked.
   *
   * @param kind absent: all
   * @throws {WireGuardError} why there is none of that kind
   */
  available(kind?: DeviceKind): Backend[] {
    if (this.#isClosed) throw closed('client')
    const backends = this.usable(kind)
    if (backends.length > 0) return backends
    const [missing] = this.#of(kind)
    if (missing && !missing.available) throw refusalOf(missing)
    throw unsupported('backend', `no backend of kind ${JSON.stringify(kind)} was opened`)
  }

  /** The same, of which there may be none. */
  usable(kind?: DeviceKind): Backend[] {
    return this.#of(kind).flatMap((status) => (status.available ? [status.backend] : []))
  }

  /**
   * Why devices may be there that cannot be seen: the backends that are here and refuse. One that this machine
   * does not have is none of them.
   */
  refusals(kind?: DeviceKind): WireGuardError[] {
    return this.#of(kind).flatMap((status) =>
      status.available || status.reason.code === 'ENOBACKEND' ? [] : [refusalOf(status)],
    )
  }

  /** Looks again for those that are missing, if that was not done a moment ago. */
  async look(kind: DeviceKind | undefined, signal: AbortSignal): Promise<void> {
    if (this.#isClosed) throw closed('client')
    if (this.#of(kind).every(({ available }) => available)) return
    if (!this.#looking && performance.now() - this.#lookedAt < LOOK_INTERVAL) return
    this.#looking ??= this.#lookForMissing().finally(() => {
      this.#looking = undefined
      this.#lookedAt = performance.now()
    })
    await abortable(this.#looking, signal)
  }

  /**
   * Asks one after the other for a device, and those that were missing last. Of several refusals the most
   * telling one is thrown.
   */
  async ask<T>(
    { operation, kind, signal }: Question,
    call: (backend: Backend) => Promise<T>,
  ): Promise<T> {
    // Nobody has a device that is to be made: the first in order makes it, also when it came later.
    if (operation === 'create' || kind !== undefined) await this.look(kind, signal)
    const refusals: WireGuardError[] = []
    const asked = new Set<Backend>()
    for (const isLast of [false, true]) {
      if (isLast) await this.look(kind, signal)
      for (const backend of this.available(kind)) {
        if (asked.has(backend)) continue
        asked.add(backend)
        try {
          return await call(backend)
        } catch (error) {
          if (!isRefusal(error)) throw error
          refusals.push(error)
        }
      }
    }
    throw mostTelling(refusals, this.refusals(kind))
  }

  /** The names of all devices, and why some may be missing. */
  async list({ backend: kind, ...options }: ListOptions = {}): Promise<Listing> {
    using deadline = new Deadline(options)
    const rest = timeLeft(options)
    await this.look(kind, deadline.signal)
    const lists = await Promise.all(
      this.available(kind).map((backend) =>
        backend.list(rest()).catch((error: unknown) => failureOf(error, 'list', backend)),
      ),
    )
    const names = lists.flatMap((list) => (list instanceof WireGuardError ? [] : list))
    return {
      names: [...new Set(names)].sort(),
      errors: lists.filter((list) => list instanceof WireGuardError),
      refusals: this.refusals(kind),
    }
  }

  /**
   * Refuses what works on network interfaces for backends whose devices are none: those of this machine that have
   * the same names would be changed in their place.
   *
   * @throws {WireGuardError} `EUNSUPPORTED`
   */
  requireLinks(kind?: DeviceKind): void {
    for (const backend of this.available(kind)) {
      if (backend.capabilities.links) continue
      const problem = `devices of the ${backend.kind} backend that was given are no network interfaces`
      throw unsupported('links', problem)
    }
  }

  /** The machine that the devices are on, where it is not that of this process. */
  get machine(): Machine | undefined {
    const [machine] = this.#statuses.flatMap((status) =>
      status.available ? (machineOf(status.backend) ?? []) : [],
    )
    return machine
  }

  /** Whether some of the devices are network interfaces. */
  get hasLinks(): boolean {
    return this.#statuses.some((status) => status.available && status.backend.capabilities.links)
  }

  /** Whether kernel devices are among the network interfaces of this machine, as far as is known now. */
  get hasKernelLinks(): boolean {
    return this.#of('linux-kernel').some(
      (status) => status.available && status.backend.capabilities.links,
    )
  }

  /** Every call is refused from now on with `ECLOSED`. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#looking?.catch(() => {})
    const ends = await Promise.allSettled(
      this.usable().map((backend) => backend[Symbol.asyncDispose]()),
    )
    for (const end of ends) if (end.status === 'rejected') throw end.reason
  }

  #of(kind: DeviceKind | undefined): readonly BackendStatus[] {
    return this.#statuses.filter((status) => kind === undefined || status.kind === kind)
  }

  /** Nobody's signal ends it: others may wait for the same look. */
  async #lookForMissing(): Promise<void> {
    const forever = new AbortController().signal
    this.#statuses = await Promise.all(
      this.#statuses.map(async (status, index) => {
        if (status.available) return status
        return (await this.#looks[index]?.(forever)) ?? status
      }),
    )
  }
}

/** The same reason without the call that found it out: the call that meets it puts its own there. */
function refusalOf({ kind, reason }: Extract<BackendStatus, { available: false }>): WireGuardError {
  const { code, feature, errno, operation, message } = reason
  const prefix = `${operation}: `
  const problem = message.startsWith(prefix) ? message.slice(prefix.length) : message
  const text = `the ${kind} backend cannot be used: ${problem}`
  return new WireGuardError(text, { code, feature, errno, backend: kind, cause: reason })
}
