import {
  canonicalCidr,
  InvalidRangeError,
  InvalidTypeError,
  invalid,
  type KeyInput,
  type PublicKey,
  SecretKey,
} from '@wgctrl/types'
import { containsNetwork, type FoundPeer, type Peer } from 'wgctrl'

/** What a store knows of a client. */
export interface Client {
  /** In canonical spelling. */
  readonly allowedIPs: readonly string[]
  readonly presharedKey?: SecretKey | undefined
  /** Seconds; absent: off. */
  readonly persistentKeepalive?: number | undefined
  /** For whoever reads the store: no device has it. */
  readonly name?: string | undefined
}

/** What clients of a store may have. */
export interface ClientRules {
  /** What their allowed IPs have to be within; absent: anything. */
  readonly networks?: readonly string[] | undefined
  /** Whether preshared keys may stand there as they are. */
  readonly clearPresharedKeys: boolean
  /** Opens sealed ones, as `SealOpener.open`. Absent: there is no key to open them with. */
  unseal?(sealed: unknown, client: PublicKey, path: string): SecretKey
}

/** Most that a client has. */
const MOST_NETWORKS = 1024

const LONGEST_NAME = 200

/**
 * Checks a client as it came from elsewhere. Fields that are not of a {@link Client} may stand beside them.
 *
 * @param path stands before the field in the error
 * @param publicKey whose it is
 * @throws {TypeError | RangeError | WireGuardError} `EINVAL`; `path` names the field
 */
export function checkClient(
  value: unknown,
  path: string,
  publicKey: PublicKey,
  rules: ClientRules,
): Client {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidTypeError(path, 'must be an object with allowedIPs')
  }
  const raw = value as Record<string, unknown>
  const { allowedIPs, presharedKey, sealedPresharedKey, persistentKeepalive, name } = raw
  if (presharedKey !== undefined && sealedPresharedKey !== undefined) {
    throw invalid(`${path}.sealedPresharedKey`, 'stands beside a presharedKey')
  }
  return {
    allowedIPs: networksOf(allowedIPs, `${path}.allowedIPs`, rules),
    ...(presharedKey !== undefined && {
      presharedKey: secretOf(presharedKey, `${path}.presharedKey`, rules),
    }),
    ...(sealedPresharedKey !== undefined && {
      presharedKey: unsealed(sealedPresharedKey, publicKey, `${path}.sealedPresharedKey`, rules),
    }),
    ...(persistentKeepalive !== undefined && {
      persistentKeepalive: secondsOf(persistentKeepalive, `${path}.persistentKeepalive`),
    }),
    ...(name !== undefined && { name: nameOf(name, `${path}.name`) }),
  }
}

function networksOf(value: unknown, path: string, { networks }: ClientRules): string[] {
  if (!Array.isArray(value)) throw new InvalidTypeError(path, 'must be a list of networks')
  if (value.length > MOST_NETWORKS) {
    throw new InvalidRangeError(path, `must have ${MOST_NETWORKS} networks at most`)
  }
  return value.map((one, at) => {
    const cidr = canonicalCidr(one, `${path}[${at}]`)
    if (!networks || networks.some((network) => containsNetwork(network, cidr))) return cidr
    throw invalid(`${path}[${at}]`, `${cidr} is not within ${networks.join(', ')}`)
  })
}

function secretOf(value: unknown, path: string, { clearPresharedKeys }: ClientRules): SecretKey {
  if (!clearPresharedKeys) {
    throw invalid(path, 'stands there in clear, which the config does not allow')
  }
  if (value instanceof SecretKey) return value
  if (typeof value !== 'string') throw new InvalidTypeError(path, 'must be a key in base64')
  return SecretKey.from(value as KeyInput, path)
}

function unsealed(
  value: unknown,
  publicKey: PublicKey,
  path: string,
  { unseal }: ClientRules,
): SecretKey {
  if (unseal) return unseal(value, publicKey, path)
  throw invalid(path, 'cannot be opened: the config has no key for it')
}

function secondsOf(value: unknown, path: string): number {
  if (typeof value !== 'number') throw new InvalidTypeError(path, 'must be a number of seconds')
  if (Number.isInteger(value) && value >= 0 && value <= 65_535) return value
  throw new InvalidRangeError(path, `must be 0 to 65535 seconds, got ${value}`)
}

function nameOf(value: unknown, path: string): string {
  if (typeof value !== 'string') throw new InvalidTypeError(path, 'must be a text')
  return value.slice(0, LONGEST_NAME)
}

/** A client as a device takes it. */
export function peerOf(client: Client): FoundPeer {
  const { allowedIPs, presharedKey, persistentKeepalive } = client
  return {
    allowedIPs,
    ...(presharedKey && { presharedKey }),
    ...(persistentKeepalive !== undefined && { persistentKeepalive }),
  }
}

/** Whether two are the same to a device: what they are called is not in it. */
export function isSameClient(one: Client, other: Client): boolean {
  const isSameKey = one.presharedKey
    ? other.presharedKey !== undefined && one.presharedKey.equals(other.presharedKey)
    : other.presharedKey === undefined
  return (
    isSameKey &&
    (one.persistentKeepalive ?? 0) === (other.persistentKeepalive ?? 0) &&
    one.allowedIPs.length === other.allowedIPs.length &&
    one.allowedIPs.every((cidr, at) => cidr === other.allowedIPs[at])
  )
}

/** Whether a device has a client as it is. */
export function isPeerOf(peer: Peer, client: Client): boolean {
  const { presharedKey, persistentKeepalive } = peer
  const allowedIPs = [...new Set(client.allowedIPs)].sort()
  const has = { allowedIPs: [...peer.allowedIPs].sort(), presharedKey, persistentKeepalive }
  return isSameClient({ ...client, allowedIPs }, has)
}
