import {
  checkDuration,
  checkFields,
  checkSignal,
  type Device,
  type DeviceConfig,
  InvalidTypeError,
  parsePublicKey,
  slept,
  WireGuardError,
} from '@wgctrl/types'
import type { Listing } from '../backends.js'
import { KEEP_LEDGER_OPTIONS } from '../option-fields.js'
import type { Reading, ReadingOptions } from '../watch/shared-reader.js'
import { TrafficLedger } from './traffic-ledger.js'

export interface KeepLedgerOptions {
  /** Absent: all devices. */
  readonly device?: string | undefined
  /** Milliseconds between readings. Absent: 10,000. */
  readonly interval?: number | undefined
  /** Ends it. */
  readonly signal?: AbortSignal | undefined
  /** Hears of readings that failed; the next one makes up for them. */
  readonly onError?: ((error: unknown) => unknown) | undefined
}

export interface LedgerSource {
  list(options: { readonly signal: AbortSignal }): Promise<Pick<Listing, 'names' | 'errors'>>
  reading(name: string, options: ReadingOptions): Promise<Reading>
}

interface CountOptions {
  readonly maxAge: number
  readonly signal: AbortSignal
}

const DEFAULT_INTERVAL = 10_000

/**
 * Keeps a ledger up to date: reads the devices in an interval, and for the last time before its own client removes
 * a peer or a device.
 */
export class LedgerKeeper implements AsyncDisposable {
  readonly #source: LedgerSource
  readonly #ledger: TrafficLedger
  readonly #options: KeepLedgerOptions
  readonly #end = new AbortController()
  readonly #known = new Set<string>()
  /** By device: when what was counted last was read, as `performance.now()`. */
  readonly #countedAt = new Map<string, number>()
  readonly #finished: Promise<void>

  /** Use `wg.keepLedger()`. @internal */
  constructor(source: LedgerSource, ledger: TrafficLedger, options: KeepLedgerOptions) {
    checkFields(options, 'options', KEEP_LEDGER_OPTIONS)
    if (!(ledger instanceof TrafficLedger)) {
      throw new InvalidTypeError('ledger', 'must be a TrafficLedger')
    }
    checkSignal(options.signal)
    checkDuration(options.interval ?? DEFAULT_INTERVAL, 'options.interval')
    this.#source = source
    this.#ledger = ledger
    this.#options = options
    this.#finished = this.#run()
  }

  /** Reads once more, so that nothing is missing, and ends. */
  async close(): Promise<void> {
    const isFirst = !this.#end.signal.aborted
    this.#end.abort()
    await this.#finished
    if (isFirst) await this.#count(0, new AbortController().signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** @internal Whether a change of a device would lose counters that are not in the ledger yet. */
  keeps(name: string): boolean {
    const { device } = this.#options
    return !this.#end.signal.aborted && (device === undefined || device === name)
  }

  /** @internal A reading that was made for another reason. */
  counted(device: Device): void {
    this.#update(device, performance.now())
  }

  /** @internal The change that {@link counted} came before was made. @param config absent: the device is gone */
  removed(name: string, config?: DeviceConfig): void {
    const gone = config?.replacePeers ? undefined : config?.peers?.filter((peer) => peer.remove)
    this.#ledger.removed(
      name,
      gone?.map((peer) => parsePublicKey(peer.publicKey)),
    )
  }

  async #run(): Promise<void> {
    const { interval = DEFAULT_INTERVAL, signal } = this.#options
    const end = signal ? AbortSignal.any([signal, this.#end.signal]) : this.#end.signal
    while (!end.aborted) {
      await this.#count(interval / 2, end)
      await slept(interval, end)
    }
    this.#end.abort()
  }

  async #count(maxAge: number, signal: AbortSignal): Promise<void> {
    const names = await this.#names(signal)
    await Promise.all(names.map((name) => this.#read(name, { maxAge, signal })))
  }

  async #names(signal: AbortSignal): Promise<readonly string[]> {
    if (this.#options.device !== undefined) return [this.#options.device]
    try {
      const { names, errors } = await this.#source.list({ signal })
      if (errors.length > 0) this.#tell(errors[0], signal)
      for (const name of this.#known) {
        if (errors.length === 0 && !names.includes(name)) this.#gone(name)
      }
      return names
    } catch (error) {
      this.#tell(error, signal)
      return []
    }
  }

  async #read(name: string, options: CountOptions): Promise<void> {
    try {
      const { device, at } = await this.#source.reading(name, options)
      this.#update(device, at)
    } catch (error) {
      if (error instanceof WireGuardError && error.code === 'ENODEV') this.#gone(name)
      else this.#tell(error, options.signal)
    }
  }

  /** One that began before the last that was counted has older counters. */
  #update(device: Device, at: number): void {
    if (at < (this.#countedAt.get(device.name) ?? Number.NEGATIVE_INFINITY)) return
    this.#countedAt.set(device.name, at)
    this.#known.add(device.name)
    this.#ledger.update(device)
  }

  #gone(name: string): void {
    this.#known.delete(name)
    this.#countedAt.delete(name)
    this.#ledger.removed(name)
  }

  #tell(error: unknown, signal: AbortSignal): void {
    if (!signal.aborted) this.#options.onError?.(error)
  }
}
