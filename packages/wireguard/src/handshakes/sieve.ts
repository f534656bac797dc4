import type { Endpoint, PublicKey } from '@wgctrl/types'
import { type Disguise, revealed } from './disguise.js'
import type { Responder } from './noise.js'
import { parseUdpPacket, type UdpPacket } from './packet.js'
import { type Rate, RateLimit, sourceOf } from './rate-limit.js'
import { ReplayWindow } from './replay-window.js'
import { tai64nDate } from './tai64n.js'

/** What a sieve keeps, and how much it does per second. */
export interface SieveLimits {
  readonly perSource: Rate
  readonly overall: Rate
  /** How many sources are remembered. */
  readonly sources: number
  /** How many keys' timestamps are remembered. */
  readonly keys: number
}

/** An initiation that its sender proved to have made. */
export interface SiftedInitiation {
  readonly publicKey: PublicKey
  readonly endpoint: Endpoint
  readonly timestamp: Date
}

/**
 * Finds the true initiations among packets, the cheap tests first: mac1 costs microseconds and tells
 * who does not know our key; what comes after costs two Diffie-Hellman and is rationed.
 */
export class Sieve {
  readonly #perSource: RateLimit
  readonly #overall: RateLimit
  readonly #window: ReplayWindow

  constructor(limits: SieveLimits) {
    this.#perSource = new RateLimit(limits.perSource, limits.sources)
    this.#overall = new RateLimit(limits.overall, 1)
    this.#window = new ReplayWindow(limits.keys)
  }

  /** When the last initiation of a key was made, by its own clock; `undefined`: none is remembered. */
  lastOf(publicKey: PublicKey): Date | undefined {
    const timestamp = this.#window.last(publicKey)
    return timestamp && tai64nDate(timestamp)
  }

  /**
   * The cheap tests.
   *
   * @param port the device's: others' packets may still come after it changed
   * @param disguise how initiations for the device look
   * @param now milliseconds of a clock that does not go back
   * @returns what may be opened, in its turn: of its payload the message
   */
  examine(
    packet: Uint8Array,
    port: number,
    disguise: Disguise,
    responder: Responder | undefined,
    now: number,
  ): UdpPacket | 'malformed' | 'noKey' | 'badMac' | 'sourceLimited' {
    const udp = parseUdpPacket(packet)
    if (!udp || udp.destinationPort !== port) return 'malformed'
    if (!responder) return 'noKey'
    const message = revealed(udp.payload, disguise).find((each) => responder.hasMac1(each))
    if (!message) return 'badMac'
    if (!this.#perSource.take(sourceOf(udp.source), now)) return 'sourceLimited'
    return { ...udp, payload: message }
  }

  /** Takes the turn of one that may be opened; false: it is nobody's turn yet. */
  takeTurn(now: number): boolean {
    return this.#overall.take('', now)
  }

  open(udp: UdpPacket, responder: Responder): SiftedInitiation | 'undecryptable' | 'replayed' {
    const opened = responder.open(udp.payload)
    if (!opened) return 'undecryptable'
    if (!this.#window.accept(opened.publicKey, opened.timestamp)) return 'replayed'
    return {
      publicKey: opened.publicKey,
      endpoint: udp.source,
      timestamp: tai64nDate(opened.timestamp),
    }
  }
}
