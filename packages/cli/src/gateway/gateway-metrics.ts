import type { GatewayState } from '@wgctrl/gateway'
import { Counter, Gauge, Registry } from 'prom-client'
import type { Page } from '../metrics/page-server.js'

/** The state of a gateway as metrics. */
export class GatewayMetrics {
  readonly #registry = new Registry()
  readonly #state: () => GatewayState

  constructor(state: () => GatewayState) {
    this.#state = state
    this.#gauge('peers', 'Peers in the device', ({ peers }) => peers)
    this.#gauge('store_up', 'Whether the store tells of changes', ({ store }) =>
      store.isAway ? 0 : 1,
    )
    this.#gauge(
      'store_away_seconds',
      'Seconds that the store has been away',
      ({ store }) => store.awayFor / 1000,
    )
    this.#gauge(
      'store_revision',
      'Revision of the store up to which all changes are in the device',
      ({ store }) => store.revision ?? 0,
    )
    this.#gauge(
      'store_changes_waiting',
      'Clients whose change waits to be applied',
      ({ store }) => store.waiting,
    )
    this.#gauge('answers_kept', 'Answers of the store that are kept', ({ store }) => store.kept)
    this.#gauge(
      'answers_max_age_seconds',
      'How old an answer may be that lets a client in',
      ({ store }) => store.maxAge / 1000,
    )
    if (state().fleet) {
      this.#gauge('fleet_up', 'Whether the other gateways can be told', ({ fleet }) =>
        fleet?.isAway === false ? 1 : 0,
      )
    }
    this.#counter('clients_total', 'What became of clients', ({ clients }) => clients)
    this.#counter('initiations_total', 'What became of packets', ({ initiations }) => initiations)
    this.#counter(
      'store_problems_total',
      'Entries of the store that could not be used',
      ({ store }) => ({ problem: store.problems }),
    )
  }

  async page(): Promise<Page> {
    const { contentType } = this.#registry
    return { contentType, body: Buffer.from(await this.#registry.metrics()) }
  }

  #gauge(name: string, help: string, read: (state: GatewayState) => number): void {
    const state = this.#state
    new Gauge({
      name: `wireguard_gateway_${name}`,
      help,
      labelNames: ['interface'],
      registers: [this.#registry],
      collect() {
        const now = state()
        this.set({ interface: now.device }, read(now))
      },
    })
  }

  /** The gateway counts; what is told is how much it became. */
  #counter(
    name: string,
    help: string,
    read: (state: GatewayState) => Readonly<Record<string, number>>,
  ): void {
    const state = this.#state
    new Counter({
      name: `wireguard_gateway_${name}`,
      help,
      labelNames: ['interface', 'outcome'],
      registers: [this.#registry],
      collect() {
        const now = state()
        this.reset()
        for (const [outcome, value] of Object.entries(read(now))) {
          this.inc({ interface: now.device, outcome }, value)
        }
      },
    })
  }
}
