import {
  checkConfig,
  checkFields,
  type Device,
  type DeviceConfig,
  InvalidTypeError,
  type PeerConfig,
  type PublicKey,
  publicKey,
  runAtOnce,
  SecretKey,
  StepBudget,
  type Steps,
  wipeConfig,
} from '@wgctrl/types'
import { DIFF_OPTIONS } from '../option-fields.js'
import { checkReading } from '../reading.js'
import { diffAmnezia, diffExtra } from './amnezia-diff.js'
import { type Candidate, FATE, findCandidates } from './candidates.js'
import type { Change } from './change.js'
import { NOTHING_KNOWN } from './compared-device.js'
import { type InterfaceIndex, type Scopes, showsScopes } from './endpoint.js'
import { addPeerChanges, findMoves, orderEntries } from './networks.js'
import { withoutPassing } from './passing-networks.js'
import { diffPeer, type PeerDiff } from './peer-diff.js'

export interface DiffOptions {
  /**
   * Fields that stay as they are also where the desired state clears them. A config file without `FwMark`
   * means 0, and `wg.up` sets one by itself where a default route wants it. `peers`: those that the desired state does
   * not name, such as clients that somebody else lets in; a network of theirs that a named peer has goes to that.
   */
  readonly keep?: readonly ('privateKey' | 'firewallMark' | 'peers')[] | undefined
  /**
   * The index of a network interface by its name: the kernel gives scopes of endpoints as indexes.
   * Absent: a name and an index differ.
   */
  readonly interfaceIndex?: InterfaceIndex | undefined
}

export interface DeviceDiff {
  /** In the order of the desired state; removed peers last, by key. Empty: nothing differs. */
  readonly changes: readonly Change[]
  /** What brings the device there, in an order that is safe at every step. `{}` for nothing. */
  readonly config: DeviceConfig
}

/**
 * What has to change on a device to make it what it should be, and nothing else.
 *
 * The desired peers are all peers: those that are missing are removed, and what one of them lacks is reset,
 * but for its endpoint, which stays. Of the device itself what is absent stays, as in `configure`: private key,
 * listen port (0 means "any", which the port that the system chose is already) and firewall mark. A peer's allowed IPs are all that it should have, unless
 * `replaceAllowedIPs` is `false` or one has `remove`: then they change what it has. `replacePeers` says
 * nothing new here. `amnezia`, where it is given, is all of AmneziaWG's parameters: what it lacks is reset. Of `extra` those
 * keys count that the device shows.
 *
 * @param desired endpoints are addresses: names must have been resolved
 * @throws {TypeError | RangeError | WireGuardError} `EINVAL`; `path` names the field
 */
export function diffDevice(
  current: Device,
  desired: DeviceConfig,
  options: DiffOptions = {},
): DeviceDiff {
  checkFields(options, 'options', DIFF_OPTIONS)
  return runAtOnce(diffSteps(current, desired, options))
}

/**
 * The same in steps: neither side may change in between.
 *
 * @param unchanged by place in the desired peers; 1: the device is known to have it just so, and `current` lacks it
 */
export function* diffSteps(
  current: Device,
  desired: DeviceConfig,
  options: DiffOptions = {},
  unchanged: Uint8Array = NOTHING_KNOWN,
): Steps<DeviceDiff> {
  const given = checkShape(desired)
  checkReading(current, 'current')
  const { keep = [], interfaceIndex = () => undefined } = options
  checkKept(keep)
  const scopes = { index: interfaceIndex, areShown: showsScopes(current) }
  const fields = diffFields(current, desired, keep)
  const own = fields.publicKey
  const peers = yield* withoutPassing(given, current.peers)
  const sides = { device: current, desired: peers, unchanged }
  const { candidates, fates } = yield* findCandidates(sides, own, scopes)
  try {
    const diffs = yield* diffPeers(candidates, scopes)
    const moves = yield* findMoves(sides, diffs, fates)
    // wireguard-go lists its peers in another order at every read.
    const removed = current.peers
      .filter((_, at) => fates[at] === FATE.removed && !keep.includes('peers'))
      .sort((a, b) => (a.publicKey < b.publicKey ? -1 : 1))
    const changes = fields.changes
    yield* addPeerChanges(diffs, moves, changes)
    for (const { publicKey } of removed) changes.push({ kind: 'peer-removed', publicKey })
    const entries = yield* orderEntries(diffs, moves)
    for (const { publicKey } of removed) entries.push({ publicKey, remove: true })
    return { changes, config: { ...fields.config, ...(entries.length > 0 && { peers: entries }) } }
  } finally {
    wipeConfig({ replacePeers: false, peers: candidates.map((candidate) => candidate.wanted) })
  }
}

function* diffPeers(candidates: readonly Candidate[], scopes: Scopes): Steps<PeerDiff[]> {
  const diffs: PeerDiff[] = []
  const budget = new StepBudget()
  for (const candidate of candidates) {
    diffs.push(yield* diffPeer(candidate, scopes, budget))
    if (budget.spend(1)) yield
  }
  return diffs
}

const KEPT: readonly unknown[] = ['privateKey', 'firewallMark', 'peers']

function checkKept(keep: unknown): void {
  if (Array.isArray(keep) && keep.every((field) => KEPT.includes(field))) return
  throw new InvalidTypeError('options.keep', `must be an array of ${KEPT.join(', ')}`)
}

/** An empty list of peers, given for a config, would mean that none is to stay. */
export function checkObject(desired: DeviceConfig): void {
  if (typeof desired === 'object' && desired !== null && !Array.isArray(desired)) return
  throw new InvalidTypeError('config', 'must be an object')
}

/** Checks all but the peers, which are returned. */
function checkShape(desired: DeviceConfig): readonly PeerConfig[] {
  checkObject(desired)
  const { peers = [], ...fields } = desired
  wipeConfig(checkConfig(fields))
  if (!Array.isArray(peers)) throw new InvalidTypeError('peers', 'must be an array')
  return peers
}

interface FieldsDiff {
  readonly changes: Change[]
  readonly config: DeviceConfig
  /** The device's public key as it will be. */
  readonly publicKey: PublicKey | undefined
}

function diffFields(current: Device, desired: DeviceConfig, keep: readonly string[]): FieldsDiff {
  const changes: Change[] = []
  const config: DeviceConfig = {}
  const from = current.publicKey ?? (current.privateKey && publicKey(current.privateKey))
  const wanted = ownKey(desired)
  const keepsKey = desired.privateKey === undefined || (!wanted && keep.includes('privateKey'))
  const to = keepsKey ? from : wanted
  if (from !== to) {
    changes.push({
      kind: 'private-key',
      ...(to !== undefined && { publicKey: to }),
      ...(from !== undefined && { formerPublicKey: from }),
    })
    config.privateKey = to === undefined ? null : (desired.privateKey ?? null)
  }
  const port = desired.listenPort ?? 0
  if (port !== 0 && port !== current.listenPort) {
    changes.push({ kind: 'listen-port', from: current.listenPort, to: port })
    config.listenPort = port
  }
  const { firewallMark = current.firewallMark } = desired
  const keepsMark = !firewallMark && keep.includes('firewallMark')
  const mark = keepsMark ? current.firewallMark : (firewallMark ?? 0)
  if (mark !== current.firewallMark) {
    changes.push({ kind: 'firewall-mark', from: current.firewallMark, to: mark })
    config.firewallMark = mark
  }
  const amnezia = diffAmnezia(current.amnezia, desired.amnezia)
  changes.push(...amnezia.changes)
  if (amnezia.config) config.amnezia = amnezia.config
  const extra = diffExtra(current.extra, desired.extra)
  changes.push(...extra)
  if (extra.length > 0) config.extra = Object.fromEntries(extra.map(({ key, to }) => [key, to]))
  return { changes, config, publicKey: to }
}

function ownKey({ privateKey }: DeviceConfig): PublicKey | undefined {
  if (privateKey === undefined || privateKey === null) return undefined
  const secret = SecretKey.from(privateKey, 'privateKey')
  const own = secret.isZero ? undefined : publicKey(secret)
  secret.wipe()
  return own
}
