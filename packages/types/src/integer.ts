import { InvalidRangeError, InvalidTypeError } from './errors.js'

/**
 * A whole number that a caller gave, both ends of its range included.
 *
 * @throws {TypeError | RangeError} `EINVAL` with `path`
 */
export function checkInteger(value: unknown, path: string, least: number, most: number): void {
  if (typeof value !== 'number') throw new InvalidTypeError(path, 'must be a number')
  if (Number.isInteger(value) && value >= least && value <= most) return
  throw new InvalidRangeError(path, `must be a whole number from ${least} to ${most}, got ${value}`)
}
