import { type Counter, toCounter } from '@wgctrl/types'

/** The largest value of 64 bits, and how many digits it has. */
const LARGEST_U64 = 2n ** 64n - 1n
const U64_DIGITS = 20

/** A number of so many digits is exact as a JavaScript number. */
const EXACT_DIGITS = 15

/**
 * Reads the decimal digits at `from` up to, not including, `to`.
 *
 * @returns `undefined` for anything but digits, and above `max`
 */
export function decodeInteger(
  text: Uint8Array,
  from: number,
  to: number,
  max: number,
): number | undefined {
  if (from >= to || to - from > U64_DIGITS) return undefined
  let value = 0
  for (let at = from; at < to; at++) {
    const digit = (text[at] as number) - 48
    if (digit < 0 || digit > 9) return undefined
    value = value * 10 + digit
  }
  return value <= max ? value : undefined
}

/**
 * Reads a counter of 64 bits, without sign.
 *
 * @returns `undefined` for anything else
 */
export function decodeCounter(text: Uint8Array, from: number, to: number): Counter | undefined {
  const head = Math.min(to, from + EXACT_DIGITS)
  const high = decodeInteger(text, from, head, Number.MAX_SAFE_INTEGER)
  if (high === undefined) return undefined
  if (head === to) return high
  const low = decodeInteger(text, head, to, Number.MAX_SAFE_INTEGER)
  if (low === undefined || to - from > U64_DIGITS) return undefined
  const value = BigInt(high) * 10n ** BigInt(to - head) + BigInt(low)
  return value <= LARGEST_U64 ? toCounter(value) : undefined
}
