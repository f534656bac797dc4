import {
  type CallOptions,
  checkDuration,
  checkFields,
  checkInterfaceName,
  Deadline,
  type Endpoint,
  formatEndpoint,
  type Peer,
  type PeerConfig,
  type PublicKey,
  parsePublicKey,
  type WireGuardError,
  wipeDevice,
} from '@wgctrl/types'
import { INTERFACE_FIELDS, RERESOLVE_OPTIONS } from '../option-fields.js'
import { hasNames, type ResolvedSome } from '../resolve.js'
import { callersTime } from '../time-left.js'
import { checkContext, type InterfaceContext } from './context.js'
import type { InterfaceSettings } from './interface-config.js'
import { kindOf } from './link.js'
import { checkDevice, type NameOptions } from './names.js'
import { thisMachine } from './this-machine.js'

/**
 * Milliseconds. A session is renewed every 120 s while there is traffic, and given up after 180 s: what is
 * older than this had its chance. @source WireGuard paper, section 6.1: REKEY_AFTER_TIME 120 s, plus 15 s
 */
const DEFAULT_AGE = 135_000

export interface ReresolveOptions extends NameOptions {
  /**
   * Milliseconds since the last handshake after which a peer counts as lost; one without any handshake
   * always does. Absent: 135,000.
   */
  readonly olderThan?: number | undefined
}

/** A peer whose name has another address now. */
export interface MovedEndpoint {
  readonly publicKey: PublicKey
  /** As the config has it: name and port. */
  readonly name: string
  /** Absent: the peer had no endpoint. */
  readonly from?: string
  readonly to: string
}

export interface ReresolveResult {
  readonly moved: readonly MovedEndpoint[]
  /** One for each name that could not be resolved: its peers stay as they are. `path` names the first of them. */
  readonly errors: readonly WireGuardError[]
}

/**
 * Looks up the names in a config again, of those peers that were not heard from for a while, and sends
 * their packets where the names lead now. The device knows addresses alone, so the names come from the
 * config. Call it every half minute or so.
 *
 * @throws {WireGuardError} `ENODEV`, `EINVAL` with `path`
 */
export async function reresolve(
  context: InterfaceContext,
  name: string,
  config: Pick<InterfaceSettings, 'peers'>,
  options: ReresolveOptions = {},
): Promise<ReresolveResult> {
  checkFields(options, 'options', RERESOLVE_OPTIONS)
  checkContext(context)
  checkInterfaceName(name)
  checkFields(config, 'config', INTERFACE_FIELDS, '')
  const { olderThan = DEFAULT_AGE } = options
  checkDuration(olderThan, 'options.olderThan', 0)
  await checkDevice({ peers: config.peers }, pickCall(options))
  if (!hasNames(config)) return { moved: [], errors: [] }
  const call = { ...(await callOf(context, name)), ...pickCall(options) }
  const device = await context.wg.device(name, call)
  wipeDevice(device)
  const lost = new Map(
    device.peers.filter((peer) => isLost(peer, olderThan)).map((peer) => [peer.publicKey, peer]),
  )
  const { config: found, errors } = await lookUp(context, onlyLost(config.peers, lost), options)
  const moved = (found.peers ?? []).flatMap((peer, index) =>
    toMove(peer, config.peers?.[index], lost),
  )
  if (moved.length > 0) {
    const changes = moved.map(({ publicKey, to }) => ({
      publicKey,
      endpoint: to,
      updateOnly: true,
    }))
    await context.wg.configure(name, { peers: changes }, call)
  }
  return { moved, errors }
}

/** Of devices of one name the one whose link is in the namespace is meant. */
async function callOf({ netns, machine = thisMachine }: InterfaceContext, name: string) {
  if (process.platform !== 'linux' && machine === thisMachine) return {}
  await using rtnl = await machine.openRtnl(netns)
  return { backend: kindOf(await rtnl.link(name)) }
}

const pickCall = ({ signal, timeout }: CallOptions): CallOptions => ({ signal, timeout })

const isLost = ({ lastHandshake }: Peer, olderThan: number): boolean =>
  lastHandshake === undefined || Date.now() - lastHandshake.getTime() > olderThan

/** In the places that they have, which errors name: of the peers that were heard from, no endpoint. */
function onlyLost(
  peers: readonly PeerConfig[] = [],
  lost: ReadonlyMap<PublicKey, Peer>,
): PeerConfig[] {
  return peers.map(({ publicKey, endpoint }, index) => {
    const key = parsePublicKey(publicKey, `peers[${index}].publicKey`)
    return lost.has(key) ? { publicKey: key, endpoint } : { publicKey: key }
  })
}

async function lookUp(
  { resolver }: InterfaceContext,
  peers: readonly PeerConfig[],
  options: ReresolveOptions,
): Promise<ResolvedSome> {
  using deadline = new Deadline(callersTime(options))
  return await resolver.resolveSome({ peers }, deadline.signal, options.onRetry)
}

/** @param named the same peer as the config has it */
function toMove(
  { publicKey, endpoint }: PeerConfig,
  named: PeerConfig | undefined,
  lost: ReadonlyMap<PublicKey, Peer>,
): MovedEndpoint[] {
  const name = named?.endpoint
  if (typeof name !== 'string' || endpoint === name || endpoint === undefined) return []
  const key = publicKey as PublicKey
  const current = lost.get(key)?.endpoint
  const to = formatEndpoint(endpoint as Endpoint)
  const from = current && formatEndpoint(current)
  return from === to ? [] : [{ publicKey: key, name, ...(from !== undefined && { from }), to }]
}
