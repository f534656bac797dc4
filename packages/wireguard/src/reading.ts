import { checkSecretKey, type Device, InvalidTypeError } from '@wgctrl/types'

/** @throws {TypeError} `EINVAL` with `path`, of what is no reading of a device; its secrets may be lost */
export function checkDevice(device: Pick<Device, 'peers'>, path: string): void {
  if (typeof device === 'object' && device !== null && Array.isArray(device.peers)) return
  throw new InvalidTypeError(path, 'must be a device that was read')
}

/**
 * Refuses what is no reading of a device, and one whose secrets are lost: neither JSON nor a structured clone has
 * them.
 *
 * @param path how errors name it
 * @throws {TypeError} `EINVAL`; `path` names what is none
 */
export function checkReading(device: Device, path: string): void {
  checkDevice(device, path)
  checkSecretKey(device.privateKey, `${path}.privateKey`)
  const protection = device.amnezia?.headerProtectionKey
  if (protection) checkSecretKey(protection, `${path}.amnezia.headerProtectionKey`)
  device.peers.forEach(({ presharedKey }, index) => {
    if (presharedKey) checkSecretKey(presharedKey, `${path}.peers[${index}].presharedKey`)
  })
}
