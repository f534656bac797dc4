import type { PublicKey } from '@wgctrl/types'
import { BoundedMap } from '../bounded-map.js'

/**
 * The greatest timestamp that each key has sent. As in the protocol itself a message must carry a
 * greater one than any before it, so that a recorded message is good for nothing.
 *
 * Bounded: the key that was not heard for longest is forgotten first.
 *
 * @source WireGuard paper, section 5.1
 */
export class ReplayWindow {
  readonly #greatest: BoundedMap<PublicKey, string>

  constructor(capacity: number) {
    this.#greatest = new BoundedMap(capacity)
  }

  get size(): number {
    return this.#greatest.size
  }

  /** @returns false when the timestamp is not greater than all before it */
  accept(key: PublicKey, timestamp: Uint8Array): boolean {
    // 12 bytes in big-endian order: as latin1 text they compare as the numbers do.
    const text = Buffer.from(timestamp).toString('latin1')
    const before = this.#greatest.get(key)
    if (before !== undefined && text <= before) return false
    this.#greatest.set(key, text)
    return true
  }

  /** The timestamp of a key that was accepted last. */
  last(key: PublicKey): Uint8Array | undefined {
    const text = this.#greatest.get(key)
    return text === undefined ? undefined : Buffer.from(text, 'latin1')
  }
}
