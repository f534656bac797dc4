import { readAttributeSets } from './attribute-sets.js'
import { Definitions, docOf } from './definitions.js'
import type { GroupSpec, Spec, SubMessageSpec } from './model.js'
import { readOperations } from './operations.js'
import { Place } from './place.js'
import { checkReferences } from './references.js'
import { PROTOCOLS } from './words.js'

/**
 * Reads a spec of the kernel's Documentation/netlink/specs: YAML in, plain data out, with all that the spec leaves to
 * be derived.
 *
 * @param file what errors call it
 * @throws {SpecError} `EINVAL` for text that is no YAML, or no spec; it names file, line and path
 */
export function readSpec(text: string, file = 'spec'): Spec {
  const place = Place.of(text, file)
  const protocol = place.field('protocol')?.oneOf(PROTOCOLS) ?? 'genetlink'
  const isRaw = protocol === 'netlink-raw'
  const definitions = new Definitions(place)
  const attributeSets = readAttributeSets(place, definitions)
  const spec: Spec = {
    name: place.required('name').text(),
    ...docOf(place),
    protocol,
    ...(isRaw && { protocolNumber: place.required('protonum').number() }),
    definitions: definitions.all,
    attributeSets,
    subMessages: place.list('sub-messages').map(readSubMessage),
    operations: readOperations(place, attributeSets),
    groups: (place.field('mcast-groups')?.list('list') ?? []).map(readGroup),
  }
  checkReferences(spec, place)
  return spec
}

function readSubMessage(place: Place): SubMessageSpec {
  const formats = place.list('formats').map((format) => {
    const fixedHeader = format.field('fixed-header')?.text()
    const attributeSet = format.field('attribute-set')?.text()
    return {
      value: format.required('value').text(),
      ...(fixedHeader !== undefined && { fixedHeader }),
      ...(attributeSet !== undefined && { attributeSet }),
    }
  })
  return { name: place.required('name').text(), formats }
}

function readGroup(place: Place): GroupSpec {
  const value = place.field('value')?.number()
  return { name: place.required('name').text(), ...(value !== undefined && { value }) }
}
