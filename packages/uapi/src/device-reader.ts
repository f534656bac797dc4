import {
  type Device,
  type DeviceActivity,
  LIMITS,
  type Peer,
  type PeerActivity,
  type PeerComparison,
  WireGuardError,
} from '@wgctrl/types'
import { GetExchange } from './exchange.js'
import { toActivity, toDevice, toPeer } from './map/device.js'
import type { SocketAddress } from './socket.js'

/** Reads a whole device, without the peers that `comparison` notes. */
export async function readDevice(
  name: string,
  address: SocketAddress,
  signal: AbortSignal,
  comparison?: PeerComparison,
): Promise<Device> {
  const exchange = await GetExchange.open(address, signal, comparison && { comparison })
  try {
    const peers: Peer[] = []
    let networks = 0
    for (let chunk = await exchange.next(); chunk; chunk = await exchange.next()) {
      for (const peer of chunk) {
        peers.push(toPeer(peer, exchange.reply.device))
        networks += peer.allowedIps.length
      }
      if (networks > LIMITS.allowedIPsOfDevice) {
        throw new WireGuardError('the reply does not end', { code: 'EPROTO' })
      }
    }
    return toDevice(name, exchange.reply, peers)
  } finally {
    exchange.close()
  }
}

/** Reads a device, and of its peers whether they are there. */
export async function readActivity(
  name: string,
  address: SocketAddress,
  signal: AbortSignal,
): Promise<DeviceActivity> {
  const exchange = await GetExchange.open(address, signal, { isActivity: true })
  try {
    const peers: PeerActivity[] = []
    for (let chunk = await exchange.next(); chunk; chunk = await exchange.next()) {
      for (const peer of chunk) {
        peer.presharedKey?.wipe()
        peers.push(toActivity(peer, exchange.reply.device))
      }
    }
    return toDevice(name, exchange.reply, peers)
  } finally {
    exchange.close()
  }
}
