import { NETLINK, type NetlinkSocket, openNetlinkSocket, type Transport } from '@wgctrl/netlink'
import { message } from '@wgctrl/netlink/testing'
import { FaultyTransport, type Moments } from './faulty-transport.js'

/** @source linux/netlink.h: a message that does nothing but be acknowledged */
const NOOP = 1
const REQUEST = 1
const ACK = 4

/** More acknowledgements than a receive buffer of the usual size holds: each takes about a kilobyte of it. */
const FLOOD = Buffer.concat(new Array(4000).fill(message(NOOP, REQUEST | ACK, 0xffff_fff0)))

/** Has the kernel overrun a socket, for real: it answers until there is no room and drops the rest. */
export const overrun = (socket: NetlinkSocket): void => socket.sendSync(FLOOD)

/** Moments as of {@link FaultyTransport}, with the socket that the fault is to strike. */
export type SocketMoments = {
  [K in keyof Moments]: (n: number, socket: NetlinkSocket) => void
}

/** Real sockets on which faults strike that need the socket itself. */
export const withSocket =
  ({ set, read }: SocketMoments) =>
  async (protocol: number): Promise<Transport> => {
    const socket = await openNetlinkSocket({ protocol })
    if (protocol !== NETLINK.generic) return socket
    return new FaultyTransport(socket, {
      set: (n) => set?.(n, socket),
      read: (n) => read?.(n, socket),
    })
  }
