import { type CallOptions, closed, Deadline, inContext, refuseAborted } from '@wgctrl/types'

/** The calls of a client that have not ended, and what its end means for them and for those made later. */
export class UnderWay {
  /** What would be half done when it was cut short. */
  readonly #working = new Set<Promise<unknown>>()
  /** Readings, which nobody misses when they are cut short. */
  readonly #readings = new Set<Deadline>()
  #isClosed = false

  /** For a call of the user; those of what is under way do not come this way. */
  refuseClosed(operation: string, device?: string): void {
    if (this.#isClosed) throw inContext(closed('client'), { operation, ...(device && { device }) })
  }

  /** A call that is waited for by {@link settled}. */
  whole<T>(call: Promise<T>): Promise<T> {
    this.#working.add(call)
    return call.finally(() => this.#working.delete(call))
  }

  /** The time of a reading, which {@link cut} ends. */
  cuttable(options: CallOptions): Deadline {
    return new ReadingTime(options, this.#readings)
  }

  /** Makes a reading that {@link cut} ends. */
  async reading<T, Options extends CallOptions>(
    operation: string,
    options: Options,
    read: (options: Options & { readonly signal: AbortSignal }) => Promise<T>,
  ): Promise<T> {
    this.refuseClosed(operation)
    using deadline = this.cuttable(options)
    const { signal } = deadline
    const found = await read({ ...options, signal })
    // A list has its devices' errors in it.
    if (signal.reason?.code === 'ECLOSED') refuseAborted(signal)
    return found
  }

  /** Ends readings with `ECLOSED`; calls of the user are refused from now on. */
  cut(): void {
    this.#isClosed = true
    for (const reading of this.#readings) reading.abort(closed('client'))
  }

  /** Settles when no call is under way, those included that were begun meanwhile by others. */
  async settled(): Promise<void> {
    while (this.#working.size > 0) {
      const working = [...this.#working]
      await Promise.allSettled(working)
      for (const one of working) this.#working.delete(one)
    }
  }
}

/** Is among the readings until it ends. */
class ReadingTime extends Deadline {
  readonly #readings: Set<Deadline>

  constructor(options: CallOptions, readings: Set<Deadline>) {
    super(options)
    this.#readings = readings
    readings.add(this)
  }

  override end(): void {
    super.end()
    this.#readings.delete(this)
  }
}
