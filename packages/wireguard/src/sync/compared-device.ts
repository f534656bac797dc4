import {
  type Backend,
  type CallOptions,
  type ComparedDevice,
  type DeviceConfig,
  ExpectedPeers,
  type Steps,
} from '@wgctrl/types'

/** Of no peer it is known that it is unchanged. */
export const NOTHING_KNOWN: Uint8Array = new Uint8Array(0)

/**
 * What a reading can be given to expect of a device that should have these peers; `undefined`: nothing, since what a peer
 * should be is not said in one place.
 */
export function* expectedPeers({ peers }: DeviceConfig): Steps<ExpectedPeers | undefined> {
  if (!Array.isArray(peers)) return undefined
  // Entries that change what a peer has may pass networks on to another one.
  if (peers.some((peer) => peer?.replaceAllowedIPs === false)) return undefined
  return yield* ExpectedPeers.from(peers)
}

/** Reads a device beside what is expected of it, as far as the backend can. */
export async function comparedDevice(
  backend: Pick<Backend, 'device' | 'compared'>,
  name: string,
  expected: ExpectedPeers | undefined,
  options: CallOptions,
): Promise<ComparedDevice> {
  if (expected && backend.compared) return await backend.compared(name, expected, options)
  return { device: await backend.device(name, options), unchanged: NOTHING_KNOWN }
}
