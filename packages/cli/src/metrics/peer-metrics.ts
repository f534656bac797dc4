import { Counter, Gauge, Registry } from 'prom-client'
import type { Device, Peer } from 'wgctrl'
import { visible } from '../visible-text.js'
import type { ReadError } from './reading.js'

export interface PeerMetricsOptions {
  /** Adds where peers are: `remote_ip` and `remote_port`. */
  readonly hasRemoteLabels: boolean
  /** Adds the age of the last handshake. */
  readonly hasHandshakeDelay: boolean
  nameOf(device: string, publicKey: string): string | undefined
  /** Milliseconds since 1970. */
  now(): number
}

type Labels = Record<string, string | number>

/**
 * The state of devices as metrics. Of a device nothing but its name and its peers' public parts is used.
 *
 * @source github.com/MindFlavor/prometheus_wireguard_exporter, src/wireguard.rs: names, labels, types
 */
export class PeerMetrics {
  readonly registry = new Registry()
  readonly #options: PeerMetricsOptions
  readonly #sent: Counter
  readonly #received: Counter
  readonly #handshake: Gauge
  readonly #delay: Gauge | undefined
  readonly #peers: Gauge
  readonly #up: Gauge
  readonly #errors: Counter

  constructor(options: PeerMetricsOptions) {
    this.#options = options
    const labelNames = [
      'interface',
      'public_key',
      'allowed_ips',
      'friendly_name',
      ...(options.hasRemoteLabels ? ['remote_ip', 'remote_port'] : []),
    ]
    const about = (name: string, help: string, labels = labelNames) => ({
      name: `wireguard_${name}`,
      help,
      labelNames: labels,
      registers: [this.registry],
    })
    this.#sent = new Counter(about('sent_bytes_total', 'Bytes sent to the peer'))
    this.#received = new Counter(about('received_bytes_total', 'Bytes received from the peer'))
    this.#handshake = new Gauge(
      about('latest_handshake_seconds', 'UNIX time of the last handshake; 0: never'),
    )
    if (options.hasHandshakeDelay) {
      this.#delay = new Gauge(
        about('latest_handshake_delay_seconds', 'Seconds since the last handshake'),
      )
    }
    this.#peers = new Gauge(about('peers', 'Peers of the device', ['interface']))
    this.#up = new Gauge(about('up', 'Whether the device could be read', ['interface']))
    this.#errors = new Counter(
      about('read_errors_total', 'Readings that failed', ['interface', 'code']),
    )
  }

  /**
   * Replaces what is there by what was read.
   *
   * @param unread names of the devices that could not be read; empty: those of a backend
   */
  set(devices: readonly Device[], unread: readonly string[]): void {
    const gauges = [this.#handshake, this.#delay, this.#peers, this.#up]
    for (const metric of [this.#sent, this.#received, ...gauges]) metric?.reset()
    for (const name of unread) this.#up.set({ interface: visible(name) }, 0)
    for (const { name, peers } of devices) {
      const labels = { interface: visible(name) }
      this.#up.set(labels, 1)
      this.#peers.set(labels, peers.length)
      for (const peer of peers) this.#setPeer(name, peer)
    }
  }

  /** Counts what went wrong. */
  count(errors: readonly ReadError[]): void {
    for (const { device, code } of errors) this.#errors.inc({ interface: visible(device), code })
  }

  #setPeer(device: string, peer: Peer): void {
    const labels = this.#labels(device, peer)
    // Counters are doubles in Prometheus: above 2^53 the last digits are lost there anyway.
    this.#sent.inc(labels, peer.transmittedBytes)
    this.#received.inc(labels, peer.receivedBytes)
    const handshake = peer.lastHandshake?.getTime()
    this.#handshake.set(labels, handshake === undefined ? 0 : Math.floor(handshake / 1000))
    if (handshake === undefined) return
    const delay = Math.max(0, this.#options.now() - handshake)
    this.#delay?.set(labels, Math.floor(delay / 1000))
  }

  #labels(device: string, { publicKey, allowedIPs, endpoint }: Peer): Labels {
    const name = this.#options.nameOf(device, publicKey)
    const hasRemote = this.#options.hasRemoteLabels && endpoint
    return {
      interface: visible(device),
      public_key: publicKey,
      allowed_ips: allowedIPs.length > 0 ? allowedIPs.join(',') : '(none)',
      ...(name !== undefined && { friendly_name: name }),
      ...(hasRemote && { remote_ip: endpoint.address, remote_port: endpoint.port }),
    }
  }
}
