import type { Device } from '@wgctrl/types'

/** Zeroes the secrets of a device that was read. */
export function wipeDevice({ privateKey, peers }: Device): void {
  privateKey?.wipe()
  for (const { presharedKey } of peers) presharedKey?.wipe()
}
