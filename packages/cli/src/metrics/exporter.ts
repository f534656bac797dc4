import type { AddressInfo } from 'node:net'
import type { ListenAddress } from '@wgctrl/types'
import { errorText, fileErrorText } from '../error-text.js'
import type { PeerNames } from '../peer-names/peer-names.js'
import type { Service } from '../service/service.js'
import { addressOf } from './listen-host.js'
import { type Page, PageServer } from './page-server.js'
import { PeerMetrics } from './peer-metrics.js'
import { type DeviceReader, Reading, type Snapshot } from './reading.js'

export interface ExporterOptions {
  readonly listen: ListenAddress
  /** Absent: all that there are. */
  readonly devices?: readonly string[] | undefined
  readonly names: PeerNames
  /** Milliseconds. */
  readonly maxAge: number
  readonly hasRemoteLabels: boolean
  readonly hasHandshakeDelay: boolean
  now(): number
  warn(text: string): void
}

/** Milliseconds that a device has for its answer: less than a scraper waits, which is 10 s unless it says. */
const PATIENCE = 5000

/** What is left of a scraper's time for the way of the page to it. */
const LEFT_FOR_THE_WAY = 500

/** Serves the metrics of devices over HTTP. */
export class Exporter implements Service {
  readonly #reader: DeviceReader
  readonly #options: ExporterOptions
  readonly #metrics: PeerMetrics
  readonly #server: PageServer
  readonly #stopped = new AbortController()
  #reading: Reading | undefined
  /** The last page, and what it is of. */
  #page: { reading: Reading; steps: number; text: Promise<Page> } | undefined
  /** Device and code of what failed in the last reading. */
  #failing = new Set<string>()
  #last = 'nobody asked yet'

  constructor(reader: DeviceReader, options: ExporterOptions) {
    const { names, now, hasRemoteLabels, hasHandshakeDelay, warn } = options
    this.#reader = reader
    this.#options = options
    this.#metrics = new PeerMetrics({
      hasRemoteLabels,
      hasHandshakeDelay,
      now,
      nameOf: (device, publicKey) => names.of(device, publicKey),
    })
    this.#server = new PageServer({
      warn,
      pages: { '/metrics': (limit) => this.#collect(limit) },
    })
  }

  /** Where it serves, once it was started: with port 0 the system chooses one. */
  get address(): AddressInfo | undefined {
    return this.#server.address
  }

  async start(): Promise<void> {
    const { host, port } = this.#options.listen
    await this.#server.start({ host: await addressOf(host, this.#stopped.signal), port })
  }

  /** Names are read again with the next request. */
  async reload(): Promise<void> {
    this.#options.names.forget()
    this.#reading = undefined
  }

  status(): string {
    if (!this.address) return 'not serving yet'
    const { address, port, family } = this.address
    const host = family === 'IPv6' ? `[${address}]` : address
    return `serving on http://${host}:${port}/metrics; ${this.#last}`
  }

  /** Readings are given up. */
  async stop(): Promise<void> {
    this.#stopped.abort()
    await this.#server.stop()
  }

  /** Reads the devices as for a request, so that what cannot be read is said before anybody asks. */
  async look(): Promise<void> {
    const reading = this.#current()
    try {
      await reading.done
    } catch (error) {
      return this.#options.warn(errorText(error))
    }
    const { devices, errors } = reading.snapshot()
    if (devices.length > 0 || errors.length === 0 || this.#stopped.signal.aborted) return
    this.#options.warn('no device can be read: the page says so, and has no peers until one can')
  }

  async #collect(limit: number | undefined): Promise<Page> {
    const reading = this.#current()
    const late = waitFor(limit)
    try {
      await Promise.race([reading.done, late.passed])
    } finally {
      late.stop()
    }
    return await this.#pageOf(reading)
  }

  /** The reading that is under way, or was made lately enough. */
  #current(): Reading {
    const current = this.#reading
    if (current && (!current.isDone || this.#isRecent(current))) return current
    const { devices, maxAge } = this.#options
    const options = { signal: this.#stopped.signal, timeout: PATIENCE, maxAge }
    const reading = new Reading(this.#reader, devices, options)
    this.#reading = reading
    reading.done.then(
      () => this.#tell(reading.snapshot()),
      () => this.#forget(reading),
    )
    return reading
  }

  /** What failed is tried again for the next who asks. */
  #isRecent({ startedAt, hasFailed }: Reading): boolean {
    return !hasFailed && performance.now() - startedAt < this.#options.maxAge
  }

  /** What could not be listed is listed anew for the next who asks. */
  #forget(reading: Reading): void {
    if (this.#reading === reading) this.#reading = undefined
  }

  /** What fails is counted each time, and said once as long as it does. */
  #tell({ devices, errors }: Snapshot): void {
    if (this.#stopped.signal.aborted) return
    this.#metrics.count(errors)
    const peers = devices.reduce((sum, device) => sum + device.peers.length, 0)
    const failed = errors.map(({ device, code }) => `, ${device || 'list'}: ${code}`).join('')
    this.#last = `devices ${devices.length}, peers ${peers}${failed}`
    const failing = new Map(errors.map((error) => [`${error.device} ${error.code}`, error]))
    for (const [key, { message }] of failing) {
      if (!this.#failing.has(key)) this.#options.warn(message)
    }
    this.#failing = new Set(failing.keys())
  }

  /** The same page for all who ask while the reading is as far as it is. */
  #pageOf(reading: Reading): Promise<Page> {
    const { steps } = reading
    if (steps === 0) return Promise.reject(new Error('the devices were not listed in time'))
    if (this.#page?.reading === reading && this.#page.steps === steps) return this.#page.text
    // One page after the other: they are made of the same counters.
    const before = this.#page?.text.catch(() => {})
    const snapshot = reading.snapshot()
    const text = Promise.resolve(before).then(() => this.#render(snapshot))
    this.#page = { reading, steps, text }
    return text
  }

  async #render(snapshot: Snapshot): Promise<Page> {
    const { devices, errors, pending } = snapshot
    const all = devices.map(({ name }) => name)
    for (const { file, error } of await this.#options.names.load(all)) {
      this.#options.warn(fileErrorText(file, error))
    }
    this.#metrics.set(devices, [...errors.map(({ device }) => device), ...pending])
    const { registry } = this.#metrics
    return { contentType: registry.contentType, body: Buffer.from(await registry.metrics()) }
  }
}

/** @param limit milliseconds; absent: for ever */
function waitFor(limit: number | undefined): { passed: Promise<void>; stop(): void } {
  let timer: NodeJS.Timeout | undefined
  const passed = new Promise<void>((resolve) => {
    if (limit === undefined || limit >= PATIENCE + LEFT_FOR_THE_WAY) return
    timer = setTimeout(resolve, Math.max(limit / 2, limit - LEFT_FOR_THE_WAY))
  })
  return { passed, stop: () => clearTimeout(timer) }
}
