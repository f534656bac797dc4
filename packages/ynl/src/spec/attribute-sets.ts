import { type Definitions, docOf } from './definitions.js'
import type { AttributeSetSpec, AttributeSpec, Checks } from './model.js'
import type { Place } from './place.js'
import { ATTRIBUTE_TYPES, BYTE_ORDERS, HINTS, INTEGERS } from './words.js'

/** NLA_TYPE_MASK: two bits of an attribute's type are flags. */
const MAX_TYPE = 0x3fff

/** The sets of a spec, in its order, subsets with all that they inherit. */
export function readAttributeSets(spec: Place, definitions: Definitions): AttributeSetSpec[] {
  const places = spec.required('attribute-sets').items()
  const named = new Map(places.map((place) => [place.required('name').text(), place]))
  if (named.size < places.length) {
    const again = places.find((place) => named.get(place.required('name').text()) !== place)
    throw (again ?? spec).fault('a set of this name was there before')
  }
  const done = new Map<string, AttributeSetSpec>()
  const read = (place: Place, inner: readonly string[] = []): AttributeSetSpec => {
    const name = place.required('name').text()
    const before = done.get(name)
    if (before) return before
    if (inner.includes(name)) throw place.fault('a set cannot be a subset of itself')
    const parent = place.field('subset-of')
    const whole = parent && named.get(parent.text())
    if (parent && !whole) throw parent.fault(`there is no set ${parent.text()}`)
    const attributes = whole
      ? subsetOf(read(whole, [...inner, name]), place, definitions)
      : ownAttributes(place, definitions)
    const set = { name, ...docOf(place), attributes }
    done.set(name, set)
    return set
  }
  return places.map((place) => read(place))
}

function ownAttributes(place: Place, definitions: Definitions): AttributeSpec[] {
  let next = 1
  const taken = new Map<number, string>()
  return place.list('attributes').map((each) => {
    const value = each.field('value')?.number() ?? next
    next = value + 1
    const attribute = readAttribute(each, value, undefined, definitions)
    if ([...taken.values()].includes(attribute.name)) {
      throw each.fault(`${attribute.name} is there twice`)
    }
    const other = taken.get(value)
    if (other !== undefined) throw each.fault(`its number ${value} is that of ${other}`)
    if (value > MAX_TYPE) throw each.fault(`its number ${value} is above ${MAX_TYPE}`)
    taken.set(value, attribute.name)
    return attribute
  })
}

function subsetOf(
  whole: AttributeSetSpec,
  place: Place,
  definitions: Definitions,
): AttributeSpec[] {
  // Those of older kernels have some twice.
  const named = new Map(
    place.list('attributes').map((each) => [each.required('name').text(), each] as const),
  )
  return Array.from(named, ([name, each]) => {
    const inherited = whole.attributes.find((attribute) => attribute.name === name)
    if (!inherited) throw each.fault(`${whole.name} has no attribute ${name}`)
    return readAttribute(each, inherited.value, inherited, definitions)
  })
}

function readAttribute(
  place: Place,
  value: number,
  inherited: AttributeSpec | undefined,
  definitions: Definitions,
): AttributeSpec {
  const own = place.field('type')?.oneOf(ATTRIBUTE_TYPES)
  const type = own ?? inherited?.type
  if (type === undefined) throw place.fault('type is missing')
  const attribute: AttributeSpec = {
    ...inherited,
    name: place.required('name').text(),
    ...docOf(place),
    value,
    type,
    ...readForm(place, definitions),
  }
  const missing = missingOf(attribute)
  if (missing !== undefined) throw place.fault(`${missing} is missing`)
  return attribute
}

function readForm(place: Place, definitions: Definitions): Partial<AttributeSpec> {
  const isMulti = place.field('multi-attr')?.flag()
  const byteOrder = place.field('byte-order')?.oneOf(BYTE_ORDERS)
  const entries = place.field('enum')
  const struct = place.field('struct')
  const hint = place.field('display-hint')?.oneOf(HINTS)
  const subType = place.field('sub-type')?.oneOf([...INTEGERS, 'binary', 'nest'])
  const typeValue = place.field('type-value')?.items()
  const [nested, subMessage, selector] = ['nested-attributes', 'sub-message', 'selector'].map(
    (key) => place.field(key)?.text(),
  )
  const checks = place.field('checks')
  return {
    ...(isMulti !== undefined && { isMulti }),
    ...(byteOrder && { byteOrder }),
    ...(entries && { enum: definitions.reference(entries, 'enum') }),
    ...(place.field('enum-as-flags')?.flag() && { isFlags: true }),
    ...(hint && { hint }),
    ...(nested !== undefined && { nested }),
    ...(struct && { struct: definitions.reference(struct, 'struct') }),
    ...(subType && { subType }),
    ...(subMessage !== undefined && { subMessage }),
    ...(selector !== undefined && { selector }),
    ...(typeValue && { typeValue: typeValue.map((each) => each.text()) }),
    ...(checks && { checks: readChecks(checks, definitions) }),
  }
}

function readChecks(place: Place, definitions: Definitions): Checks {
  const amount = (key: string) => {
    const limit = place.field(key)
    return limit && definitions.amount(limit)
  }
  const found = {
    min: amount('min'),
    max: amount('max'),
    minLength: amount('min-len'),
    maxLength: amount('max-len'),
    exactLength: amount('exact-len'),
  }
  const there = Object.entries(found).filter(
    ([, limit]) => limit !== undefined && Number.isFinite(limit),
  )
  return Object.fromEntries(there)
}

/** What an attribute of its type cannot do without. */
function missingOf(attribute: AttributeSpec): string | undefined {
  const { type, subType, nested, subMessage, selector, typeValue, isFlags } = attribute
  if (isFlags && attribute.enum === undefined) return 'enum'
  if (type === 'indexed-array' && subType === undefined) return 'sub-type'
  const holdsNest = type === 'nest' || type === 'nest-type-value' || subType === 'nest'
  if (holdsNest && nested === undefined) return 'nested-attributes'
  if (type === 'nest-type-value' && typeValue === undefined) return 'type-value'
  if (type === 'sub-message' && subMessage === undefined) return 'sub-message'
  return type === 'sub-message' && selector === undefined ? 'selector' : undefined
}
