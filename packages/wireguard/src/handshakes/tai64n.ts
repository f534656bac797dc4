/** 2^62 + 10: the label of 1970-01-01 TAI64, less the ten leap seconds that TAI was ahead then. */
const EPOCH = 0x400000000000000an

/** A Date reaches this many milliseconds from 1970 in both directions. @source ECMA-262, 21.4.1.1 */
const FURTHEST = 8_640_000_000_000_000

/**
 * The moment that 12 bytes of TAI64N name: u64 seconds and u32 nanoseconds, big-endian. A clock that
 * is set to nonsense gives the nearest moment that a Date can hold.
 *
 * @source https://cr.yp.to/libtai/tai64.html; WireGuard paper, section 5.1: the label need only grow,
 *   and implementations make it coarse: about 17 ms
 */
export function tai64nDate(bytes: Uint8Array): Date {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 12)
  const seconds = Number(view.getBigUint64(0) - EPOCH)
  const milliseconds = seconds * 1000 + Math.floor(view.getUint32(8) / 1e6)
  return new Date(Math.max(-FURTHEST, Math.min(FURTHEST, milliseconds)))
}
