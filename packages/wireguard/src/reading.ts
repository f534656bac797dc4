import { checkSecretKey, type Device, InvalidTypeError, SecretKey } from '@wgctrl/types'

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
  // The paths of all peers are as many strings: one is made where it is said.
  const lost = device.peers.findIndex(({ presharedKey }) => presharedKey && !isSecret(presharedKey))
  if (lost < 0) return
  checkSecretKey(device.peers[lost]?.presharedKey, `${path}.peers[${lost}].presharedKey`)
}

const isSecret = (value: unknown): boolean => value instanceof SecretKey
