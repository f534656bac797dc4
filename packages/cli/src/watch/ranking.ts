import { type ConnectionState, connectionState } from 'wgctrl'
import type { PeerActivity } from './peer-activity.js'

/** By what rows are sorted: what they transfer now, in all, their last handshake, how they stand, or their names. */
export type Order = 'rate' | 'total' | 'handshake' | 'state' | 'name'

/** Less than 0: the first comes first. */
export type Compare<T> = (one: T, other: T) => number

/** What of a row says where it comes. */
export interface Ranked {
  readonly peer: PeerActivity
  /** What it is called. */
  readonly name: string
}

/**
 * The `count` rows that come first.
 *
 * Rows are many and places few: sorting all of them at each tick would take longer than reading them.
 */
export function firstOf<T>(rows: Iterable<T>, count: number, compare: Compare<T>): T[] {
  if (count > MANY) return Array.from(rows).sort(compare).slice(0, count)
  const best: T[] = []
  for (const row of rows) {
    const last = best[count - 1]
    if (last !== undefined && compare(last, row) <= 0) continue
    best.splice(place(best, row, compare), 0, row)
    if (best.length > count) best.pop()
  }
  return best
}

/** More rows than this are sorted faster all at once. */
const MANY = 1000

function place<T>(best: readonly T[], row: T, compare: Compare<T>): number {
  let [low, high] = [0, best.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (compare(best[middle] as T, row) <= 0) low = middle + 1
    else high = middle
  }
  return low
}

/**
 * What comes first in an order; of equals those that did most, and those that never did anything by key.
 *
 * @param now milliseconds since 1970
 */
export function comparison(order: Order, isReversed: boolean, now: number): Compare<Ranked> {
  const sign = isReversed ? -1 : 1
  const compare = comparisons[order](now)
  return (one, other) => sign * compare(one, other) || byActivity(one.peer, other.peer)
}

const comparisons: Readonly<Record<Order, (now: number) => Compare<Ranked>>> = {
  rate: () => (one, other) => byActivity(one.peer, other.peer),
  total: () => (one, other) => totalOf(other.peer) - totalOf(one.peer),
  handshake: () => (one, other) => handshakeOf(other.peer) - handshakeOf(one.peer),
  state: (now) => (one, other) => stateOf(one.peer, now) - stateOf(other.peer, now),
  name: () => (one, other) => (one.name < other.name ? -1 : Number(one.name > other.name)),
}

const totalOf = ({ received, transmitted }: PeerActivity): number => received + transmitted
const handshakeOf = ({ lastHandshake }: PeerActivity): number => lastHandshake?.getTime() ?? 0

const STATES: readonly ConnectionState[] = ['connected', 'idle', 'gone', 'never']
const stateOf = (peer: PeerActivity, now: number): number => STATES.indexOf(stateOfPeer(peer, now))

/** How a peer stands. */
export const stateOfPeer = (
  { lastHandshake, peer: { persistentKeepalive } }: PeerActivity,
  now: number,
): ConnectionState => connectionState({ lastHandshake, persistentKeepalive }, { now })

/** By what they transfer now, then by what they did lately, then by their last handshake, then by key. */
function byActivity(a: PeerActivity, b: PeerActivity): number {
  return (
    b.rate - a.rate ||
    lately(b) - lately(a) ||
    handshakeOf(b) - handshakeOf(a) ||
    (a.publicKey < b.publicKey ? -1 : Number(a.publicKey > b.publicKey))
  )
}

function lately({ history }: PeerActivity): number {
  let sum = 0
  for (const rate of history) sum += rate
  return sum
}
