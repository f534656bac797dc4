import {
  type CheckedConfig,
  type CheckedPeer,
  checkSteps,
  type Device,
  InvalidRangeError,
  InvalidTypeError,
  invalid,
  type Peer,
  type PeerConfig,
  type PublicKey,
  StepBudget,
  type Steps,
  WireGuardError,
} from '@wgctrl/types'
import type { Scopes } from './endpoint.js'
import type { DesiredPeers } from './passing-networks.js'
import { keyOf } from './peer-key.js'
import { isClearlyUnchanged } from './unchanged.js'

/** A peer that should be there, and that may differ from what is there. */
export interface Candidate {
  /** As the caller gave it. */
  readonly given: PeerConfig
  readonly wanted: CheckedPeer
  /** Absent: the device does not have it. */
  readonly current: Peer | undefined
  /** How errors name it. */
  readonly path: string
}

export interface Candidates {
  readonly candidates: readonly Candidate[]
  /** For each peer of the device, in its order: what becomes of it. */
  readonly fates: Uint8Array
}

/** A device as it is, and the peers that it should have. */
export interface Sides {
  readonly device: Device
  readonly desired: DesiredPeers
  /** By place in the desired peers; 1: the device has it just so, and `device` lacks it. */
  readonly unchanged: Uint8Array
}

export const FATE = { removed: 0, examined: 1, kept: 2 } as const

/**
 * Puts the peers that a device should have beside those that it has. Only those that may differ are
 * checked: what equals the device's own values is right.
 *
 * @param own the device's public key as it will be
 * @throws {TypeError | RangeError | WireGuardError} `EINVAL`; `path` names the field
 */
export function* findCandidates(
  { device, desired: { peers, passed }, unchanged }: Sides,
  own: PublicKey | undefined,
  scopes: Scopes,
): Steps<Candidates> {
  const places = new PeerPlaces(device.peers)
  const fates = new Uint8Array(device.peers.length)
  const strangers = new Set<PublicKey>()
  const budget = new StepBudget()
  /** Where they stand among the desired peers, and on the device. */
  const suspects: { index: number; at: number | undefined }[] = []
  for (let index = 0; index < peers.length; index++) {
    if (passed.has(index)) continue
    const peer = peers[index] as PeerConfig
    if (unchanged[index] === 1) {
      if (peer.publicKey === own) throw ownKeyAt(index)
      if (budget.spend(0.1)) yield
      continue
    }
    const key = keyOf(peer, index)
    const at = places.isNext(key) ? places.next++ : yield* places.find(key)
    const isTwice = at === undefined ? strangers.has(key) : fates[at] !== FATE.removed
    if (isTwice) throw invalid(`peers[${index}].publicKey`, `${key} is there twice`)
    if (key === own && !peer.remove) throw ownKeyAt(index)
    if (at === undefined) strangers.add(key)
    else {
      const isSame = isClearlyUnchanged(device.peers[at] as Peer, peer, scopes)
      fates[at] = isSame ? FATE.kept : FATE.examined
    }
    if (at === undefined || fates[at] === FATE.examined) suspects.push({ index, at })
    if (budget.spend(1 + (peer.allowedIPs?.length ?? 0))) yield
  }
  const indexes = suspects.map(({ index }) => index)
  const checked = yield* checkPeers(peers, indexes)
  const candidates: Candidate[] = []
  for (const [number, { index, at }] of suspects.entries()) {
    const wanted = checked.peers[number] as CheckedPeer
    if (at !== undefined && wanted.remove) fates[at] = FATE.removed
    if (wanted.remove || (wanted.updateOnly && at === undefined)) continue
    const current = at === undefined ? undefined : device.peers[at]
    const given = peers[index] as PeerConfig
    candidates.push({ given, wanted, current, path: `peers[${index}]` })
  }
  return { candidates, fates }
}

const ownKeyAt = (index: number): WireGuardError =>
  invalid(`peers[${index}].publicKey`, 'this is the key of the device itself')

/**
 * Where each peer stands in a list. Asked in the order of the list, as by a file that the device was
 * made from, it needs no index: the index of 100,000 keys costs as much as the rest of a diff.
 */
class PeerPlaces {
  readonly #peers: readonly Peer[]
  /** Where the one behind the last that was found is. */
  next = 0
  #index: Map<PublicKey, number> | undefined

  constructor(peers: readonly Peer[]) {
    this.#peers = peers
  }

  isNext(key: PublicKey): boolean {
    return this.#peers[this.next]?.publicKey === key
  }

  *find(key: PublicKey): Steps<number | undefined> {
    this.#index ??= yield* indexOf(this.#peers)
    const at = this.#index.get(key)
    if (at !== undefined) this.next = at + 1
    return at
  }
}

function* indexOf(peers: readonly Peer[]): Steps<Map<PublicKey, number>> {
  const index = new Map<PublicKey, number>()
  const budget = new StepBudget()
  for (let at = 0; at < peers.length; at++) {
    index.set((peers[at] as Peer).publicKey, at)
    if (budget.spend(0.1)) yield
  }
  return index
}

/** Checks some of the peers; errors name them by their place among all. */
function* checkPeers(
  peers: readonly PeerConfig[],
  indexes: readonly number[],
): Steps<CheckedConfig> {
  try {
    return yield* checkSteps({ peers: indexes.map((index) => peers[index] as PeerConfig) })
  } catch (error) {
    throw relocated(error, indexes)
  }
}

function relocated(error: unknown, indexes: readonly number[]): unknown {
  if (!(error instanceof WireGuardError) || error.path === undefined) return error
  const place = /^peers\[(\d+)\]/.exec(error.path)
  if (!place) return error
  const path = `peers[${indexes[Number(place[1])]}]${error.path.slice(place[0].length)}`
  const text = error.message.slice(error.path.length + 2)
  const cause: unknown = error
  if (cause instanceof InvalidTypeError) return new InvalidTypeError(path, text)
  if (cause instanceof InvalidRangeError) return new InvalidRangeError(path, text)
  return invalid(path, text)
}
