import { InvalidTypeError, type Peer } from '@wgctrl/types'

/**
 * Milliseconds after its handshake in which a session carries packets.
 *
 * @source the WireGuard paper, 6.1: REJECT-AFTER-TIME
 */
export const SESSION_TIME = 180_000

/**
 * Milliseconds after which the keys of a session are forgotten on both sides.
 *
 * @source the WireGuard paper, 6.3: three times REJECT-AFTER-TIME
 */
const KEYS_FORGOTTEN = 3 * SESSION_TIME

/**
 * How a peer stands, in words for people:
 *
 * - `never`: there was no handshake since the peer was added
 * - `connected`: its session carries packets
 * - `idle`: the session is over, and nobody had anything to send since; the next packet makes another
 * - `gone`: the session is over and was not made anew although a keepalive wants it, or is over for so long that both
 *   sides forgot it
 */
export type ConnectionState = 'never' | 'connected' | 'idle' | 'gone'

export interface ConnectionOptions {
  /** Absent: the time of this machine. */
  readonly now?: Date | number | undefined
}

/** What of a {@link Peer} says how it stands; what went through JSON has its time as text. */
export interface ConnectionPeer {
  readonly lastHandshake?: Date | string | number | undefined
  readonly persistentKeepalive?: number | undefined
}

/**
 * How a peer stands, by the protocol's own times. WireGuard says nothing of a peer that is silent: `idle` and
 * `gone` are what can be told from here. A handshake in the future, by a clock that was set back, counts by its
 * distance.
 *
 * @throws {TypeError} `EINVAL` when a time is none, or what is given no peer
 * @example
 * ```ts
 * for (const peer of device.peers) console.log(peer.publicKey, connectionState(peer))
 * ```
 */
export function connectionState(
  peer: ConnectionPeer | Peer,
  options: ConnectionOptions = {},
): ConnectionState {
  if (typeof peer !== 'object' || peer === null) {
    throw new InvalidTypeError('peer', 'must be a peer that was read')
  }
  const { lastHandshake, persistentKeepalive = 0 } = peer
  if (lastHandshake === undefined) return 'never'
  const now = timeOf(options.now ?? Date.now(), 'options.now')
  const age = Math.abs(now - timeOf(lastHandshake, 'peer.lastHandshake'))
  if (age < SESSION_TIME) return 'connected'
  return persistentKeepalive > 0 || age >= KEYS_FORGOTTEN ? 'gone' : 'idle'
}

/**
 * Whether a peer has a session that carries packets: its last handshake is less than three minutes ago.
 *
 * @throws {TypeError} `EINVAL` when a time is none
 * @example
 * ```ts
 * const online = device.peers.filter((peer) => isConnected(peer)).length
 * ```
 */
export function isConnected(peer: ConnectionPeer | Peer, options: ConnectionOptions = {}): boolean {
  return connectionState(peer, options) === 'connected'
}

function timeOf(value: Date | string | number, path: string): number {
  const time = typeof value === 'number' ? value : new Date(value).getTime()
  if (Number.isFinite(time)) return time
  throw new InvalidTypeError(path, 'must be a time')
}
