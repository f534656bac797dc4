import type { ConfigureOptions } from './backend.js'
import { type CheckedConfig, refuseOwnKey } from './checked-config.js'
import type { PublicKey } from './key.js'

/**
 * Refuses the key that a device has now as a peer: both wires would ignore such a peer and report success.
 * The device is asked each time: another program may have changed its key since the last.
 *
 * @param read the device's public key, `undefined` when it has none. Asked only when `config` changes peers
 * and not the key: a config with both was checked against its own.
 * @param known see {@link ConfigureOptions.ownKey}
 * @throws {WireGuardError} `EINVAL`; `path` names the peer
 */
export async function refuseKeyOfDevice(
  config: CheckedConfig,
  read: () => Promise<PublicKey | undefined>,
  known?: ConfigureOptions['ownKey'],
): Promise<void> {
  if (config.privateKey !== undefined || config.peers.every((peer) => peer.remove)) return
  const own = known === undefined ? await read() : known
  if (own) refuseOwnKey(config.peers, own)
}
