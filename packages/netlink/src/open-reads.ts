import type { Peer } from '@wgctrl/types'
import type { PeerStream } from './peer-stream.js'

/**
 * The reads in progress of each device of this process.
 *
 * An unfinished dump keeps a reference to its device, and the kernel's deletion of a device waits
 * until the last reference is gone: a program that deletes a device in the midst of reading it would
 * wait for itself, for ever. So a deletion ends these reads first.
 *
 * @source drivers/net/wireguard/netlink.c, wg_get_device_start and _done; shown on a real kernel by
 * test/kernel/guest/deletion.test.ts
 */
const live = new Map<string, Set<PeerStream<Peer>>>()

/** @param device names the device among all of this process */
export function addStream(device: string, stream: PeerStream<Peer>): void {
  const streams = live.get(device) ?? new Set()
  live.set(device, streams.add(stream))
}

export function removeStream(device: string, stream: PeerStream<Peer>): void {
  const streams = live.get(device)
  streams?.delete(stream)
  if (streams?.size === 0) live.delete(device)
}

/** Ends all reads of a device with `error`; resolves when the kernel has let go of them. */
export async function abortStreams(device: string, error: unknown): Promise<void> {
  const streams = [...(live.get(device) ?? [])]
  await Promise.all(streams.map((stream) => stream.abort(error)))
}
