import { InvalidTypeError } from './errors.js'

/** @throws {TypeError} `EINVAL`; `path` names the argument that is no text */
export function checkText(value: unknown, path: string): asserts value is string {
  if (typeof value !== 'string') throw new InvalidTypeError(path, 'must be a string')
}

/**
 * @param meant what it has to be, behind "must be"
 * @throws {TypeError} `EINVAL`; `path` names the argument that is no object
 */
export function checkGiven(value: unknown, path: string, meant: string): asserts value is object {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return
  throw new InvalidTypeError(path, `must be ${meant}`)
}
