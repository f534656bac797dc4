/** The keys of a reply that this version knows. */
export type ReplyKey =
  | 'errno'
  | 'private_key'
  | 'own_public_key'
  | 'listen_port'
  | 'fwmark'
  | 'public_key'
  | 'preshared_key'
  | 'endpoint'
  | 'persistent_keepalive_interval'
  | 'last_handshake_time_sec'
  | 'last_handshake_time_nsec'
  | 'rx_bytes'
  | 'tx_bytes'
  | 'allowed_ip'
  | 'protocol_version'

const KEYS: readonly ReplyKey[] = [
  'errno',
  'private_key',
  'own_public_key',
  'listen_port',
  'fwmark',
  'public_key',
  'preshared_key',
  'endpoint',
  'persistent_keepalive_interval',
  'last_handshake_time_sec',
  'last_handshake_time_nsec',
  'rx_bytes',
  'tx_bytes',
  'allowed_ip',
  'protocol_version',
]

/** No two keys share both their length and their first character: one look-up names the candidate. */
const slot = (length: number, first: number): number => (length << 5) | (first & 31)
const candidates: (ReplyKey | undefined)[] = new Array(slot(31, 31) + 1).fill(undefined)
for (const key of KEYS) candidates[slot(key.length, key.charCodeAt(0))] = key

/** The key whose text stands at `from` up to, not including, `to`, without making a string of it. */
export function findKey(bytes: Uint8Array, from: number, to: number): ReplyKey | undefined {
  if (to - from > 31) return undefined
  const key = candidates[slot(to - from, bytes[from] as number)]
  if (key === undefined) return undefined
  for (let at = 0; at < key.length; at++) {
    if (bytes[from + at] !== key.charCodeAt(at)) return undefined
  }
  return key
}
