import { InvalidRangeError, InvalidTypeError } from './errors.js'

/** setTimeout takes no longer delay: it fires at once. */
const LONGEST_DELAY = 2 ** 31 - 1

/**
 * A timer for any number of milliseconds, also more than `setTimeout` can take; `Infinity`: it never fires. Below 0, a
 * time that has passed: it fires soon, and the runtime is not asked for a negative time, of which it would warn.
 *
 * @returns stops it
 */
export function startTimer(milliseconds: number, onTime: () => void): () => void {
  let timer: NodeJS.Timeout
  const wait = (left: number): void => {
    const delay = Math.min(left, LONGEST_DELAY)
    timer = setTimeout(() => (left > delay ? wait(left - delay) : onTime()), delay)
  }
  wait(Math.max(0, milliseconds))
  return () => clearTimeout(timer)
}

/** Waits; `false` when the signal fired first. */
export function slept(milliseconds: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(false)
    const done = (): void => {
      stop()
      signal.removeEventListener('abort', done)
      resolve(!signal.aborted)
    }
    const stop = startTimer(milliseconds, done)
    signal.addEventListener('abort', done, { once: true })
  })
}

/**
 * A number of milliseconds that a caller gave; `Infinity` is one.
 *
 * @param path the field, such as `options.timeout`
 * @param least 0 where no time at all means something
 * @throws {TypeError | RangeError} `EINVAL` with `path`
 */
export function checkDuration(value: number, path: string, least?: 0): number {
  if (least === 0) return checkAtLeast(0, value, path, ' milliseconds')
  if (checkNumber(value, path) > 0) return value
  throw new InvalidRangeError(path, `must be above 0 milliseconds, got ${value}`)
}

/**
 * A number that a caller gave; `Infinity` is one.
 *
 * @throws {TypeError | RangeError} `EINVAL` with `path`
 */
export function checkAtLeast(least: number, value: number, path: string, unit = ''): number {
  if (checkNumber(value, path) >= least) return value
  throw new InvalidRangeError(path, `must be at least ${least}${unit}, got ${value}`)
}

function checkNumber(value: number, path: string): number {
  if (typeof value === 'number') return value
  throw new InvalidTypeError(path, 'must be a number')
}
