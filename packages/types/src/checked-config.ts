import { canonicalCidr } from './address.js'
import { type CheckedAmnezia, checkAmnezia, checkRange, numberRange } from './amnezia.js'
import {
  type AllowedIPChange,
  DEVICE_CONFIG_FIELDS,
  type DeviceConfig,
  PEER_CONFIG_FIELDS,
  type PeerConfig,
} from './config.js'
import { abortable } from './device-queue.js'
import { type Endpoint, isNamed, parseEndpoint } from './endpoint.js'
import { InvalidTypeError, invalid } from './errors.js'
import { type CheckedExtra, checkExtra } from './extra.js'
import { checkInteger } from './integer.js'
import {
  isZeroKey,
  type KeyInput,
  keyBytes,
  type PublicKey,
  parsePublicKey,
  publicKey,
  sharedSecretBytes,
} from './key.js'
import { unknownField } from './known-fields.js'
import { keysOf, refuseOwnKey } from './own-key.js'
import { runAtOnce, runInTurns, StepBudget, type Steps } from './steps.js'

/** A {@link DeviceConfig} that both wires can carry: absent leaves, zero clears. */
export interface CheckedConfig {
  /** 32 bytes, all zero to clear. A copy: {@link wipeConfig} zeroes it. */
  readonly privateKey?: Uint8Array
  readonly listenPort?: number
  /** 0 switches it off. */
  readonly firewallMark?: number
  readonly amnezia?: CheckedAmnezia
  readonly extra?: CheckedExtra
  readonly replacePeers: boolean
  readonly peers: readonly CheckedPeer[]
}

export interface CheckedPeer {
  readonly publicKey: PublicKey
  readonly remove: boolean
  readonly updateOnly: boolean
  /** 32 bytes, all zero to clear. A copy: {@link wipeConfig} zeroes it. */
  readonly presharedKey?: Uint8Array
  readonly endpoint?: Endpoint
  /** 0 switches it off. */
  readonly persistentKeepalive?: number
  /** Canonical, of two ends that differ; in the place of `persistentKeepalive`, which is the lower one. */
  readonly persistentKeepaliveRange?: string
  readonly extra?: CheckedExtra
  readonly replaceAllowedIPs: boolean
  readonly allowedIPs: readonly CheckedAllowedIP[]
}

export interface CheckedAllowedIP {
  /** Canonical: as {@link canonicalCidr} spells it. Its bytes are made where a wire wants them. */
  readonly text: string
  readonly remove: boolean
}

/**
 * Checks a whole config and brings it into the form that the wires carry. Nothing is sent before
 * this passed. Also refused is what both wires would silently ignore or move: the device's own key
 * as a peer, and one network on two peers.
 *
 * @throws {TypeError | RangeError | WireGuardError} `EINVAL`; `path` names the field
 */
export function checkConfig(config: DeviceConfig): CheckedConfig {
  return runAtOnce(checkSteps(config))
}

/**
 * Begins to check a config at once, for a call that has yet to wait for its turn. The secrets of what was
 * checked are wiped when the call is over.
 *
 * @param use makes the call; what it is given waits for the checked config
 * @throws {TypeError | RangeError | WireGuardError} as {@link checkConfig}; as `use`
 */
export function withCheckedConfig<T>(
  config: DeviceConfig,
  use: (checked: (signal: AbortSignal) => Promise<CheckedConfig>) => Promise<T>,
): Promise<T> {
  return withSteps(checkSteps(config), wipeConfig, use)
}

/**
 * Begins steps at once, for a call that has yet to wait for its turn.
 *
 * @param wipe of what came of them, when the call is over
 * @param use makes the call; what it is given waits for the end of the steps
 * @throws as `steps`; as `use`
 */
export async function withSteps<C, T>(
  steps: Steps<C>,
  wipe: (made: C) => void,
  use: (made: (signal: AbortSignal) => Promise<C>) => Promise<T>,
): Promise<T> {
  const making = runInTurns(steps)
  // Nobody may be waiting yet when it fails.
  making.catch(() => {})
  try {
    return await use((signal) => abortable(making, signal))
  } finally {
    making.then(wipe, () => {})
  }
}

/**
 * The same in steps. The config must not change in between; what is returned shares nothing with it that
 * could.
 *
 * @throws {TypeError | RangeError | WireGuardError} as {@link checkConfig}
 */
export function* checkSteps(config: DeviceConfig): Steps<CheckedConfig> {
  checkFields(config)
  const copies: Uint8Array[] = []
  let isWhole = false
  try {
    const checked = yield* checkWith(copies, config)
    isWhole = true
    return checked
  } finally {
    if (!isWhole) for (const copy of copies) copy.fill(0)
  }
}

/** @param copies gets those of keys, which are nobody's when the config is refused */
function* checkWith(copies: Uint8Array[], config: DeviceConfig): Steps<CheckedConfig> {
  const { listenPort, firewallMark, replacePeers } = config
  const checked: CheckedPeer[] = []
  const claims = new NetworkClaims(checked)
  const budget = new StepBudget()
  for (const given of config.peers ?? []) {
    const index = checked.length
    const peer = checkPeer(given, index)
    if (peer.presharedKey) copies.push(peer.presharedKey)
    if (isLong(given.allowedIPs)) yield* addNetworks(given.allowedIPs, peer.allowedIPs, index)
    if (!claims.claimEasily(peer)) yield* claims.claim(peer)
    checked.push(peer)
    if (budget.spend(1 + peer.allowedIPs.length)) yield
  }
  const extra = config.extra === undefined ? undefined : checkExtra(config.extra, 'extra')
  const amnezia = config.amnezia === undefined ? undefined : checkAmnezia(config.amnezia)
  const protection = amnezia?.headerProtectionKey
  if (protection instanceof Uint8Array) copies.push(protection)
  const privateKey = checkSecret(config.privateKey, 'privateKey')
  if (privateKey) copies.push(privateKey)
  const whole = {
    ...(privateKey !== undefined && { privateKey }),
    ...(listenPort !== undefined && { listenPort }),
    ...(firewallMark !== undefined && { firewallMark: firewallMark ?? 0 }),
    ...(amnezia && { amnezia }),
    ...(extra && { extra }),
    replacePeers: replacePeers === true,
    peers: checked,
  }
  if (privateKey !== undefined && !isZeroKey(privateKey)) {
    refuseOwnKey(keysOf(whole), publicKey(privateKey))
  }
  return whole
}

/** All but keys and peers. */
function checkFields(config: DeviceConfig): void {
  checkObject(config, 'config', DEVICE_CONFIG_FIELDS, '')
  const { listenPort, firewallMark, peers = [] } = config
  if (listenPort !== undefined) checkInteger(listenPort, 'listenPort', 0, 65535)
  if (firewallMark !== undefined && firewallMark !== null) {
    checkInteger(firewallMark, 'firewallMark', 0, 2 ** 32 - 1)
  }
  checkFlag(config.replacePeers, 'replacePeers')
  if (!Array.isArray(peers)) throw new InvalidTypeError('peers', 'must be an array')
}

/**
 * Most peers are right, and there may be 100,000 of them: paths, a dozen strings for each, are made when
 * there is a mistake to name.
 */
function checkPeer(peer: PeerConfig, index: number): NewPeer {
  try {
    return checkPeerAt(peer, NOWHERE)
  } catch {
    return checkPeerAt(peer, `peers[${index}]`)
  }
}

/** Stands for a path that nobody will see. */
const NOWHERE = ''

const within = (path: string, field: string): string =>
  path === NOWHERE ? NOWHERE : `${path}.${field}`

/**
 * All of a peer but keys, endpoint, networks, and what not every device has.
 *
 * @param path how errors name the peer; '' where nobody will see it
 * @throws {TypeError | RangeError | WireGuardError} `EINVAL`; `path` names the field
 * @internal
 */
export function checkPeerFields(peer: PeerConfig, path: string): void {
  checkObject(peer, path, PEER_CONFIG_FIELDS)
  checkFlag(peer.remove, within(path, 'remove'))
  checkFlag(peer.updateOnly, within(path, 'updateOnly'))
  checkFlag(peer.replaceAllowedIPs, within(path, 'replaceAllowedIPs'))
  const { allowedIPs = [], persistentKeepalive } = peer
  if (!Array.isArray(allowedIPs)) {
    throw new InvalidTypeError(within(path, 'allowedIPs'), 'must be an array')
  }
  if (peer.remove) refuseOtherFields(peer, path)
  if (persistentKeepalive !== undefined && persistentKeepalive !== null) {
    checkInteger(persistentKeepalive, within(path, 'persistentKeepalive'), 0, 65535)
  }
}

function checkPeerAt(peer: PeerConfig, path: string): NewPeer {
  checkPeerFields(peer, path)
  const { allowedIPs = [], persistentKeepalive } = peer
  const endpoint = checkEndpoint(peer.endpoint, within(path, 'endpoint'))
  const checked: Mutable<NewPeer> = {
    publicKey: parsePublicKey(peer.publicKey, within(path, 'publicKey')),
    remove: peer.remove === true,
    updateOnly: peer.updateOnly === true,
    replaceAllowedIPs: peer.replaceAllowedIPs === true,
    allowedIPs: isLong(allowedIPs) ? [] : checkAllowedIPs(allowedIPs, path),
  }
  const { persistentKeepaliveRange, extra } = peer
  if (persistentKeepaliveRange !== undefined) checkKeepaliveRange(peer, checked, path)
  if (extra !== undefined) checked.extra = checkExtra(extra, within(path, 'extra'))
  // Last: what is refused for something else leaves no copy behind.
  const presharedKey = checkSecret(peer.presharedKey, within(path, 'presharedKey'))
  if (presharedKey !== undefined) checked.presharedKey = presharedKey
  if (endpoint !== undefined) checked.endpoint = endpoint
  if (persistentKeepalive !== undefined) checked.persistentKeepalive = persistentKeepalive ?? 0
  return checked
}

/** Both together are what a reading has: the number is the range's lower end. */
function checkKeepaliveRange(peer: PeerConfig, checked: Mutable<NewPeer>, path: string): void {
  const at = within(path, 'persistentKeepaliveRange')
  const { persistentKeepalive, persistentKeepaliveRange } = peer
  if (typeof persistentKeepaliveRange !== 'string') {
    throw new InvalidTypeError(at, "must be 'from-to'")
  }
  const { from, to } = checkRange(persistentKeepaliveRange, at, 65535)
  if (persistentKeepalive !== undefined && persistentKeepalive !== from) {
    throw invalid(at, `begins otherwise than persistentKeepalive, ${persistentKeepalive}`)
  }
  checked.persistentKeepalive = from
  if (from !== to) checked.persistentKeepaliveRange = `${numberRange(from, to)}`
}

/** Networks of one peer that are looked at in one step. */
const PER_STEP = 1000

type Networks = readonly (string | AllowedIPChange)[]

/** Too many for one step: they are added afterwards. */
function isLong(networks: Networks | undefined): networks is Networks {
  return networks !== undefined && networks.length > PER_STEP
}

function* addNetworks(entries: Networks, to: CheckedAllowedIP[], index: number): Steps<void> {
  for (let from = 0; from < entries.length; from += PER_STEP) {
    const slice = entries.slice(from, from + PER_STEP)
    try {
      for (const network of checkAllowedIPs(slice, NOWHERE)) to.push(network)
    } catch {
      for (const network of checkAllowedIPs(slice, `peers[${index}]`, from)) to.push(network)
    }
    yield
  }
}

type NewPeer = CheckedPeer & { readonly allowedIPs: CheckedAllowedIP[] }

type Mutable<T> = { -readonly [field in keyof T]: T[field] }

function checkAllowedIPs(entries: Networks, path: string, first = 0): CheckedAllowedIP[] {
  const checked: CheckedAllowedIP[] = []
  for (let at = 0; at < entries.length; at++) {
    checked.push(
      checkAllowedIP(
        entries[at] as string,
        path === NOWHERE ? NOWHERE : `${path}.allowedIPs[${first + at}]`,
      ),
    )
  }
  return checked
}

/** Removing a peer and changing it contradict each other; the wires would do only the former. */
function refuseOtherFields(peer: PeerConfig, path: string): void {
  for (const field of PEER_CONFIG_FIELDS) {
    if (field === 'publicKey' || field === 'remove' || field === 'updateOnly') continue
    if (peer[field] !== undefined) {
      throw invalid(`${path}.${field}`, 'a peer that is removed takes no other field')
    }
  }
}

function checkAllowedIP(entry: string | AllowedIPChange, path: string): CheckedAllowedIP {
  if (typeof entry === 'string') return checkedNetwork(entry, path, false)
  checkObject(entry, path, ['cidr', 'remove'])
  checkFlag(entry.remove, within(path, 'remove'))
  return checkedNetwork(entry.cidr, within(path, 'cidr'), entry.remove === true)
}

function checkedNetwork(input: string, path: string, remove: boolean): CheckedAllowedIP {
  return { text: canonicalCidr(input, path), remove }
}

const ENDPOINT_FIELDS = ['address', 'host', 'port', 'family', 'scopeId']

/**
 * @returns what is no name
 * @throws {TypeError | RangeError | WireGuardError} `EINVAL` with `path`
 * @internal
 */
export function checkEndpoint(input: PeerConfig['endpoint'], path: string): Endpoint | undefined {
  if (input === undefined) return undefined
  if (input === null) {
    throw new InvalidTypeError(
      path,
      'neither wire can clear an endpoint: remove the peer, and give it anew in the entry after that',
    )
  }
  if (typeof input === 'object') checkObject(input, path, ENDPOINT_FIELDS)
  const endpoint = parseEndpoint(input, path)
  if (!isNamed(endpoint)) return endpoint
  throw invalid(path, `${JSON.stringify(endpoint.host)} is a name: resolve it to an address first`)
}

/**
 * Of two peers with one network the wires would give it to the last and say nothing.
 *
 * While no network comes twice a set is enough, one look-up for each; who has what is written down from the
 * first on that does.
 */
class NetworkClaims {
  /** The peers before the one that claims. */
  readonly #peers: readonly CheckedPeer[]
  readonly #claimed = new Set<string>()
  #owners: Map<string, CheckedPeer> | undefined

  constructor(peers: readonly CheckedPeer[]) {
    this.#peers = peers
  }

  /** @returns whether it was as easy as that; else {@link claim} has the word */
  claimEasily({ allowedIPs }: CheckedPeer): boolean {
    if (this.#owners || allowedIPs.length > PER_STEP || allowedIPs.some(isRemoved)) return false
    for (const { text } of allowedIPs) {
      const { size } = this.#claimed
      if (this.#claimed.add(text).size === size) return false
    }
    return true
  }

  /** @throws {WireGuardError} `EINVAL`; `path` names the network */
  *claim(peer: CheckedPeer): Steps<void> {
    const { allowedIPs } = peer
    const index = this.#peers.length
    if (allowedIPs.some(isRemoved)) yield* refuseContradiction(allowedIPs, index)
    this.#owners ??= yield* ownersIn(this.#peers)
    for (let at = 0; at < allowedIPs.length; at++) {
      if (at % PER_STEP === PER_STEP - 1) yield
      const { text, remove } = allowedIPs[at] as CheckedAllowedIP
      if (remove) continue
      const owner = this.#owners.get(text)
      if (owner === undefined) this.#owners.set(text, peer)
      else if (owner.publicKey !== peer.publicKey) {
        const problem = `${text} is given to ${owner.publicKey} as well: only one peer can have it`
        throw invalid(`peers[${index}].allowedIPs[${at}]`, problem)
      }
    }
  }
}

const isRemoved = ({ remove }: CheckedAllowedIP): boolean => remove

function* ownersIn(peers: readonly CheckedPeer[]): Steps<Map<string, CheckedPeer>> {
  const owners = new Map<string, CheckedPeer>()
  const budget = new StepBudget()
  for (const peer of peers) {
    for (const { text, remove } of peer.allowedIPs) {
      if (!remove) owners.set(text, peer)
      if (budget.spend(0.2)) yield
    }
  }
  return owners
}

/** Of one network both ways in one peer the wires would do the last and say nothing. */
function* refuseContradiction(allowedIPs: readonly CheckedAllowedIP[], index: number): Steps<void> {
  const seen = new Map<string, boolean>()
  for (const [at, { text, remove }] of allowedIPs.entries()) {
    if (at % PER_STEP === PER_STEP - 1) yield
    if ((seen.get(text) ?? remove) !== remove) {
      const path = `peers[${index}].allowedIPs[${at}]`
      throw invalid(path, `${text} is both added to and removed from this peer`)
    }
    seen.set(text, remove)
  }
}

/** Zeroes the copies of secrets that {@link checkConfig} made. */
export function wipeConfig(config: CheckedConfig): void {
  config.privateKey?.fill(0)
  const protection = config.amnezia?.headerProtectionKey
  if (protection instanceof Uint8Array) protection.fill(0)
  for (const peer of config.peers) peer.presharedKey?.fill(0)
}

function checkSecret(input: KeyInput | null | undefined, path: string): Uint8Array | undefined {
  if (input === undefined) return undefined
  const bytes = sharedSecretBytes()
  return input === null ? bytes : keyBytes(input, path, bytes)
}

function checkObject(
  value: unknown,
  path: string,
  fields: readonly string[],
  prefix?: string,
): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidTypeError(path, 'must be an object')
  }
  for (const field in value) {
    if (!fields.includes(field)) {
      throw unknownField(field, fields, prefix ?? `${path}.`)
    }
  }
}

function checkFlag(value: unknown, path: string): void {
  if (value !== undefined && typeof value !== 'boolean') {
    throw new InvalidTypeError(path, 'must be true or false')
  }
}
