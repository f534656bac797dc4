import type { Peer, PublicKey, WatchEvent } from 'wgctrl'

type Transfer = Extract<WatchEvent, { type: 'peer-transfer' }>

/** How many ticks the sparkline of a peer goes back. */
export const HISTORY = 60

/** What is shown of a peer. */
export class PeerActivity {
  readonly publicKey: PublicKey
  peer: Peer
  lastHandshake: Date | undefined
  isStale = false
  received: number
  transmitted: number
  /** Bytes per second. */
  receiveRate = 0
  transmitRate = 0
  /** Bytes per second in both directions, a number for each tick, the newest last. */
  readonly history: number[] = []
  #transferredAt = Number.NEGATIVE_INFINITY

  constructor(peer: Peer) {
    this.publicKey = peer.publicKey
    this.peer = peer
    this.lastHandshake = peer.lastHandshake
    this.received = peer.receivedBytes
    this.transmitted = peer.transmittedBytes
  }

  /** Bytes per second in both directions. */
  get rate(): number {
    return this.receiveRate + this.transmitRate
  }

  transfer(event: Transfer, now: number): void {
    this.received += event.received
    this.transmitted += event.transmitted
    this.receiveRate = event.receiveRate
    this.transmitRate = event.transmitRate
    this.#transferredAt = now
  }

  /**
   * Time goes on: a peer whose bytes are not told of any more sends none.
   *
   * @param interval milliseconds between ticks
   * @returns whether there is anything left to show of what it did
   */
  tick(now: number, interval: number): boolean {
    if (now - this.#transferredAt > interval * 1.5) {
      this.receiveRate = 0
      this.transmitRate = 0
    }
    this.history.push(this.rate)
    if (this.history.length > HISTORY) this.history.shift()
    if (this.history.some((rate) => rate > 0)) return true
    this.history.length = 0
    return false
  }
}
