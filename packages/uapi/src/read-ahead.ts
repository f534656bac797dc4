import { ofProcess } from '@wgctrl/types'

/** A read that is under way as fast as somebody else takes its peers. */
interface Stream {
  /** Takes the rest into memory, so that the daemon is done with it. */
  readAhead(): void
}

interface Traffic {
  readonly streams: Set<Stream>
  changes: number
}

/**
 * By socket; one that nobody uses has no entry. Streams of the other copy of this module hold up a daemon as
 * well as ours.
 */
const sockets = ofProcess('streams of sockets, 1', () => new Map<string, Traffic>())

/**
 * Registers a stream on the socket at `path`. While this process changes the device, the stream reads
 * ahead: wireguard-go holds the lock of its configuration until its answer to a get is taken, and so
 * does not carry out a set. A loop over peers that changes the device would wait for itself.
 *
 * @source wireguard-go, device/uapi.go: IpcGetOperation
 * @returns what ends the registration
 */
export function enterStream(path: string, stream: Stream): () => void {
  const traffic = trafficOf(path)
  traffic.streams.add(stream)
  if (traffic.changes > 0) stream.readAhead()
  return () => {
    traffic.streams.delete(stream)
    forgetUnused(path, traffic)
  }
}

/** Changes the device at `path` while no stream of this process holds it up. */
export async function changeUnhindered<T>(path: string, change: () => Promise<T>): Promise<T> {
  const traffic = trafficOf(path)
  traffic.changes++
  for (const stream of traffic.streams) stream.readAhead()
  try {
    return await change()
  } finally {
    traffic.changes--
    forgetUnused(path, traffic)
  }
}

function trafficOf(path: string): Traffic {
  const traffic = sockets.get(path) ?? { streams: new Set(), changes: 0 }
  sockets.set(path, traffic)
  return traffic
}

function forgetUnused(path: string, traffic: Traffic): void {
  if (traffic.streams.size === 0 && traffic.changes === 0) sockets.delete(path)
}
