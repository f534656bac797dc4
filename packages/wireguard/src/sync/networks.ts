import {
  type Device,
  invalid,
  type PeerConfig,
  type PublicKey,
  StepBudget,
  type Steps,
} from '@wgctrl/types'
import { FATE } from './candidates.js'
import type { Change, PeerAdded } from './change.js'
import { removedTooEarly } from './overlap.js'
import { type PeerDiff, toPeerConfig } from './peer-diff.js'

/** What becomes of the networks that are given to peers: who has them now, `undefined` for nobody. */
export type Moves = ReadonlyMap<string, PublicKey | undefined>

/**
 * @param fates what becomes of each peer of the device
 * @throws {WireGuardError} `EINVAL` when a network is given to a peer and another is to keep it
 */
export function* findMoves(
  current: Device,
  diffs: readonly PeerDiff[],
  fates: Uint8Array,
): Steps<Moves> {
  const moves = new Map<string, PublicKey | undefined>()
  for (const { added } of diffs) for (const cidr of added) moves.set(cidr, undefined)
  if (moves.size === 0) return moves
  const keepers = new Map<string, PublicKey>()
  const budget = new StepBudget()
  for (const [at, { publicKey, allowedIPs }] of current.peers.entries()) {
    for (const cidr of allowedIPs) {
      if (!moves.has(cidr)) continue
      moves.set(cidr, publicKey)
      if (fates[at] === FATE.kept) keepers.set(cidr, publicKey)
    }
    if (budget.spend(allowedIPs.length / 10)) yield
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

export function peerChanges(diff: PeerDiff, moves: Moves): Change[] {
  const { publicKey } = diff.candidate.wanted
  const isNew = diff.candidate.current === undefined
  const changes: Change[] = isNew ? [peerAdded(diff)] : diff.changed ? [diff.changed] : []
  for (const cidr of diff.added) {
    const from = moves.get(cidr)
    if (from !== undefined) changes.push({ kind: 'allowed-ip-moved', cidr, from, to: publicKey })
    else if (!isNew) changes.push({ kind: 'allowed-ip-added', publicKey, cidr })
  }
  for (const cidr of toTake(diff, moves)) {
    changes.push({ kind: 'allowed-ip-removed', publicKey, cidr })
  }
  return changes
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
function toTake({ lost }: PeerDiff, moves: Moves): string[] {
  return lost.filter((cidr) => !moves.has(cidr))
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
export function orderEntries(diffs: readonly PeerDiff[], moves: Moves): PeerConfig[] {
  const entries = diffs.flatMap((diff) => toEntry(diff, moves))
  const giving = entries.filter(({ taken }) => taken.length === 0)
  const both = entries.filter(({ added, taken }) => taken.length > 0 && added.length > 0)
  const taking = entries.filter(({ added, taken }) => taken.length > 0 && added.length === 0)
  const early = removedTooEarly(
    both.flatMap(({ taken }, place) => taken.map((cidr) => ({ cidr, place }))),
    both.flatMap(({ added }, place) => added.map((cidr) => ({ cidr, place }))),
  )
  const late = both
    .map(({ config, taken }) => ({
      config: { publicKey: config.publicKey, updateOnly: true },
      taken: taken.filter((cidr) => early.has(cidr)),
    }))
    .filter(({ taken }) => taken.length > 0)
  return [
    ...giving.map(({ config }) => config),
    ...both.map(({ config, taken }) =>
      withTaken(
        config,
        taken.filter((cidr) => !early.has(cidr)),
      ),
    ),
    ...taking.map(({ config, taken }) => withTaken(config, taken)),
    ...late.map(({ config, taken }) => withTaken(config, taken)),
  ]
}

function toEntry(diff: PeerDiff, moves: Moves): Entry[] {
  const { candidate, changed, added } = diff
  const taken = toTake(diff, moves)
  const isNothing = candidate.current && !changed && added.length === 0 && taken.length === 0
  return isNothing ? [] : [{ config: toPeerConfig(diff), added, taken }]
}

function withTaken(config: PeerConfig, taken: readonly string[]): PeerConfig {
  if (taken.length === 0) return config
  const allowedIPs = [
    ...(config.allowedIPs ?? []),
    ...taken.map((cidr) => ({ cidr, remove: true })),
  ]
  return { ...config, allowedIPs }
}
