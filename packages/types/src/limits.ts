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
  /** Bytes of one reply over UAPI. A device within the other limits has fewer. */
  readonly replyBytes: number
  /** Bytes of a stream that are held for its consumer while this process changes the device. */
  readonly readAheadBytes: number
} = {
  peers: 2 ** 20,
  allowedIPs: 2 ** 20,
  allowedIPsOfDevice: 2 ** 22,
  replyBytes: 2 ** 30,
  readAheadBytes: 2 ** 28,
}

/** What a Date can tell, in milliseconds before and after 1970. @source ECMA-262, 21.4.1.1 */
const LAST_TIME = 8.64e15

/**
 * A time that a device told.
 *
 * @param seconds since 1970, whole
 * @returns `undefined` for one that no Date can tell
 */
export function timeOf(seconds: number, nanoseconds: number): Date | undefined {
  const milliseconds = seconds * 1000 + Math.floor(nanoseconds / 1e6)
  return Math.abs(milliseconds) <= LAST_TIME ? new Date(milliseconds) : undefined
}
