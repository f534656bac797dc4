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

/** A key of a line. */
export interface Key {
  readonly name: ReplyKey
  /** With the `=` behind it. */
  readonly bytes: Uint8Array
  /** Its value is a WireGuard key: 64 hex digits. */
  readonly isHex: boolean
}

const EQUALS = 61

/** No two keys share both their length and their first character: one look-up names the candidate. */
const slot = (length: number, first: number): number => (length << 5) | (first & 31)
const candidates: (Key | undefined)[] = new Array(slot(31, 31) + 1).fill(undefined)
for (const name of KEYS) {
  const key = { name, bytes: Buffer.from(`${name}=`), isHex: name.endsWith('_key') }
  candidates[slot(name.length, name.charCodeAt(0))] = key
}

/** More lines than a peer has before its allowed IPs: what is remembered of their order. */
const MOST_LINES = 16

/**
 * Finds the keys of lines. Daemons write the lines of every peer in the same order, so the key that stood
 * in this place of the peer before is tried first: where it fits, one look at its bytes is all.
 */
export class KeyFinder {
  readonly #order: Key[] = []
  #place = 0

  /** The known key that, with its `=`, begins at `from`. No string is made of it. */
  find(bytes: Uint8Array, from: number): Key | undefined {
    const expected = this.#order[this.#place]
    const key = expected && stands(expected, bytes, from) ? expected : search(bytes, from)
    if (key === undefined) return undefined
    if (key.name === 'public_key') this.#place = 0
    if (this.#place < MOST_LINES) this.#order[this.#place++] = key
    return key
  }
}

function search(bytes: Uint8Array, from: number): Key | undefined {
  let to = from
  while (to - from < 32 && bytes[to] !== EQUALS) to++
  const key = candidates[slot(to - from, bytes[from] as number)]
  return key && stands(key, bytes, from) ? key : undefined
}

/** From its end, since many keys begin alike. */
function stands(key: Key, bytes: Uint8Array, from: number): boolean {
  let at = key.bytes.length - 1
  while (at >= 0 && bytes[from + at] === key.bytes[at]) at--
  return at < 0
}
