import {
  type AllowedIPChange,
  canonicalCidr,
  type Peer,
  type PeerConfig,
  type PublicKey,
  StepBudget,
  type Steps,
} from '@wgctrl/types'
import { addTo, GLANCE, without } from '../long-lists.js'
import { keyOf } from './peer-key.js'

type Network = string | AllowedIPChange

/** Peers that a device should have. */
export interface DesiredPeers {
  readonly peers: readonly PeerConfig[]
  /** Places of entries that say nothing of their own any more. */
  readonly passed: ReadonlySet<number>
}

/**
 * Takes out the entries that give a peer networks before its own entry does, as `addconf` means of a file that
 * gives and takes one: whoever has such a network loses it. What that leaves of them is put into the entries of
 * those peers. All others stay where they are.
 *
 * @param current the peers of the device
 */
export function* withoutPassing(
  peers: readonly PeerConfig[],
  current: readonly Peer[],
): Steps<DesiredPeers> {
  const last = yield* lastEntries(peers)
  const passed = new Set<number>()
  if (last.size === 0) return { peers, passed }
  const given = new Map<number, string[]>()
  const budget = new StepBudget()
  for (const [index, peer] of peers.entries()) {
    if (!isPassing(peer)) continue
    const place = last.get(keyOf(peer, index)) as number
    if (place === index) continue
    passed.add(index)
    const networks = given.get(place) ?? []
    given.set(place, networks)
    yield* addNetworks(peer, index, networks, budget)
  }
  if (passed.size === 0) return { peers, passed }
  return { peers: yield* merge(peers, passed, given, current), passed }
}

/** Where the last entry of each peer is that has an entry which may be passing. */
function* lastEntries(peers: readonly PeerConfig[]): Steps<Map<PublicKey, number>> {
  const last = new Map<PublicKey, number>()
  const budget = new StepBudget()
  for (let index = 0; index < peers.length; index++) {
    const peer = peers[index] as PeerConfig
    const key = isPassing(peer) || last.size > 0 ? keyOf(peer, index) : undefined
    if (key !== undefined && (isPassing(peer) || last.has(key))) last.set(key, index)
    if (budget.spend(0.1)) yield
  }
  return last
}

/** True of an entry that gives networks and does nothing else. */
function isPassing(peer: PeerConfig): boolean {
  if (peer?.replaceAllowedIPs !== false || !Array.isArray(peer.allowedIPs)) return false
  const { publicKey, replaceAllowedIPs, allowedIPs, ...others } = peer
  return (
    Object.values(others).every((value) => value === undefined) &&
    allowedIPs.every((network) => typeof network === 'string')
  )
}

function* addNetworks(
  { allowedIPs = [] }: PeerConfig,
  index: number,
  to: string[],
  budget: StepBudget,
): Steps<void> {
  for (let at = 0; at < allowedIPs.length; at++) {
    to.push(canonicalCidr(allowedIPs[at] as string, `peers[${index}].allowedIPs[${at}]`))
    if (budget.spend(1)) yield
  }
}

/** @param given what the entry at each place was given before */
function* merge(
  peers: readonly PeerConfig[],
  passed: ReadonlySet<number>,
  given: ReadonlyMap<number, readonly string[]>,
  current: readonly Peer[],
): Steps<PeerConfig[]> {
  const budget = new StepBudget()
  const dropped = new Set<string>()
  for (const networks of given.values()) yield* addTo(dropped, networks, budget)
  const merged: PeerConfig[] = []
  for (const [index, peer] of peers.entries()) {
    const entry = yield* withGiven(peer, given.get(index) ?? [], budget)
    merged.push(entry)
    if (passed.has(index)) continue
    for (const network of listOf(entry)) {
      if (typeof network === 'string') dropped.delete(named(network))
      if (budget.spend(1)) yield
    }
  }
  const losses = dropped.size === 0 ? undefined : yield* lossesOf(current, dropped, budget)
  if (!losses?.size) return merged
  for (const [index, entry] of merged.entries()) {
    if (passed.has(index)) continue
    const lost = losses.get(keyOf(entry, index))
    if (lost) merged[index] = yield* withoutLost(entry, lost, budget)
    if (budget.spend(GLANCE)) yield
  }
  return merged
}

/** What belongs to nobody now, of those peers of the device that have it: no other can lose it. */
function* lossesOf(
  current: readonly Peer[],
  dropped: ReadonlySet<string>,
  budget: StepBudget,
): Steps<Map<PublicKey, string[]>> {
  const losses = new Map<PublicKey, string[]>()
  for (const { publicKey, allowedIPs } of current) {
    for (const cidr of allowedIPs) {
      if (budget.spend(GLANCE)) yield
      if (!dropped.has(cidr)) continue
      const lost = losses.get(publicKey) ?? []
      losses.set(publicKey, lost)
      lost.push(cidr)
    }
  }
  return losses
}

/** One whose list is a change keeps what it was given before and does not name. */
function* withGiven(
  peer: PeerConfig,
  given: readonly string[],
  budget: StepBudget,
): Steps<PeerConfig> {
  if (given.length === 0 || !isChange(peer)) return peer
  const kept = yield* without(given, yield* namesOf(peer, budget), budget)
  return { ...peer, allowedIPs: listOf(peer).concat(kept) }
}

/** One whose list is a change loses what belongs to nobody now; the whole of a list has none of it. */
function* withoutLost(
  peer: PeerConfig,
  lost: readonly string[],
  budget: StepBudget,
): Steps<PeerConfig> {
  if (!isChange(peer)) return peer
  const taken = yield* without(lost, yield* namesOf(peer, budget), budget)
  const removals = taken.map((cidr) => ({ cidr, remove: true }))
  return { ...peer, allowedIPs: listOf(peer).concat(removals) }
}

function* namesOf(peer: PeerConfig, budget: StepBudget): Steps<Set<string>> {
  const names = new Set<string>()
  for (const network of listOf(peer)) {
    names.add(named(network))
    if (budget.spend(1)) yield
  }
  return names
}

const isChange = (peer: PeerConfig): boolean =>
  peer?.remove !== true &&
  (peer?.replaceAllowedIPs === false ||
    listOf(peer).some((network) => typeof network === 'object' && network?.remove))

/** What is no list is left for the check to refuse, and so is what is no network. */
const listOf = (peer: PeerConfig): readonly Network[] =>
  Array.isArray(peer?.allowedIPs) ? peer.allowedIPs : []

/** The canonical text of a network. */
function named(network: Network): string {
  const text = typeof network === 'string' ? network : network?.cidr
  try {
    return canonicalCidr(text)
  } catch {
    return String(text)
  }
}
