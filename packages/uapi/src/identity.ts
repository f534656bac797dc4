import type { PublicKey } from '@wgctrl/types'
import { GetExchange } from './exchange.js'
import { ownPublicKey } from './map/device.js'
import type { SocketAddress } from './socket.js'

/** What a daemon says of itself before it comes to its peers. */
export interface Identity {
  /** Absent: the device has no private key. */
  readonly publicKey?: PublicKey
  /** Absent: a device without a key shows neither what boringtun shows nor what the others do. */
  readonly isBoringtun?: boolean
  /** 0: none. boringtun shows the port that it had also when it could not open another. */
  readonly listenPort: number
  /** 0: none. */
  readonly firewallMark: number
}

/** Reads what stands before the peers, and no further. */
export async function readIdentity(address: SocketAddress, signal: AbortSignal): Promise<Identity> {
  const exchange = await GetExchange.open(address, signal)
  try {
    while (!exchange.reply.isPastDevice) await exchange.next()
    const { device } = exchange.reply
    const publicKey = ownPublicKey(device)
    const isBoringtun = device.ownPublicKey !== undefined
    return {
      ...(publicKey !== undefined && { publicKey }),
      ...((isBoringtun || device.privateKey) && { isBoringtun }),
      listenPort: device.listenPort,
      firewallMark: device.fwmark,
    }
  } finally {
    exchange.close()
  }
}
