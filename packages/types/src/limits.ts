/**
 * What a device may say of itself before a read gives it up with `EPROTO`. Memory and time of a read are
 * bounded by it, whoever answers. Real devices stay far below.
 */
export const LIMITS: {
  /** @source linux, drivers/net/wireguard/messages.h: MAX_PEERS_PER_DEVICE; wireguard-go has 2^16 */
  readonly peers: number
  /** Allowed IPs of one peer. */
  readonly allowedIPs: number
  /** Allowed IPs of all peers of a device that is read whole. */
  readonly allowedIPsOfDevice: number
} = { peers: 2 ** 20, allowedIPs: 2 ** 20, allowedIPsOfDevice: 2 ** 22 }
