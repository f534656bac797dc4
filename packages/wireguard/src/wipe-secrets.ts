import { type Device, SecretKey } from '@wgctrl/types'

/** Zeroes the secrets of a device that was read for the sake of the rest. */
export function wipeSecrets(device: Device): void {
  for (const key of [device.privateKey, ...device.peers.map((peer) => peer.presharedKey)]) {
    if (key instanceof SecretKey) key.wipe()
  }
}
