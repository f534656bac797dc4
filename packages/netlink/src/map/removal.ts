import { randomBytes } from 'node:crypto'
import { type CheckedPeer, formatCidr, type PublicKey } from '@wgctrl/types'
import type { WgDeviceChange } from '../wireguard/pack.js'

/**
 * A change that does nothing and that only newer kernels accept: it takes from an existing peer a
 * network that it does not have. The address is of a random unique local network (RFC 4193).
 *
 * @source WGALLOWEDIP_F_REMOVE_ME came with Linux 6.16; earlier kernels answer EINVAL
 */
export function removalProbe(name: string, publicKey: PublicKey): WgDeviceChange<CheckedPeer> {
  const bytes = new Uint8Array(randomBytes(16))
  bytes[0] = 0xfd
  const network = { text: formatCidr({ family: 6, bytes, prefixLength: 128 }), remove: true }
  const peer = { publicKey, remove: false, updateOnly: true, replaceAllowedIPs: false }
  return { ifname: name, peers: [{ ...peer, allowedIPs: [network] }] }
}
