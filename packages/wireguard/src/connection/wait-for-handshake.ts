import {
  abortReason,
  type CallOptions,
  checkLinkName,
  invalid,
  type Peer,
  type PublicKey,
  parsePublicKey,
  slept,
  WireGuardError,
} from '@wgctrl/types'
import type { Reading, ReadingOptions } from '../watch/shared-reader.js'
import { isConnected } from './connection-state.js'

export interface WaitForHandshakeOptions extends CallOptions {
  /**
   * Only a handshake after this counts. Absent: a session that there is already will do, however old its
   * handshake is.
   */
  readonly after?: Date | undefined
}

/** Milliseconds between looks, which are shared with all who look at the device. */
const INTERVAL = 200

/**
 * Waits until a peer has a session.
 *
 * @param options `signal` ends the wait, also when the time is up
 * @throws {WireGuardError} `ETIMEDOUT`; `EINVAL` when the device has no such peer; `ENODEV`
 */
export async function waitForHandshake(
  read: (name: string, options: ReadingOptions) => Promise<Reading>,
  name: string,
  key: PublicKey | Uint8Array,
  { after, signal }: Pick<WaitForHandshakeOptions, 'after'> & { readonly signal: AbortSignal },
): Promise<Peer> {
  checkLinkName(name)
  const publicKey = parsePublicKey(key)
  let peer: Peer | undefined
  for (;;) {
    const { device } = await read(name, { maxAge: INTERVAL, signal }).catch((error) => {
      throw peer && signal.aborted ? endOf(signal, peer) : error
    })
    peer = device.peers.find((one) => one.publicKey === publicKey)
    if (!peer) throw invalid('publicKey', `${name} has no peer ${publicKey}`)
    const isNew = after === undefined || (peer.lastHandshake ?? 0) > after
    if (isNew && isConnected(peer)) return peer
    if (!(await slept(INTERVAL, signal))) throw endOf(signal, peer)
  }
}

/**
 * The device answered, if not to the last look that was under way: it is the peer that did not, or nobody asked it.
 *
 * @param peer as it was at last
 */
function endOf(signal: AbortSignal, { publicKey, persistentKeepalive, endpoint }: Peer): unknown {
  const reason = abortReason(signal)
  const isLate = reason instanceof WireGuardError && reason.code === 'ETIMEDOUT'
  if (!isLate) return reason
  const silent = endpoint && !persistentKeepalive
  const why = silent
    ? ': it has no persistentKeepalive, so that one begins with the next packet'
    : ''
  return new WireGuardError(`no handshake with ${publicKey} in time${why}`, { code: 'ETIMEDOUT' })
}
