import { InvalidTypeError } from './errors.js'
import { showable } from './showable.js'

/**
 * What a field may be, as far as that can be said here: of an object the fields within it, one of some words, a
 * function or a boolean. `true`: whoever takes it checks it.
 */
export type FieldCheck = true | 'function' | 'boolean' | readonly string[] | Fields

/** The fields that an object may have. */
export interface Fields {
  readonly [field: string]: FieldCheck
}

/** All fields of a type: none is forgotten, none is made up. */
export type FieldsOf<T> = { readonly [field in keyof T]-?: FieldCheck }

/** What a reading has and a change has not. */
const READ_ONLY = new Set([
  'name',
  'kind',
  'interfaceIndex',
  'unknown',
  'receivedBytes',
  'transmittedBytes',
  'exactBytes',
  'lastHandshake',
  'protocolVersion',
])

/**
 * Refuses what is no object, and every field that nobody would look at, at each level: a word that is
 * spelled wrong must not pass for one that was left out. Absent and `null` objects within are left to the
 * caller, and so are values of which the table says nothing.
 *
 * @param prefix what stands before a field in the error; absent: `path.`
 * @throws {TypeError} `EINVAL`; `path` names the field
 */
export function checkFields(
  value: unknown,
  path: string,
  fields: Fields,
  prefix: string = `${path}.`,
): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidTypeError(path, `must be an object with ${Object.keys(fields).join(', ')}`)
  }
  for (const field in value) {
    if (!Object.hasOwn(fields, field)) throw unknownField(field, Object.keys(fields), prefix)
    checkField(
      (value as Record<string, unknown>)[field],
      `${prefix}${field}`,
      fields[field] ?? true,
    )
  }
}

const KINDS = { function: 'a function', boolean: 'true or false' } as const

function checkField(value: unknown, path: string, check: FieldCheck): void {
  if (value === undefined || check === true) return
  if (check === 'function' || check === 'boolean') {
    if (typeof value !== check) throw new InvalidTypeError(path, `must be ${KINDS[check]}`)
  } else if (isWords(check)) checkChoice(value, path, check)
  else if (value !== null) checkFields(value, path, check)
}

const isWords = (check: readonly string[] | Fields): check is readonly string[] =>
  Array.isArray(check)

/** Refuses what is none of the words it can be. */
export function checkChoice(value: unknown, path: string, choices: readonly unknown[]): void {
  if (choices.includes(value)) return
  const known = choices.map((choice) => `'${choice}'`).join(' or ')
  throw new InvalidTypeError(path, `must be ${known}`)
}

/** The error for a field that an object should not have. */
export function unknownField(
  field: string,
  known: readonly string[],
  prefix: string,
): InvalidTypeError {
  const path = `${prefix}${showable(field)}`
  if (READ_ONLY.has(field)) {
    return new InvalidTypeError(path, `can be read, not set: give ${known.join(', ')} alone`)
  }
  const meant = closest(field, known)
  const hint = meant === undefined ? '' : ` (is ${meant} meant?)`
  return new InvalidTypeError(path, `no such field${hint}; known are ${known.join(', ')}`)
}

/** The longest name that is compared: no field has more characters. */
const LONGEST = 40

/** The known name that was most likely meant: other letters of case, or a slip or two. */
function closest(name: string, known: readonly string[]): string | undefined {
  if (name.length > LONGEST) return undefined
  const slips = known.map((other) => slipsBetween(name.toLowerCase(), other.toLowerCase()))
  const least = Math.min(...slips)
  return least <= Math.min(2, name.length / 3) ? known[slips.indexOf(least)] : undefined
}

/** How many letters have to be added, taken away or replaced (Levenshtein). */
function slipsBetween(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at)
  for (let i = 1; i <= one.length; i++) {
    const next = [i]
    for (let j = 1; j <= other.length; j++) {
      const replaced = (row[j - 1] as number) + Number(one[i - 1] !== other[j - 1])
      next[j] = Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1)
    }
    row = next
  }
  return row[other.length] as number
}
