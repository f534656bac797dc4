import type { Device } from './device.js'
import { SecretKey } from './key.js'

/**
 * Zeroes the secrets of a device that was read for the sake of the rest.
 *
 * @internal
 */
export function wipeDevice(device: Device): void {
  const { privateKey, amnezia } = device
  for (const key of [
    privateKey,
    amnezia?.headerProtectionKey,
    ...device.peers.map((peer) => peer.presharedKey),
  ]) {
    if (key instanceof SecretKey) key.wipe()
  }
}
