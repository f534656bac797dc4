import {
  type AllowedIPChange,
  canonicalCidr,
  type PeerConfig,
  type PublicKey,
  StepBudget,
  type Steps,
} from '@wgctrl/types'
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
 */
export function* withoutPassing(peers: readonly PeerConfig[]): Steps<DesiredPeers> {
  const last = yield* lastEntries(peers)
  const passed = new Set<number>()
  const given = new Map<number, string[]>()
  const budget = new StepBudget()
  for (const [index, peer] of peers.entries()) {
    if (last.size === 0 || !isPassing(peer)) continue
    const place = last.get(keyOf(peer, index)) as number
    if (place === index) continue
    passed.add(index)
    const networks = given.get(place) ?? []
    given.set(place, networks)
    yield* addNetworks(peer, index, networks, budget)
  }
  return { peers: passed.size === 0 ? peers : yield* merge(peers, passed, given), passed }
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
): Steps<PeerConfig[]> {
  const merged: PeerConfig[] = []
  const dropped = new Set([...given.values()].flat())
  const budget = new StepBudget()
  for (const [index, peer] of peers.entries()) {
    const entry = withGiven(peer, given.get(index) ?? [])
    merged.push(entry)
    if (passed.has(index)) continue
    for (const network of listOf(entry)) {
      if (typeof network === 'string') dropped.delete(named(network))
      if (budget.spend(1)) yield
    }
  }
  return dropped.size === 0 ? merged : merged.map((peer) => withoutDropped(peer, dropped))
}

/** One whose list is a change keeps what it was given before and does not name. */
function withGiven(peer: PeerConfig, given: readonly string[]): PeerConfig {
  if (given.length === 0 || !isChange(peer)) return peer
  const has = new Set(listOf(peer).map(named))
  const kept = given.filter((cidr) => !has.has(cidr))
  return { ...peer, allowedIPs: [...listOf(peer), ...kept] }
}

/** One whose list is a change may have had what belongs to nobody now. */
function withoutDropped(peer: PeerConfig, dropped: ReadonlySet<string>): PeerConfig {
  if (!isChange(peer)) return peer
  const has = new Set(listOf(peer).map(named))
  const taken = [...dropped].filter((cidr) => !has.has(cidr))
  const removals = taken.map((cidr) => ({ cidr, remove: true }))
  return { ...peer, allowedIPs: [...listOf(peer), ...removals] }
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
