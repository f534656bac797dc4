import { propertyName } from '../codec/property-name.js'

/** Names that mean something else in a generated module. */
const TAKEN = [
  ...['Array', 'Error', 'Map', 'Number', 'Object', 'Omit', 'Partial', 'Pick', 'Promise', 'Record'],
  ...['Set', 'String', 'Symbol', 'Uint8Array', 'CallOptions', 'DoOptions', 'Dump', 'Family'],
  ...['FamilyOptions', 'MulticastEvents', 'Notification', 'Spec', 'SPEC'],
]

/** Hands out names of a module, each once. */
export class Names {
  readonly #taken: Set<string> = new Set(TAKEN)
  readonly #given = new Map<string, string>()

  /**
   * The type of something: `link-attrs` is `LinkAttrs`, or with a word behind it where that is something else already.
   *
   * @param kind what it is, as such a word: `Set`, `Enum`, `Struct`
   */
  type(name: string, kind: string): string {
    const id = `${kind} ${name}`
    const given = this.#given.get(id) ?? this.#free(pascal(name), kind)
    this.#given.set(id, given)
    return given
  }

  /** A constant: `key-len` is `KEY_LEN`. */
  constant(name: string): string {
    return this.#free(name.replace(/[^a-z0-9]+/gi, '_').toUpperCase(), '_CONSTANT')
  }

  #free(name: string, kind: string): string {
    const start = /^\d/.test(name) ? `_${name}` : name
    let found = start
    for (let more = 1; this.#taken.has(found); more++)
      found = `${start}${kind}${more > 1 ? more : ''}`
    this.#taken.add(found)
    return found
  }
}

/** `link-attrs` as `LinkAttrs`. */
function pascal(name: string): string {
  const property = propertyName(name).replace(/[^A-Za-z0-9]/g, '')
  return property.charAt(0).toUpperCase() + property.slice(1)
}

/** What the class of a family has besides its operations. */
const METHODS = new Set(['constructor', 'close', 'family', 'open', 'subscribe'])

/** The method of an operation. */
export function methodName(operation: string, suffix = ''): string {
  const name = `${propertyName(operation)}${suffix}`
  return METHODS.has(name) ? `${name}Operation` : name
}

/** A key of an object or a type. */
export const keyText = (key: string): string => (/^[A-Za-z_$][\w$]*$/.test(key) ? key : `'${key}'`)
