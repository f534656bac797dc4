import {
  type CheckedConfig,
  type CheckedPeer,
  type Device,
  invalid,
  isZeroKey,
  keyBytes,
  type PeerState,
  PeerTable,
  type PublicKey,
  SecretKey,
} from '@wgctrl/types'

/**
 * The sets that have the effect of `config` on an implementation that adds and removes peers and cannot
 * change one, one peer to a set. A peer that becomes another, if only because a network moves away from
 * it, is removed and added anew; what it counted and its session are lost. A peer that `config` leaves
 * as it is stays untouched.
 *
 * @throws {WireGuardError} `EINVAL`, as it would answer itself: of peers it knows no keys but its own
 */
export function toRewrites(config: CheckedConfig, current: Device): CheckedConfig[] {
  const at = config.peers.findIndex(({ extra }) => extra !== undefined)
  if (at >= 0)
    throw invalid(`peers[${at}].extra`, 'has keys that this implementation does not know')
  const present = config.replacePeers ? [] : current.peers
  const before = new PeerTable(present)
  const after = new PeerTable(present)
  for (const peer of config.peers) after.apply(peer)
  const keys = new Set([...config.peers.map((peer) => peer.publicKey), ...before.keys()])
  const changes = Array.from(keys, (key) => rewrite(key, before.get(key), after.get(key)))
  const sets = changes.flat().map((peer) => ({ replacePeers: false, peers: [peer] }))
  return [...deviceFields(config, current, sets.length > 0), ...sets]
}

/** Without a private key boringtun panics over its first peer; zeros are what clears the key elsewhere. */
function deviceFields(config: CheckedConfig, current: Device, hasSets: boolean): CheckedConfig[] {
  const needsKey = current.publicKey === undefined && config.privateKey === undefined && hasSets
  const fields = { ...config, peers: [], ...(needsKey && { privateKey: new Uint8Array(32) }) }
  const { privateKey, listenPort, firewallMark, amnezia, extra, replacePeers } = fields
  const isEmpty =
    (privateKey ?? listenPort ?? firewallMark ?? amnezia ?? extra) === undefined && !replacePeers
  return isEmpty ? [] : [fields]
}

function rewrite(
  publicKey: PublicKey,
  before: PeerState | undefined,
  after: PeerState | undefined,
): CheckedPeer[] {
  if (isSame(before, after)) return []
  const peer = { publicKey, updateOnly: false, replaceAllowedIPs: false }
  const removal = before ? [{ ...peer, remove: true, allowedIPs: [] }] : []
  if (!after) return removal
  const { presharedKey, endpoint, persistentKeepalive } = after
  const added: CheckedPeer = {
    ...peer,
    remove: false,
    ...(presharedKey && { presharedKey: keyBytes(presharedKey, 'presharedKey') }),
    ...(endpoint && { endpoint }),
    persistentKeepalive,
    allowedIPs: Array.from(after.networks, (text) => ({ text, remove: false })),
  }
  return [...removal, added]
}

function isSame(before: PeerState | undefined, after: PeerState | undefined): boolean {
  if (!before || !after) return before === after
  return (
    sameSecret(before.presharedKey, after.presharedKey) &&
    before.endpoint?.address === after.endpoint?.address &&
    before.endpoint?.port === after.endpoint?.port &&
    before.endpoint?.scopeId === after.endpoint?.scopeId &&
    before.persistentKeepalive === after.persistentKeepalive &&
    before.networks.size === after.networks.size &&
    [...before.networks].every((network) => after.networks.has(network))
  )
}

type Secret = PeerState['presharedKey']

function sameSecret(a: Secret, b: Secret): boolean {
  if (a === b) return true
  if (isNone(a) || isNone(b)) return isNone(a) && isNone(b)
  const other = SecretKey.from(a as SecretKey | Uint8Array)
  const isEqual = other.equals(b as SecretKey | Uint8Array)
  other.wipe()
  return isEqual
}

function isNone(secret: Secret): boolean {
  if (secret === undefined) return true
  return secret instanceof SecretKey ? secret.isZero : isZeroKey(secret)
}
