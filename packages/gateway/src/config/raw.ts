import { resolve } from 'node:path'
import { InvalidRangeError, InvalidTypeError } from '@wgctrl/types'

/** An object of a config file, of which nothing is known yet. */
export type Raw = Readonly<Record<string, unknown>>

export function objectOf(value: unknown, path: string): Raw {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Raw
  throw new InvalidTypeError(path, 'must be an object')
}

export function countOf(
  value: unknown,
  path: string,
  least: number,
  most = Number.MAX_SAFE_INTEGER,
): number {
  if (typeof value !== 'number') throw new InvalidTypeError(path, 'must be a number')
  if (Number.isInteger(value) && value >= least && value <= most) return value
  const bounds = most === Number.MAX_SAFE_INTEGER ? `at least ${least}` : `${least} to ${most}`
  throw new InvalidRangeError(path, `must be a whole number of ${bounds}, got ${value}`)
}

export function textOf(value: unknown, path: string): string {
  if (typeof value === 'string' && value !== '') return value
  throw new InvalidTypeError(path, 'must be a text')
}

/** @param base the folder that it is relative to */
export function pathOf(value: unknown, path: string, base: string): string {
  return resolve(base, textOf(value, path))
}
