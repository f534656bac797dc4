import { wipeOwnKeys, withoutOwnKeys } from '@wgctrl/types'
import { type Device, type DeviceKind, WireGuardError } from 'wgctrl'
import { errorText } from '../error-text.js'

/** What a reading needs of the facade. */
export interface DeviceReader {
  readonly backends: readonly { readonly kind: DeviceKind }[]
  names(options: CallLimits & { backend: DeviceKind }): Promise<string[]>
  device(name: string, options: ReadingOptions): Promise<Device>
}

interface CallLimits {
  readonly signal: AbortSignal
  /** Milliseconds. */
  readonly timeout: number
}

export interface ReadingOptions extends CallLimits {
  /** Milliseconds: how old a device's own reading may be. */
  readonly maxAge: number
}

/** What went wrong with a device; with an empty name, with the list of a backend's devices. */
export interface ReadError {
  readonly device: string
  readonly code: string
  readonly message: string
}

/** How far a reading is. */
export interface Snapshot {
  /** By name, each once, however often and by what names it was asked for. */
  readonly devices: readonly Device[]
  readonly errors: readonly ReadError[]
  /** Names of the devices that did not answer yet. */
  readonly pending: readonly string[]
}

/** One look at devices, for all who ask meanwhile. A device that does not answer holds up no other. */
export class Reading {
  /** Milliseconds of the monotonic clock. */
  readonly startedAt: number = performance.now()
  /** Every device was read, or failed. Rejects when they cannot be listed. */
  readonly done: Promise<void>
  readonly #reader: DeviceReader
  readonly #wanted: readonly string[] | undefined
  readonly #options: ReadingOptions
  readonly #devices = new Map<string, Device>()
  readonly #errors: ReadError[] = []
  readonly #pending = new Set<string>()
  #steps = 0
  #isDone = false

  /** @param wanted absent: all devices that there are */
  constructor(
    reader: DeviceReader,
    wanted: readonly string[] | undefined,
    options: ReadingOptions,
  ) {
    this.#reader = reader
    this.#wanted = wanted
    this.#options = options
    this.done = this.#readAll().finally(() => {
      this.#isDone = true
    })
    this.done.catch(() => {})
  }

  get isDone(): boolean {
    return this.#isDone
  }

  /** Whether there was anything that could not be read. */
  get hasFailed(): boolean {
    return this.#errors.length > 0
  }

  /** Grows with all that becomes known: 0 as long as it is not even known what devices there are. */
  get steps(): number {
    return this.#steps
  }

  snapshot(): Snapshot {
    const byName = ([a]: [string, Device], [b]: [string, Device]): number => (a < b ? -1 : 1)
    return {
      devices: [...this.#devices].sort(byName).map(([, device]) => device),
      errors: [...this.#errors],
      pending: [...this.#pending],
    }
  }

  async #readAll(): Promise<void> {
    await this.#list()
    this.#steps++
    await Promise.all(Array.from(this.#pending, (name) => this.#read(name)))
  }

  /** Of a backend that refuses the error is told; one that this machine does not have is none. */
  async #list(): Promise<void> {
    if (this.#wanted) {
      for (const name of this.#wanted) this.#pending.add(name)
      return
    }
    const { signal, timeout } = this.#options
    const kinds = [...new Set(this.#reader.backends.map(({ kind }) => kind))]
    const lists = await Promise.all(
      kinds.map((backend) =>
        this.#reader.names({ signal, timeout, backend }).catch((error: unknown) => {
          if (!(error instanceof WireGuardError)) throw error
          if (error.code !== 'ENOBACKEND') this.#errors.push(readError('', error))
          return []
        }),
      ),
    )
    for (const name of lists.flat().sort()) this.#pending.add(name)
  }

  async #read(name: string): Promise<void> {
    try {
      const device = await this.#reader.device(name, this.#options)
      wipeOwnKeys(device)
      this.#devices.set(device.name, withoutOwnKeys(device))
    } catch (error) {
      const failure = readError(name, error)
      // One that went since it was listed is no error, unless somebody asked for it.
      if (this.#wanted || failure.code !== 'ENODEV') this.#errors.push(failure)
    } finally {
      this.#pending.delete(name)
      this.#steps++
    }
  }
}

function readError(device: string, error: unknown): ReadError {
  const code = error instanceof WireGuardError ? error.code : 'EUNKNOWN'
  return { device, code, message: errorText(error) }
}
