import { checkGiven } from './argument.js'
import type { Peer } from './device.js'

/** A counter of 64 bits as a wire has it: a bigint only where a number would not be exact. */
export type Counter = number | bigint

/** @internal The counter in as small a form as is exact. */
export function toCounter(value: bigint): Counter {
  return value <= Number.MAX_SAFE_INTEGER ? Number(value) : value
}

/**
 * What {@link Peer.exactBytes} is: nothing where the numbers say it all.
 *
 * @internal
 */
export function exactBytes(received: Counter, transmitted: Counter): Peer['exactBytes'] {
  if (typeof received === 'number' && typeof transmitted === 'number') return undefined
  return { received: received.toString(), transmitted: transmitted.toString() }
}

/**
 * The counters of a peer to the byte, whatever their size.
 *
 * @throws {TypeError} `EINVAL` when it is none
 */
export function countersOf(peer: Peer): {
  readonly received: Counter
  readonly transmitted: Counter
} {
  checkGiven(peer, 'peer', 'a peer that was read')
  const { exactBytes: exact } = peer
  if (!exact) return { received: peer.receivedBytes, transmitted: peer.transmittedBytes }
  return { received: BigInt(exact.received), transmitted: BigInt(exact.transmitted) }
}
