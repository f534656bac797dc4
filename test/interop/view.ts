import { type Device, formatEndpoint } from '@wgctrl/types'

/** What both wg(8) and the library say of a device, in the terms of wg(8). */
export interface View {
  readonly privateKey: string | undefined
  readonly publicKey: string | undefined
  readonly listenPort: number
  readonly firewallMark: number
  readonly peers: {
    readonly publicKey: string
    readonly presharedKey: string | undefined
    readonly endpoint: string | undefined
    readonly allowedIPs: string[]
    readonly persistentKeepalive: number
    /** Time of the last handshake in seconds, bytes received, bytes sent. */
    readonly traffic: number[]
  }[]
}

export function viewOf(device: Device): View {
  const peers = device.peers.map((peer) => ({
    publicKey: peer.publicKey,
    presharedKey: peer.presharedKey?.toBase64(),
    endpoint: peer.endpoint && formatEndpoint(peer.endpoint),
    allowedIPs: [...peer.allowedIPs].sort(),
    persistentKeepalive: peer.persistentKeepalive,
    traffic: [
      Math.floor((peer.lastHandshake?.getTime() ?? 0) / 1000),
      peer.receivedBytes,
      peer.transmittedBytes,
    ],
  }))
  return {
    privateKey: device.privateKey?.toBase64(),
    publicKey: device.publicKey,
    listenPort: device.listenPort,
    firewallMark: device.firewallMark,
    peers: peers.sort((a, b) => (a.publicKey < b.publicKey ? -1 : 1)),
  }
}

/** Without what a device does by itself: it counts bytes, and may choose its port. */
export function configured({ peers, listenPort, ...device }: View, withPort = true): object {
  const quiet = peers.map(({ traffic, ...peer }) => peer)
  return { ...device, ...(withPort && { listenPort }), peers: quiet }
}
