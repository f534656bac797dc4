import type { Spec } from './model.js'
import type { Place } from './place.js'

/** Refuses names of sets, structs, sub-messages and selectors that the spec does not have. */
export function checkReferences(spec: Spec, place: Place): void {
  const sets = new Set(spec.attributeSets.map(({ name }) => name))
  const structs = new Set(
    spec.definitions.filter(({ type }) => type === 'struct').map(({ name }) => name),
  )
  const subMessages = new Set(spec.subMessages.map(({ name }) => name))
  const places = new Places(place)

  spec.attributeSets.forEach((set, at) => {
    set.attributes.forEach(({ nested, subMessage, selector }, index) => {
      const here = () => places.attribute(at, index)
      if (nested !== undefined && !sets.has(nested)) throw here().fault(`there is no set ${nested}`)
      if (subMessage !== undefined && !subMessages.has(subMessage)) {
        throw here().fault(`there is no sub-message ${subMessage}`)
      }
      if (selector !== undefined && !isAnywhere(spec, selector)) {
        throw here().fault(`no set has the selector ${selector}`)
      }
    })
  })
  spec.subMessages.forEach(({ formats }, at) => {
    formats.forEach(({ fixedHeader, attributeSet }, index) => {
      const here = () => places.format(at, index)
      if (fixedHeader !== undefined && !structs.has(fixedHeader)) {
        throw here().fault(`there is no struct ${fixedHeader}`)
      }
      if (attributeSet !== undefined && !sets.has(attributeSet)) {
        throw here().fault(`there is no set ${attributeSet}`)
      }
    })
  })
  spec.operations.forEach((operation, at) => {
    const { fixedHeader, attributeSet = '' } = operation
    if (fixedHeader !== undefined && !structs.has(fixedHeader)) {
      throw places.operation(at).fault(`there is no struct ${fixedHeader}`)
    }
    if (attributeSet !== '' && !sets.has(attributeSet)) {
      throw places.operation(at).fault(`there is no set ${attributeSet}`)
    }
  })
}

const isAnywhere = (spec: Spec, name: string): boolean =>
  spec.attributeSets.some(({ attributes }) => attributes.some((each) => each.name === name))

/** Where things stand in the file, looked up when something is wrong with them. */
class Places {
  readonly #spec: Place

  constructor(spec: Place) {
    this.#spec = spec
  }

  attribute(set: number, index: number): Place {
    return at(at(this.#spec.list('attribute-sets'), set).list('attributes'), index)
  }

  format(subMessage: number, index: number): Place {
    return at(at(this.#spec.list('sub-messages'), subMessage).list('formats'), index)
  }

  operation(index: number): Place {
    return at(this.#spec.required('operations').list('list'), index)
  }
}

const at = (places: readonly Place[], index: number): Place => places[index] as Place
