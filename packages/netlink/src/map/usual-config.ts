import {
  type CheckedConfig,
  checkConfig,
  checkEndpoint,
  checkPeerFields,
  checkSteps,
  type DeviceConfig,
  type KeysOfChange,
  type PeerConfig,
  type PublicKey,
  publicKey,
  type Steps,
  type WireGuardDialect,
  wipeConfig,
  writeCanonicalCidr,
  writeIPv4Endpoint,
  writeKey,
} from '@wgctrl/types'
import { writeU16 } from '../codec/bytes.js'
import type { Writer } from '../codec/writer.js'
import { WG_KEY_LEN, wgAllowedIp, wgPeer } from '../specs/wireguard.js'
import { type PackedMessage, packDevice } from '../wireguard/pack.js'
import { LASTING_FLAGS, type PeerWriter } from '../wireguard/peer-writer.js'
import { toChange, writeEndpoint, writeFlags, writeKeepalive, writePublicKey } from './config.js'
import { NetworkSet } from './network-set.js'
import { AF_INET, AF_INET6, SOCKADDR_IN } from './sockaddr.js'

/*
 * Configs as most are: checked, claimed and written in one pass, without an object for any part of them. Of anything else,
 * and of all that is wrong, nothing is made: the checked config has its turn, which has the words for it.
 */

const P = wgPeer.fields
const A = wgAllowedIp.fields
const ALL_FLAGS: number = Object.values(P.flags.masks).reduce((all, mask) => all | mask, 0)

/** A change whose messages are packed, for no family yet. They hold secrets: {@link wipeChange}. */
export interface UsualChange extends KeysOfChange {
  readonly messages: readonly PackedMessage[]
}

/** What is thrown away where a config is not as most are. */
const NOT_USUAL: unique symbol = Symbol('not a usual config')

const demand = (isUsual: boolean): void => {
  if (!isUsual) throw NOT_USUAL
}

/**
 * A config in the form in which it is written soonest, all of it checked.
 *
 * @throws {TypeError | RangeError | WireGuardError} as `checkSteps`
 */
export function* changeSteps(
  name: string,
  config: DeviceConfig,
  dialect: WireGuardDialect,
): Steps<UsualChange | CheckedConfig> {
  const usual = dialect === 'wireguard' ? yield* usualSteps(name, config) : undefined
  if (usual) return usual
  return yield* checkSteps(config)
}

export const isUsual = (change: UsualChange | CheckedConfig): change is UsualChange =>
  'messages' in change

/** Zeroes the secrets of a change. */
export function wipeChange(change: UsualChange | CheckedConfig): void {
  if (!isUsual(change)) wipeConfig(change)
  else for (const { request } of change.messages) request.bytes.fill(0)
}

/**
 * Checks and packs a config of the usual form, a message in each step.
 *
 * @returns `undefined`: it is of another form, or something is wrong with it
 * @internal
 */
export function* usualSteps(name: string, config: DeviceConfig): Steps<UsualChange | undefined> {
  const messages: PackedMessage[] = []
  let change: UsualChange | undefined
  let head: CheckedConfig | undefined
  try {
    demand(typeof config === 'object' && !Array.isArray(config))
    const { peers = [], ...fields } = config
    demand(fields.amnezia === undefined && fields.extra === undefined && Array.isArray(peers))
    head = checkConfig(fields)
    const { privateKey } = head
    const walk = new PeerWalk(peers)
    const fieldsAndPeers = { ...toChange(name, head), peers: walk.peers() }
    for (const message of packDevice(NO_FAMILY, fieldsAndPeers, new UsualWriter(peers.length))) {
      const { request } = message
      messages.push({ ...message, request: { ...request, bytes: request.bytes.slice() } })
      if (walk.publicKeys.length > 0 && !walk.isOver) yield
    }
    const { publicKeys } = walk
    demand(privateKey === undefined || !publicKeys.includes(publicKey(privateKey)))
    change = { messages, publicKeys, setsKey: privateKey !== undefined }
  } catch {
    // Whatever it is: the checked config has the words for it.
  } finally {
    if (head) wipeConfig(head)
    if (!change) wipeChange({ messages, publicKeys: [], setsKey: false })
  }
  return change
}

const NO_FAMILY = { id: 0, version: 0 }

/** Gives out peers, of which it has looked at all but what {@link UsualWriter} reads as it writes. */
class PeerWalk {
  readonly publicKeys: (PublicKey | undefined)[] = []
  isOver = false
  readonly #given: readonly PeerConfig[]

  constructor(given: readonly PeerConfig[]) {
    this.#given = given
  }

  *peers(): Generator<PeerConfig, void, undefined> {
    for (const peer of this.#given) {
      this.#look(peer)
      yield peer
    }
    this.isOver = true
  }

  #look(peer: PeerConfig): void {
    checkPeerFields(peer, '')
    const { publicKey, extra, persistentKeepaliveRange } = peer
    demand(extra === undefined && persistentKeepaliveRange === undefined)
    if (typeof publicKey !== 'string') throw NOT_USUAL
    this.publicKeys.push(peer.remove ? undefined : publicKey)
  }
}

/** Writes peers as they were given, and claims their networks. Throws where something is not as most have it. */
class UsualWriter implements PeerWriter<PeerConfig> {
  readonly #claimed: NetworkSet
  /** The peer that was begun last, and how many of its networks are claimed: what does not fit is written again. */
  #peer: PeerConfig | undefined
  #claims = 0

  /** @param peers how many are written */
  constructor(peers: number) {
    // Two each are what most have.
    this.#claimed = new NetworkSet(2 * peers)
  }

  allowedIps({ allowedIPs }: PeerConfig): number {
    return allowedIPs?.length ?? 0
  }

  peer(peer: PeerConfig, isFirst: boolean, writer: Writer): void {
    if (this.#peer !== peer) this.#claims = 0
    this.#peer = peer
    writePublicKey(peer.publicKey as PublicKey, writer)
    if (!isFirst) {
      writeFlags(peer, LASTING_FLAGS, writer)
      return
    }
    const { presharedKey, endpoint, persistentKeepalive } = peer
    if (presharedKey !== undefined) {
      const at = writer.attribute(P.presharedKey.type, WG_KEY_LEN)
      if (presharedKey !== null) writeKey(presharedKey, writer.bytes, at)
    }
    writeFlags(peer, ALL_FLAGS, writer)
    if (endpoint !== undefined) writeGivenEndpoint(endpoint, writer)
    if (persistentKeepalive !== undefined) writeKeepalive(persistentKeepalive ?? 0, writer)
  }

  allowedIp(peer: PeerConfig, index: number, writer: Writer): void {
    const text = peer.allowedIPs?.[index] as string
    const isIPv4 = text.indexOf(':') < 0
    const family = writer.attribute(A.family.type, 2)
    const length = isIPv4 ? 4 : 16
    const address = writer.attribute(A.ipaddr.type, length)
    const mask = writer.attribute(A.cidrMask.type, 1)
    const { bytes } = writer
    const prefixLength = writeCanonicalCidr(text, bytes, address)
    demand(prefixLength >= 0)
    writeU16(bytes, family, isIPv4 ? AF_INET : AF_INET6)
    bytes[mask] = prefixLength
    if (index < this.#claims) return
    this.#claims = index + 1
    // One that comes twice may be right: it may be the same peer's.
    demand(this.#claimed.add(bytes, address, address + length, prefixLength))
  }
}

function writeGivenEndpoint(given: PeerConfig['endpoint'], writer: Writer): void {
  const mark = writer.length
  if (typeof given === 'string') {
    const at = writer.attribute(P.endpoint.type, SOCKADDR_IN)
    writeU16(writer.bytes, at, AF_INET)
    if (writeIPv4Endpoint(given, writer.bytes, at + 2)) return
    writer.truncate(mark)
  }
  const endpoint = checkEndpoint(given, 'endpoint')
  // A link's name has an index that the kernel has to be asked for.
  if (!endpoint || typeof endpoint.scopeId === 'string') throw NOT_USUAL
  writeEndpoint(endpoint, () => undefined, writer)
}
