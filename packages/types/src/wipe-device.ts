import type { Device, DeviceActivity, Peer } from './device.js'
import { SecretKey } from './key.js'

/**
 * Zeroes the secrets of a device that was read for the sake of the rest.
 *
 * @internal
 */
export function wipeDevice(device: Device | DeviceActivity): void {
  wipeOwnKeys(device)
  for (const { presharedKey } of device.peers as Pick<Peer, 'presharedKey'>[]) {
    if (presharedKey instanceof SecretKey) presharedKey.wipe()
  }
}

/**
 * Zeroes what a device keeps secret for itself. Its peers, which readings may share, keep theirs.
 *
 * @internal
 */
export function wipeOwnKeys({
  privateKey,
  amnezia,
}: {
  readonly privateKey?: Device['privateKey'] | undefined
  readonly amnezia?: Device['amnezia']
}): void {
  for (const key of [privateKey, amnezia?.headerProtectionKey]) {
    if (key instanceof SecretKey) key.wipe()
  }
}

/**
 * A reading without what the device keeps secret for itself. The keys are not wiped.
 *
 * @internal
 */
export function withoutOwnKeys({ privateKey: _, amnezia, ...rest }: Device): Device {
  if (!amnezia) return rest
  const { headerProtectionKey: __, ...parameters } = amnezia
  return { ...rest, amnezia: parameters }
}
