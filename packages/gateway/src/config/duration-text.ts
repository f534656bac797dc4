import { InvalidRangeError, InvalidTypeError, quoted } from '@wgctrl/types'

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

const DURATION = /^(\d{1,12}(?:\.\d{1,3})?)(ms|s|m|h|d)$/

/**
 * A time with its unit, such as `500ms`, `30s`, `5m`, `12h` or `2d`.
 *
 * @param least milliseconds
 * @returns milliseconds
 * @throws {TypeError | RangeError} `EINVAL` with `path`
 */
export function parseDuration(value: unknown, path: string, least = 1): number {
  const [, digits, unit = ''] = (typeof value === 'string' && DURATION.exec(value)) || []
  const factor = UNITS[unit]
  if (digits === undefined || factor === undefined) {
    throw new InvalidTypeError(
      path,
      `must be a time with its unit, such as "500ms", "30s", "5m", "12h" or "2d", got ${quoted(value)}`,
    )
  }
  const milliseconds = Math.round(Number(digits) * factor)
  if (milliseconds >= least) return milliseconds
  throw new InvalidRangeError(path, `must be at least ${least}ms, got ${quoted(value)}`)
}
