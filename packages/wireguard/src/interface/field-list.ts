import { InvalidTypeError } from '@wgctrl/types'

/** @throws {TypeError} `EINVAL` with `path` when it is no array */
export function checkList<T>(list: readonly T[], path: string): readonly T[] {
  if (!Array.isArray(list)) throw new InvalidTypeError(path, 'must be an array')
  return list
}
