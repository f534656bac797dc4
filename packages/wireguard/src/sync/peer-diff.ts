import {
  type CheckedPeer,
  type ExtraKeys,
  formatEndpoint,
  isZeroKey,
  type PeerConfig,
  type StepBudget,
  type Steps,
} from '@wgctrl/types'
import { GLANCE, setOf, without } from '../long-lists.js'
import { diffExtra } from './amnezia-diff.js'
import type { Candidate } from './candidates.js'
import type { PeerChanged } from './change.js'
import { isSameEndpoint, type Scopes } from './endpoint.js'

/** What has to happen to one peer. */
export interface PeerDiff {
  readonly candidate: Candidate
  /** Absent: nothing but allowed IPs, if anything. */
  readonly changed?: PeerChanged
  /** Canonical networks to give to it. */
  readonly added: readonly string[]
  /** Canonical networks that it has and should not have. */
  readonly lost: readonly string[]
}

export function* diffPeer(
  candidate: Candidate,
  scopes: Scopes,
  budget: StepBudget,
): Steps<PeerDiff> {
  const { wanted, current } = candidate
  const changed: PeerChanged = {
    kind: 'peer-changed',
    publicKey: wanted.publicKey,
    ...diffPresharedKey(candidate),
    ...diffEndpoint(candidate, scopes),
    ...diffKeepalive(candidate),
    ...diffKeepaliveRange(candidate),
    ...diffPeerExtra(candidate),
  }
  const isChanged =
    changed.presharedKey ??
    changed.endpoint ??
    changed.persistentKeepalive ??
    changed.persistentKeepaliveRange ??
    changed.extra
  const had = yield* setOf(current?.allowedIPs ?? [], budget)
  const networks = yield* wantedNetworks(candidate, budget)
  return {
    candidate,
    ...(isChanged !== undefined && { changed }),
    added: yield* without(networks, had, budget),
    lost: yield* without(had, networks, budget),
  }
}

/** The entry of a config that brings the difference about, but for networks to take away. */
export function toPeerConfig({ candidate, changed, added }: PeerDiff): PeerConfig {
  const { given, wanted, current } = candidate
  return {
    publicKey: wanted.publicKey,
    // A peer that is gone by now must not come back without the rest of it, its preshared key say.
    ...(current && { updateOnly: true }),
    ...(changed?.presharedKey && { presharedKey: given.presharedKey ?? null }),
    ...(changed?.endpoint && wanted.endpoint && { endpoint: wanted.endpoint }),
    ...keepaliveOf(wanted, changed),
    ...(changed?.extra && { extra: pick(given.extra, changed.extra) }),
    ...(added.length > 0 && { allowedIPs: added }),
  }
}

function diffPresharedKey({ wanted, current }: Candidate): Pick<PeerChanged, 'presharedKey'> {
  const had = current?.presharedKey
  const { presharedKey } = wanted
  if (presharedKey === undefined || isZeroKey(presharedKey)) {
    return had ? { presharedKey: 'removed' } : {}
  }
  if (!had) return { presharedKey: 'set' }
  return had.equals(presharedKey) ? {} : { presharedKey: 'replaced' }
}

/** An endpoint cannot be cleared: one that is not asked for stays. */
function diffEndpoint(
  { wanted, current }: Candidate,
  scopes: Scopes,
): Pick<PeerChanged, 'endpoint'> {
  const from = current?.endpoint
  const { endpoint } = wanted
  if (!endpoint || (from && isSameEndpoint(from, endpoint, scopes))) return {}
  const to = formatEndpoint(endpoint)
  return { endpoint: from ? { from: formatEndpoint(from), to } : { to } }
}

function diffKeepalive({ wanted, current }: Candidate): Pick<PeerChanged, 'persistentKeepalive'> {
  const from = current?.persistentKeepalive ?? 0
  const to = wanted.persistentKeepalive ?? 0
  return from === to ? {} : { persistentKeepalive: { from, to } }
}

function diffKeepaliveRange({
  wanted,
  current,
}: Candidate): Pick<PeerChanged, 'persistentKeepaliveRange'> {
  const from = current?.persistentKeepaliveRange
  const to = wanted.persistentKeepaliveRange
  if (from === to) return {}
  const ends = { ...(from !== undefined && { from }), ...(to !== undefined && { to }) }
  return { persistentKeepaliveRange: ends }
}

/** One line has both. */
function keepaliveOf(
  { persistentKeepalive = 0, persistentKeepaliveRange }: CheckedPeer,
  changed: PeerChanged | undefined,
): Pick<PeerConfig, 'persistentKeepalive' | 'persistentKeepaliveRange'> {
  if (!changed?.persistentKeepalive && !changed?.persistentKeepaliveRange) return {}
  return persistentKeepaliveRange === undefined
    ? { persistentKeepalive }
    : { persistentKeepalive, persistentKeepaliveRange }
}

/** A new peer gets all of it. */
function diffPeerExtra({ given, current }: Candidate): Pick<PeerChanged, 'extra'> {
  if (given.extra === undefined) return {}
  const keys = current
    ? diffExtra(current.extra, given.extra).map(({ key }) => key)
    : Object.keys(given.extra)
  return keys.length > 0 ? { extra: keys } : {}
}

function pick(extra: ExtraKeys = {}, keys: readonly string[]): ExtraKeys {
  return Object.fromEntries(Object.entries(extra).filter(([key]) => keys.includes(key)))
}

/** The networks that the peer should have, in the order given. */
function* wantedNetworks(
  { given, wanted, current }: Candidate,
  budget: StepBudget,
): Steps<Set<string>> {
  const isRelative =
    given.replaceAllowedIPs === false || wanted.allowedIPs.some(({ remove }) => remove)
  const networks = yield* setOf((isRelative && current?.allowedIPs) || [], budget)
  for (const { text, remove } of wanted.allowedIPs) {
    if (remove) networks.delete(text)
    else networks.add(text)
    if (budget.spend(GLANCE)) yield
  }
  return networks
}
