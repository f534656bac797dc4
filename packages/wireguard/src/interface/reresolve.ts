import { Rtnl } from '@wgctrl/netlink'
import {
  type CallOptions,
  checkDuration,
  checkFields,
  checkInterfaceName,
  type Endpoint,
  formatEndpoint,
  isNamed,
  type Peer,
  type PeerConfig,
  type PublicKey,
  parseEndpoint,
  parsePublicKey,
  WireGuardError,
} from '@wgctrl/types'
import { INTERFACE_FIELDS, RERESOLVE_OPTIONS } from '../option-fields.js'
import { type InterfaceContext, wipeSecrets } from './context.js'
import type { InterfaceSettings } from './interface-config.js'
import { kindOf } from './link.js'
import { checkDevice, type NameOptions, resolveNames } from './names.js'

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
  /** Names that could not be resolved; those peers stay as they are. `path` names the peer. */
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
  checkInterfaceName(name)
  checkFields(config, 'config', INTERFACE_FIELDS, '')
  const { olderThan = DEFAULT_AGE } = options
  checkDuration(olderThan, 'options.olderThan', 0)
  await checkDevice({ peers: config.peers }, pickCall(options))
  const named = (config.peers ?? []).flatMap(toNamed)
  if (named.length === 0) return { moved: [], errors: [] }
  const call = { ...(await callOf(context, name)), ...pickCall(options) }
  const device = await context.wg.device(name, call)
  wipeSecrets(device)
  const lost = new Map(
    device.peers.filter((peer) => isLost(peer, olderThan)).map((peer) => [peer.publicKey, peer]),
  )
  const errors: WireGuardError[] = []
  const found = await Promise.all(
    named
      .filter(({ publicKey }) => lost.has(publicKey))
      .map((one) => lookUp(context, one, options).catch((error) => void errors.push(ours(error)))),
  )
  const moved = found.flatMap((one) => toMove(one, lost))
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

interface NamedPeer {
  readonly publicKey: PublicKey
  readonly name: string
  readonly index: number
}

function toNamed(peer: PeerConfig, index: number): NamedPeer[] {
  const { endpoint } = peer
  if (
    typeof endpoint !== 'string' ||
    !isNamed(parseEndpoint(endpoint, `peers[${index}].endpoint`))
  ) {
    return []
  }
  const publicKey = parsePublicKey(peer.publicKey, `peers[${index}].publicKey`)
  return [{ publicKey, name: endpoint, index }]
}

/** Of devices of one name the one whose link is in the namespace is meant. */
async function callOf({ netns }: InterfaceContext, name: string) {
  if (process.platform !== 'linux') return {}
  await using rtnl = await Rtnl.open({ netns })
  return { backend: kindOf(await rtnl.link(name)) }
}

const pickCall = ({ signal, timeout }: CallOptions): CallOptions => ({ signal, timeout })

const isLost = ({ lastHandshake }: Peer, olderThan: number): boolean =>
  lastHandshake === undefined || Date.now() - lastHandshake.getTime() > olderThan

async function lookUp(
  context: InterfaceContext,
  peer: NamedPeer,
  options: ReresolveOptions,
): Promise<NamedPeer & { readonly endpoint: Endpoint }> {
  const { publicKey, name, index } = peer
  const before = Array.from({ length: index }, (): PeerConfig => ({ publicKey }))
  const config = { peers: [...before, { publicKey, endpoint: name }] }
  const { peers = [] } = await resolveNames(context, config, options)
  const endpoint = peers[index]?.endpoint as Endpoint | undefined
  if (endpoint) return { ...peer, endpoint }
  // The client skips names without an address; here they are what is asked for.
  const path = `peers[${index}].endpoint`
  throw new WireGuardError(`${path}: cannot resolve ${name}`, { code: 'ENOTFOUND', path })
}

function toMove(
  found: Awaited<ReturnType<typeof lookUp>> | undefined,
  lost: ReadonlyMap<PublicKey, Peer>,
): MovedEndpoint[] {
  if (!found) return []
  const { publicKey, name, endpoint } = found
  const current = lost.get(publicKey)?.endpoint
  const to = formatEndpoint(endpoint)
  const from = current && formatEndpoint(current)
  return from === to ? [] : [{ publicKey, name, ...(from !== undefined && { from }), to }]
}

/** An abort is not a name's failure. */
function ours(error: unknown): WireGuardError {
  if (error instanceof WireGuardError && error.code !== 'ETIMEDOUT') return error
  throw error
}
