import type { DefinitionSpec, EntrySpec, MemberSpec } from './model.js'
import type { Place } from './place.js'
import { BYTE_ORDERS, HINTS, INTEGERS } from './words.js'

/** Docs are indented and broken as their YAML is; here they are paragraphs. */
export function docOf(place: Place): { doc?: string } {
  const text = place.field('doc')?.text().trim()
  return text ? { doc: text } : {}
}

/** The constants, enums, flags and structs of a spec, in its order. */
export class Definitions {
  readonly all: readonly DefinitionSpec[]
  readonly #types = new Map<string, DefinitionSpec['type']>()
  readonly #constants = new Map<string, number | undefined>()

  constructor(spec: Place) {
    const places = spec.list('definitions')
    // A struct may have one that comes behind it.
    for (const place of places) this.#declare(place)
    this.all = places.map((place) => readDefinition(place, this))
  }

  /** Refuses a name that is none of such a definition. */
  reference(place: Place, kind: 'enum' | 'struct'): string {
    const name = place.text()
    const type = this.#types.get(name)
    const fits = kind === 'struct' ? type === 'struct' : type === 'enum' || type === 'flags'
    if (!fits) throw place.fault(`there is no ${kind} ${name}`)
    return name
  }

  /** A number, or what the name of a constant or of a limit stands for; absent where only the kernel knows it. */
  amount(place: Place): number | undefined {
    const value = place.scalar()
    if (typeof value === 'number') return value
    const name = value.replace(/ - 1$/, '')
    if (!this.#constants.has(name)) {
      const limit = limitOf(name)
      if (limit === undefined) throw place.fault(`there is no constant ${name}`)
      return limit
    }
    const constant = this.#constants.get(name)
    return constant && (name === value ? constant : constant - 1)
  }

  #declare(place: Place): void {
    const name = place.required('name').text()
    if (this.#types.has(name)) throw place.fault(`${name} is defined twice`)
    const type = place.required('type').oneOf(['const', 'enum', 'flags', 'struct'])
    this.#types.set(name, type)
    if (type !== 'const') return
    const value = place.required('value').scalar()
    // One that a header of the kernel's has only stands in for the real value.
    const isKnown = typeof value === 'number' && !place.field('header')
    const prefix = place.field('name-prefix')?.text() ?? ''
    // Checks name it as the header does.
    for (const each of [name, prefix + name]) this.#constants.set(each, isKnown ? value : undefined)
  }
}

/** `u8-max`, `s32-min`: limits above what a number holds exactly are its infinities. */
function limitOf(name: string): number | undefined {
  const [, sign, digits, end] = /^([us])(8|16|32|64)-(min|max)$/.exec(name) ?? []
  if (digits === undefined) return undefined
  const bits = Number(digits) - (sign === 's' ? 1 : 0)
  if (end === 'max') return bits > 52 ? Infinity : 2 ** bits - 1
  if (sign === 'u') return 0
  return bits > 52 ? -Infinity : -(2 ** bits)
}

function readDefinition(place: Place, definitions: Definitions): DefinitionSpec {
  const type = place.required('type').oneOf(['const', 'enum', 'flags', 'struct'])
  const named = { name: place.required('name').text(), ...docOf(place) }
  if (type === 'const') return { type, ...named, value: place.required('value').scalar() }
  if (type !== 'struct') return { type, ...named, entries: readEntries(place) }
  const members = place.list('members').map((member) => readMember(member, definitions))
  return { type, ...named, members }
}

function readEntries(place: Place): EntrySpec[] {
  let next = place.field('value-start')?.number(-(2 ** 31)) ?? 0
  return place.list('entries').map((entry) => {
    if (!entry.isMapping()) return { name: entry.text(), value: next++ }
    const value = entry.field('value')?.number(-(2 ** 31)) ?? next
    next = value + 1
    return { name: entry.required('name').text(), ...docOf(entry), value }
  })
}

function readMember(place: Place, definitions: Definitions): MemberSpec {
  const type = place.required('type').oneOf([...INTEGERS, 'string', 'binary', 'pad'])
  const length = place.field('len')
  const struct = place.field('struct')
  const entries = place.field('enum')
  const order = place.field('byte-order')?.oneOf(BYTE_ORDERS)
  const hint = place.field('display-hint')?.oneOf(HINTS)
  const isInteger = INTEGERS.some((each) => each === type)
  const bytes = length && definitions.amount(length)
  if (!isInteger && struct === undefined && bytes === undefined) {
    throw place.fault('len is missing')
  }
  return {
    name: place.required('name').text(),
    ...docOf(place),
    type,
    ...(bytes !== undefined && { length: bytes }),
    ...(order && { byteOrder: order }),
    ...(entries && { enum: definitions.reference(entries, 'enum') }),
    ...(place.field('enum-as-flags')?.flag() && { isFlags: true }),
    ...(hint && { hint }),
    ...(struct && { struct: definitions.reference(struct, 'struct') }),
  }
}
