import { setTimeout as sleep } from 'node:timers/promises'
import { connectionState, formatEndpoint } from 'wgctrl'

/** @typedef {import('wgctrl').WatchEvent} WatchEvent */

/**
 * @typedef {object} LivePeer
 * @property {string | undefined} endpoint
 * @property {Date | undefined} lastHandshake
 * @property {number} receiveRate bytes per second
 * @property {number} transmitRate
 * @property {number} ratesUntil by `performance.now()`
 */

/** Milliseconds. */
const INTERVAL = 1000
const PAUSE = 1000

/** How the peers of a device stand, by one watcher, while somebody wants to know. */
export class LivePeers {
  #machine
  #name
  /** @type {Map<string, LivePeer>} */
  #peers = new Map()
  /** @type {AbortController | undefined} */
  #end

  /**
   * @param {import('./wireguard.mjs').Machine} machine
   * @param {string} name
   */
  constructor(machine, name) {
    this.#machine = machine
    this.#name = name
  }

  start() {
    if (this.#end) return
    this.#end = new AbortController()
    this.#run(this.#end.signal)
  }

  stop() {
    this.#end?.abort()
    this.#end = undefined
    this.#peers.clear()
  }

  /**
   * @param {string} publicKey
   * @returns {object | undefined} undefined: the device does not have it
   */
  stateOf(publicKey) {
    const peer = this.#peers.get(publicKey)
    if (!peer) return undefined
    const { lastHandshake, endpoint, receiveRate, transmitRate, ratesUntil } = peer
    const isFlowing = performance.now() < ratesUntil
    return {
      // The keepalive is the client's own: the server does not know of it.
      state: connectionState({ lastHandshake }),
      lastHandshake,
      endpoint,
      receiveRate: isFlowing ? receiveRate : 0,
      transmitRate: isFlowing ? transmitRate : 0,
    }
  }

  /** @param {AbortSignal} signal */
  async #run(signal) {
    while (!signal.aborted) {
      // Of a device that cannot be read the tunnel tells.
      await this.#machine.use((wg) => this.#watch(wg, signal)).catch(() => {})
      this.#peers.clear()
      await sleep(PAUSE, undefined, { signal }).catch(() => {})
    }
  }

  /**
   * @param {import('wgctrl').WireGuardClient} wg
   * @param {AbortSignal} signal
   */
  async #watch(wg, signal) {
    const events = wg.watch(this.#name, { interval: INTERVAL, initial: true, signal })
    for await (const event of events) this.#take(event)
  }

  /** @param {WatchEvent} event */
  #take(event) {
    if (event.type === 'device-removed') this.#peers.clear()
    if (!('publicKey' in event)) return
    const { publicKey } = event
    if (event.type === 'peer-removed') this.#peers.delete(publicKey)
    else if (event.type === 'peer-added') this.#peers.set(publicKey, newPeer(event.peer))
    const peer = this.#peers.get(publicKey)
    if (!peer) return
    if (event.type === 'peer-roamed') peer.endpoint = formatEndpoint(event.endpoint)
    else if (event.type === 'peer-handshake') peer.lastHandshake = event.at
    else if (event.type === 'peer-transfer') {
      peer.receiveRate = event.receiveRate
      peer.transmitRate = event.transmitRate
      // Nobody tells of no traffic: a rate is over when the next one is late.
      peer.ratesUntil = performance.now() + 2 * Math.max(event.duration, INTERVAL)
    }
  }
}

/**
 * @param {import('wgctrl').Peer} peer
 * @returns {LivePeer}
 */
function newPeer({ endpoint, lastHandshake }) {
  return {
    endpoint: endpoint && formatEndpoint(endpoint),
    lastHandshake,
    receiveRate: 0,
    transmitRate: 0,
    ratesUntil: 0,
  }
}
