import type { ConfigureOptions } from './backend.js'
import type { CheckedConfig } from './checked-config.js'
import { invalid } from './errors.js'
import type { PublicKey } from './key.js'

/** What a change says of keys. */
export interface KeysOfChange {
  /** It gives the device a key of its own, or takes it away. */
  readonly setsKey: boolean
  /** Of its peers, in their order; `undefined`: one that is removed. */
  readonly publicKeys: readonly (PublicKey | undefined)[]
}

/** What a checked config says of keys, for {@link refuseKeyOfDevice}. */
export const keysOf = ({ privateKey, peers }: CheckedConfig): KeysOfChange => ({
  setsKey: privateKey !== undefined,
  publicKeys: peers.map((peer) => (peer.remove ? undefined : peer.publicKey)),
})

/**
 * Refuses a device's own public key as a peer: both wires ignore such a peer and report success.
 *
 * @throws {WireGuardError} `EINVAL`; `path` names the peer
 */
export function refuseOwnKey({ publicKeys }: KeysOfChange, own: PublicKey): void {
  const index = publicKeys.indexOf(own)
  if (index < 0) return
  throw invalid(`peers[${index}].publicKey`, 'this is the key of the device itself')
}

/**
 * Refuses the key that a device has now as a peer: both wires would ignore such a peer and report success.
 * The device is asked each time: another program may have changed its key since the last.
 *
 * @param read the device's public key, `undefined` when it has none. Asked only when the change is of peers
 * and not of the key: one of both was checked against its own.
 * @param known see {@link ConfigureOptions.ownKey}
 * @throws {WireGuardError} `EINVAL`; `path` names the peer
 */
export async function refuseKeyOfDevice(
  change: KeysOfChange,
  read: () => Promise<PublicKey | undefined>,
  known?: ConfigureOptions['ownKey'],
): Promise<void> {
  if (change.setsKey || change.publicKeys.every((key) => key === undefined)) return
  const own = known === undefined ? await read() : known
  if (own) refuseOwnKey(change, own)
}
