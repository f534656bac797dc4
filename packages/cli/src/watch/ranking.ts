import type { PeerActivity } from './peer-activity.js'

/**
 * The `count` peers that did most: by what they transfer now, then by what they did lately, then by their
 * last handshake. Those that never did anything come last, by key.
 */
export function busiest(peers: Iterable<PeerActivity>, count: number): PeerActivity[] {
  const best: PeerActivity[] = []
  // Peers are many and places few: sorting all of them at each tick would take longer than reading them.
  for (const peer of peers) {
    const last = best[count - 1]
    if (last && compare(last, peer) <= 0) continue
    best.splice(place(best, peer), 0, peer)
    if (best.length > count) best.pop()
  }
  return best
}

function place(best: readonly PeerActivity[], peer: PeerActivity): number {
  let [low, high] = [0, best.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (compare(best[middle] as PeerActivity, peer) <= 0) low = middle + 1
    else high = middle
  }
  return low
}

function compare(a: PeerActivity, b: PeerActivity): number {
  return (
    b.rate - a.rate ||
    lately(b) - lately(a) ||
    (b.lastHandshake?.getTime() ?? 0) - (a.lastHandshake?.getTime() ?? 0) ||
    (a.publicKey < b.publicKey ? -1 : 1)
  )
}

function lately({ history }: PeerActivity): number {
  let sum = 0
  for (const rate of history) sum += rate
  return sum
}
