import { propertyName } from '../codec/property-name.js'
import type {
  AttributeSetSpec,
  AttributeSpec,
  FormatSpec,
  MemberSpec,
  Spec,
  StructSpec,
} from '../spec/model.js'
import { keyText, type Names } from './names.js'

type Value = Pick<AttributeSpec, 'enum' | 'isFlags' | 'hint'>

/** The types of TypeScript that the values of a spec have. */
export class ValueTypes {
  readonly #spec: Spec
  readonly #names: Names

  constructor(spec: Spec, names: Names) {
    this.#spec = spec
    this.#names = names
  }

  attribute(spec: AttributeSpec): string {
    const type = this.#single(spec)
    return spec.isMulti ? listOf(type) : type
  }

  member(spec: MemberSpec): string {
    if (spec.struct !== undefined) return this.#names.type(spec.struct, 'Struct')
    if (spec.type === 'string') return 'string'
    if (spec.type === 'binary' || spec.type === 'pad') return bytesType(spec)
    return this.#number(spec.type, spec)
  }

  /**
   * A header and the attributes behind it: members that have the name of an attribute are `header…`.
   *
   * @param set the type of the attributes, and their properties
   * @param isRequest members of a header may be left out
   */
  message(
    set: { type: string; keys: readonly string[] } | undefined,
    header: string | undefined,
    isRequest: boolean,
  ): string {
    const attributes = set ? [set.type] : []
    if (header === undefined) return attributes[0] ?? 'Record<string, never>'
    const struct = this.#struct(header)
    const type = this.#names.type(header, 'Struct')
    const members = struct.members.filter((each) => each.type !== 'pad')
    const keys = members.map(({ name }) => propertyName(name))
    const both = keys.filter((key) => set?.keys.includes(key))
    const renamed = both.map((key) => `${propertyName(`header-${key}`)}: ${type}['${key}']`)
    const whole =
      both.length === 0
        ? [type]
        : [
            `Omit<${type}, ${both.map((key) => `'${key}'`).join(' | ')}>`,
            `{ ${renamed.join('; ')} }`,
          ]
    const parts = isRequest ? whole.map((each) => `Partial<${each}>`) : whole
    return [...parts, ...attributes].join(' & ')
  }

  #struct(name: string): StructSpec {
    const found = this.#spec.definitions.find((each) => each.name === name)
    if (found?.type === 'struct') return found
    throw new RangeError(`the spec has no struct ${name}`)
  }

  #single(spec: AttributeSpec): string {
    switch (spec.type) {
      case 'string':
        return 'string'
      case 'flag':
        return 'boolean'
      case 'binary':
        return this.#binary(spec)
      case 'bitfield32': {
        const word = this.#number('u32', spec)
        return `{ value: ${word}; selector: ${word} }`
      }
      case 'nest':
        return this.#set(spec)
      case 'indexed-array':
        return listOf(this.#element(spec))
      case 'nest-type-value': {
        const keys = (spec.typeValue ?? []).map((name) => `${keyText(propertyName(name))}: number`)
        return `{ ${keys.join('; ')} } & ${this.#set(spec)}`
      }
      case 'sub-message':
        return this.#subMessage(spec)
      case 'pad':
      case 'unused':
        return 'never'
      default:
        return this.#number(spec.type, spec)
    }
  }

  #set({ nested }: AttributeSpec): string {
    return this.#names.type(nested as string, 'Set')
  }

  #binary(spec: AttributeSpec): string {
    if (spec.struct !== undefined) return this.#names.type(spec.struct, 'Struct')
    const { subType } = spec
    if (subType === undefined || subType === 'binary' || subType === 'nest') return bytesType(spec)
    return listOf(this.#number(subType, spec))
  }

  #element(spec: AttributeSpec): string {
    if (spec.subType === 'nest') return this.#set(spec)
    if (spec.subType === undefined || spec.subType === 'binary') return bytesType(spec)
    return this.#number(spec.subType, spec)
  }

  #subMessage({ subMessage }: AttributeSpec): string {
    const found = this.#spec.subMessages.find(({ name }) => name === subMessage)
    const formats = (found?.formats ?? []).map((format) => this.#format(format))
    return [...new Set(formats.filter((each) => each !== '')), 'Uint8Array'].join(' | ')
  }

  #format({ attributeSet, fixedHeader }: FormatSpec): string {
    const set = this.#spec.attributeSets.find(({ name }) => name === attributeSet)
    if (!set && fixedHeader === undefined) return ''
    const type = set && { type: this.#names.type(set.name, 'Set'), keys: keysOf(set) }
    const text = this.message(type, fixedHeader, false)
    return text.includes(' & ') ? `(${text})` : text
  }

  #number(type: string, { enum: name, isFlags, hint }: Value): string {
    const plain = ['u64', 's64', 'uint', 'sint'].includes(type) ? 'bigint' : 'number'
    if (name === undefined) return hint === 'ipv4' && type === 'u32' ? 'string' : plain
    const names = this.#names.type(name, 'Enum')
    const definition = this.#spec.definitions.find((each) => each.name === name)
    if (isFlags || definition?.type === 'flags') return listOf(`${names} | number`)
    return `${names} | ${plain}`
  }
}

/** The properties of a set. */
export const keysOf = ({ attributes }: AttributeSetSpec): string[] =>
  attributes.filter(hasValue).map(({ name }) => propertyName(name))

/** Padding and numbers that nobody uses have none. */
export const hasValue = ({ type }: AttributeSpec): boolean => type !== 'pad' && type !== 'unused'

const listOf = (type: string): string => `readonly ${/[ ]/.test(type) ? `(${type})` : type}[]`

function bytesType({ hint }: Pick<AttributeSpec, 'hint'>): string {
  if (hint === 'mac') return 'string'
  return hint === undefined || hint === 'hex' || hint === 'fddi'
    ? 'Uint8Array'
    : 'string | Uint8Array'
}
