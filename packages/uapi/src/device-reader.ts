import type { Device, Peer } from '@wgctrl/types'
import { GetExchange } from './exchange.js'
import { toDevice, toPeer } from './map/device.js'

/** Reads a whole device. */
export async function readDevice(name: string, path: string, signal: AbortSignal): Promise<Device> {
  const exchange = await GetExchange.open(path, signal)
  try {
    const peers: Peer[] = []
    for (let chunk = await exchange.next(); chunk; chunk = await exchange.next()) {
      for (const peer of chunk) peers.push(toPeer(peer, exchange.reply.device))
    }
    return toDevice(name, exchange.reply, peers)
  } finally {
    exchange.close()
  }
}
