import type { Gateway } from '@wgctrl/gateway'
import { parseListenAddress } from '@wgctrl/types'
import { addressOf } from '../metrics/listen-host.js'
import { type Page, PageServer } from '../metrics/page-server.js'
import type { Service } from '../service/service.js'
import { GatewayMetrics } from './gateway-metrics.js'

export interface GatewayServiceOptions {
  /** Absent: nothing is served. */
  readonly listen?: string | undefined
  warn(text: string): void
}

/** A gateway with its pages. */
export class GatewayService implements Service {
  readonly ended: Promise<void>
  readonly #gateway: Gateway
  readonly #options: GatewayServiceOptions
  readonly #metrics: GatewayMetrics
  readonly #server: PageServer
  readonly #stopped = new AbortController()

  constructor(gateway: Gateway, options: GatewayServiceOptions) {
    this.#gateway = gateway
    this.#options = options
    this.ended = gateway.ended
    this.#metrics = new GatewayMetrics(() => gateway.state())
    this.#server = new PageServer({
      warn: options.warn,
      pages: { '/metrics': () => this.#metrics.page(), '/health': () => this.#health() },
    })
  }

  async start(): Promise<void> {
    const { listen } = this.#options
    const address = listen === undefined ? undefined : parseListenAddress(listen)
    await this.#gateway.start()
    if (!address || this.#stopped.signal.aborted) return
    const host = await addressOf(address.host, this.#stopped.signal)
    await this.#server.start({ host, port: address.port })
  }

  reload(): Promise<void> {
    return this.#gateway.reload()
  }

  status(): string {
    const serving = this.#server.address
    return serving
      ? `${this.#gateway.status()}, metrics at port ${serving.port}`
      : this.#gateway.status()
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    await this.#gateway.stop()
    await this.#server.stop()
  }

  /**
   * 200 as long as clients are let in, which goes on without the store: a gateway that nobody is sent to any more
   * would help nobody. What there is to say of the store stands in it.
   */
  async #health(): Promise<Page> {
    const { device, peers, store, fleet } = this.#gateway.state()
    const { isAway, awayFor, revision, waiting } = store
    const seconds = Math.round(awayFor / 1000)
    const health = {
      status: isAway ? 'store away' : fleet?.isAway ? 'fleet away' : 'ok',
      device,
      peers,
      store: { isAway, awaySeconds: seconds, revision, waiting },
      fleet,
    }
    return {
      contentType: 'application/json',
      body: Buffer.from(`${JSON.stringify(health, null, 2)}\n`),
    }
  }
}
