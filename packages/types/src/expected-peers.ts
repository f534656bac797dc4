import type { PeerConfig } from './config.js'
import { KEY_LENGTH, SecretKey, writeKeyText } from './key.js'
import { StepBudget, type Steps } from './steps.js'
import { hashOfWords } from './word-hash.js'

const WORDS: number = KEY_LENGTH / 4

/** More networks of one peer are compared where others get their turn meanwhile. */
const AT_A_GLANCE = 5000

const PLAIN = new Set<string>([
  'publicKey',
  'presharedKey',
  'endpoint',
  'persistentKeepalive',
  'persistentKeepaliveRange',
  'replaceAllowedIPs',
  'allowedIPs',
])

/** True of an entry that says what a peer should be and nothing else, so that it can be compared with one that was read. */
export function isPlainPeer(peer: PeerConfig): boolean {
  for (const field in peer) if (!PLAIN.has(field)) return false
  const { replaceAllowedIPs, allowedIPs } = peer
  return (
    (replaceAllowedIPs === undefined || replaceAllowedIPs === true) &&
    (allowedIPs === undefined || (Array.isArray(allowedIPs) && allowedIPs.length <= AT_A_GLANCE))
  )
}

/**
 * The peers that a device should have, by the bytes of their keys: a reading that is given them makes nothing of a
 * peer that is as it should be. What is twice in the list, or not plain, is not expected here and is read as any other.
 *
 * The list stays the caller's, and must not change while readings go by it.
 */
export class ExpectedPeers {
  readonly peers: readonly PeerConfig[]
  /** The keys of all of them, one behind the other. */
  readonly #keys: Int32Array
  readonly #keyBytes: Uint8Array
  /** Their places, counted from 1, by the hash of the key; 0: none. */
  readonly #table: Int32Array
  /** By place; 0: it is not expected. */
  readonly #isExpected: Uint8Array

  private constructor(peers: readonly PeerConfig[]) {
    this.peers = peers
    this.#keys = new Int32Array(peers.length * WORDS)
    this.#keyBytes = new Uint8Array(this.#keys.buffer)
    this.#table = new Int32Array(2 * 2 ** Math.ceil(Math.log2(Math.max(peers.length, 16))))
    this.#isExpected = new Uint8Array(peers.length)
  }

  /** @param peers anything: what is no plain peer is not expected */
  static *from(peers: readonly PeerConfig[]): Steps<ExpectedPeers> {
    const expected = new ExpectedPeers(peers)
    const budget = new StepBudget()
    for (let place = 0; place < peers.length; place++) {
      expected.#add(place)
      if (budget.spend(1)) yield
    }
    return expected
  }

  #add(place: number): void {
    const peer = this.peers[place]
    if (typeof peer !== 'object' || peer === null || !isPlainPeer(peer)) return
    const { publicKey } = peer
    if (typeof publicKey !== 'string') return
    if (!writeKeyText(publicKey, this.#keyBytes, place * KEY_LENGTH)) return
    const slot = this.#slotOf(this.#keys, place * WORDS)
    const found = this.#table[slot] as number
    if (found === 0) this.#table[slot] = place + 1
    // Of two with one key neither is: whoever looks at all of them finds the second.
    this.#isExpected[found === 0 ? place : found - 1] = found === 0 ? 1 : 0
  }

  /**
   * The place of the peer whose key is `words[at..at + 8)`; -1: it is not expected.
   *
   * @param likely where it is looked for first: devices that were made from a list have its order
   */
  placeOf(words: Int32Array, at: number, likely: number): number {
    const place = this.#hasAt(likely, words, at)
      ? likely
      : (this.#table[this.#slotOf(words, at)] as number) - 1
    return place >= 0 && this.#isExpected[place] === 1 ? place : -1
  }

  /** Where a key is in the table, or would be. */
  #slotOf(words: Int32Array, at: number): number {
    const last = this.#table.length - 1
    let slot = hashOfWords(words, at, WORDS) & last
    for (;;) {
      const found = this.#table[slot] as number
      if (found === 0 || this.#hasAt(found - 1, words, at)) return slot
      slot = (slot + 1) & last
    }
  }

  #hasAt(place: number, words: Int32Array, at: number): boolean {
    const keys = this.#keys
    for (let index = 0; index < WORDS; index++) {
      if (keys[place * WORDS + index] !== words[at + index]) return false
    }
    return true
  }
}

/** What one reading finds of the peers that are expected. */
export class PeerComparison {
  /** By place in the expected peers; 1: the device has that peer, in the same words. */
  readonly unchanged: Uint8Array
  readonly #expected: ExpectedPeers
  /** Where the peer is that is looked at, and where the next one is likely to be. */
  #place = -1
  #next = 0

  constructor(expected: ExpectedPeers) {
    this.#expected = expected
    this.unchanged = new Uint8Array(expected.peers.length)
  }

  /** A reading begins anew: what was found so far does not count. */
  restart(): void {
    this.unchanged.fill(0)
    this.#next = 0
  }

  /** What the peer should be whose key is `words[at..at + 8)`; `undefined`: that is not known. */
  begin(words: Int32Array, at: number): PeerConfig | undefined {
    this.#place = this.#expected.placeOf(words, at, this.#next)
    if (this.#place < 0) return undefined
    this.#next = this.#place + 1
    return this.#expected.peers[this.#place]
  }

  /** The peer that was begun last is as it should be. */
  keep(): true {
    this.unchanged[this.#place] = 1
    return true
  }
}

/** True when a peer that has these is told the same by the entry. */
export function hasSameFields(
  { persistentKeepalive, persistentKeepaliveRange, presharedKey }: PeerConfig,
  keepalive: number,
  secret: Uint8Array,
  at: number,
): boolean {
  return (
    (persistentKeepalive ?? 0) === keepalive &&
    persistentKeepaliveRange === undefined &&
    SecretKey.isAt(presharedKey, secret, at)
  )
}
