import {
  type AllowedIPChange,
  invalid,
  type PeerConfig,
  type PublicKey,
  StepBudget,
  type Steps,
} from '@wgctrl/types'
import { GLANCE, setOf, without } from '../long-lists.js'
import { FATE, type Sides } from './candidates.js'
import type { Change, PeerAdded } from './change.js'
import { removedTooEarly } from './overlap.js'
import { type PeerDiff, toPeerConfig } from './peer-diff.js'

/** What becomes of the networks that are given to peers: who has them now, `undefined` for nobody. */
export type Moves = ReadonlyMap<string, PublicKey | undefined>

/** What an entry is that is unchanged: the device has it in the same words. */
interface UnchangedPeer {
  readonly publicKey: PublicKey
  readonly allowedIPs?: readonly string[]
}

/**
 * @param fates what becomes of each peer of the device
 * @throws {WireGuardError} `EINVAL` when a network is given to a peer and another is to keep it
 */
export function* findMoves(
  { device, desired, unchanged }: Sides,
  diffs: readonly PeerDiff[],
  fates: Uint8Array,
): Steps<Moves> {
  const moves = new Map<string, PublicKey | undefined>()
  const budget = new StepBudget()
  for (const { added } of diffs) {
    for (const cidr of added) {
      moves.set(cidr, undefined)
      if (budget.spend(GLANCE)) yield
    }
  }
  if (moves.size === 0) return moves
  const keepers = new Map<string, PublicKey>()
  for (const [at, { publicKey, allowedIPs }] of device.peers.entries()) {
    for (const cidr of allowedIPs) {
      if (budget.spend(GLANCE)) yield
      if (!moves.has(cidr)) continue
      moves.set(cidr, publicKey)
      if (fates[at] === FATE.kept) keepers.set(cidr, publicKey)
    }
  }
  for (const [place, isUnchanged] of unchanged.entries()) {
    if (!isUnchanged) continue
    const { publicKey, allowedIPs = [] } = desired.peers[place] as UnchangedPeer
    for (const cidr of allowedIPs) {
      if (budget.spend(GLANCE)) yield
      if (moves.has(cidr)) keepers.set(cidr, publicKey)
    }
  }
  if (keepers.size > 0) refuseSharing(diffs, keepers)
  return moves
}

function refuseSharing(diffs: readonly PeerDiff[], keepers: ReadonlyMap<string, PublicKey>): void {
  for (const { added, candidate } of diffs) {
    for (const cidr of added) {
      const keeper = keepers.get(cidr)
      if (keeper === undefined) continue
      const text = `${cidr} is given to ${keeper} as well: only one peer can have it`
      throw invalid(`${candidate.path}.allowedIPs`, text)
    }
  }
}

/** Adds what happens to peers that stay or come. */
export function* addPeerChanges(
  diffs: readonly PeerDiff[],
  moves: Moves,
  changes: Change[],
): Steps<void> {
  const budget = new StepBudget()
  for (const diff of diffs) {
    const { publicKey } = diff.candidate.wanted
    const isNew = diff.candidate.current === undefined
    if (isNew) changes.push(peerAdded(diff))
    else if (diff.changed) changes.push(diff.changed)
    for (const cidr of diff.added) {
      const from = moves.get(cidr)
      if (from !== undefined) changes.push({ kind: 'allowed-ip-moved', cidr, from, to: publicKey })
      else if (!isNew) changes.push({ kind: 'allowed-ip-added', publicKey, cidr })
      if (budget.spend(GLANCE)) yield
    }
    for (const cidr of yield* toTake(diff, moves, budget)) {
      changes.push({ kind: 'allowed-ip-removed', publicKey, cidr })
      if (budget.spend(GLANCE)) yield
    }
    if (budget.spend(GLANCE)) yield
  }
}

function peerAdded({ candidate, changed, added }: PeerDiff): PeerAdded {
  const endpoint = changed?.endpoint?.to
  return {
    kind: 'peer-added',
    publicKey: candidate.wanted.publicKey,
    hasPresharedKey: changed?.presharedKey !== undefined,
    ...(endpoint !== undefined && { endpoint }),
    persistentKeepalive: changed?.persistentKeepalive?.to ?? 0,
    allowedIPs: added,
  }
}

/** Giving a network to a peer takes it from the one that had it: those are not taken once more. */
function toTake({ lost }: PeerDiff, moves: Moves, budget: StepBudget): Steps<string[]> {
  return without(lost, moves, budget)
}

interface Entry {
  readonly config: PeerConfig
  readonly added: readonly string[]
  readonly taken: readonly string[]
}

/**
 * The peers to send. What is given comes before what is taken, so that no address is nobody's on the
 * way from one peer to another. A peer that is given and loses networks is one entry all the same, unless
 * a later peer gets an overlapping one: then the loss is an entry of its own, at the end.
 */
export function* orderEntries(diffs: readonly PeerDiff[], moves: Moves): Steps<PeerConfig[]> {
  const giving: PeerConfig[] = []
  const taking: PeerConfig[] = []
  const both: Entry[] = []
  const budget = new StepBudget()
  for (const diff of diffs) {
    const { candidate, changed, added } = diff
    const taken = yield* toTake(diff, moves, budget)
    if (budget.spend(GLANCE)) yield
    const isNothing = candidate.current && !changed && added.length === 0 && taken.length === 0
    if (isNothing) continue
    const config = toPeerConfig(diff)
    if (taken.length === 0) giving.push(config)
    else if (added.length > 0) both.push({ config, added, taken })
    else taking.push(yield* withTaken(config, taken, budget))
  }
  const [inTime, late] = yield* takenLate(both, budget)
  return [...giving, ...inTime, ...taking, ...late]
}

/** @returns those of the entries, and what of them has to come behind all others */
function* takenLate(
  both: readonly Entry[],
  budget: StepBudget,
): Steps<[PeerConfig[], PeerConfig[]]> {
  const inTime: PeerConfig[] = []
  const late: PeerConfig[] = []
  const early = yield* removedTooEarly(
    both.map(({ taken }) => taken),
    both.map(({ added }) => added),
  )
  for (const { config, taken } of both) {
    const now = yield* without(taken, early, budget)
    inTime.push(yield* withTaken(config, now, budget))
    if (now.length === taken.length) continue
    const kept = yield* setOf(now, budget)
    const then = yield* without(taken, kept, budget)
    const { publicKey } = config
    late.push(yield* withTaken({ publicKey, updateOnly: true }, then, budget))
  }
  return [inTime, late]
}

function* withTaken(
  config: PeerConfig,
  taken: readonly string[],
  budget: StepBudget,
): Steps<PeerConfig> {
  if (taken.length === 0) return config
  const allowedIPs: (string | AllowedIPChange)[] = []
  for (const network of config.allowedIPs ?? []) {
    allowedIPs.push(network)
    if (budget.spend(GLANCE)) yield
  }
  for (const cidr of taken) {
    allowedIPs.push({ cidr, remove: true })
    if (budget.spend(GLANCE)) yield
  }
  return { ...config, allowedIPs }
}
