import { randomBytes } from 'node:crypto'
import { wgPeer } from '../specs/wireguard.js'
import type { WgDeviceChange } from '../wireguard/pack.js'
import { toAllowedIp } from './config.js'

/**
 * A change that does nothing and that only newer kernels accept: it takes from an existing peer a
 * network that it does not have. The address is of a random unique local network (RFC 4193).
 *
 * @source WGALLOWEDIP_F_REMOVE_ME came with Linux 6.16; earlier kernels answer EINVAL
 */
export function removalProbe(name: string, peer: Uint8Array): WgDeviceChange {
  const bytes = new Uint8Array(randomBytes(16))
  bytes[0] = 0xfd
  const network = { family: 6, bytes, prefixLength: 128, text: '', remove: true } as const
  const { updateOnly } = wgPeer.fields.flags.masks
  const peers = [{ publicKey: peer, flags: updateOnly, allowedips: [toAllowedIp(network)] }]
  return { ifname: name, peers }
}
