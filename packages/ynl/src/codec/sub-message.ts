import { InvalidTypeError } from '@wgctrl/types'
import type { AttributeSpec, FormatSpec } from '../spec/model.js'
import type { FamilyCodec } from './family-codec.js'
import type { MessageCodec } from './message-codec.js'
import type { Payload, Scope } from './payload.js'
import { propertyName } from './property-name.js'

/**
 * A payload whose form another attribute decides, in the same set or one around it. Where that says nothing that the
 * spec knows, the bytes are left as they are.
 */
export function subMessage(spec: AttributeSpec, family: FamilyCodec): Payload {
  const { formats } = family.subMessage(spec.subMessage as string)
  const byValue = new Map(formats.map((format) => [format.value, format]))
  const selector = propertyName(spec.selector as string)
  const formOf = (scope: Scope | undefined): MessageCodec | undefined => {
    const format = byValue.get(String(selected(selector, scope)))
    return format && messageOf(format, family)
  }
  return {
    least: 0,
    isNest: true,
    decode(bytes, start, end, scope) {
      const form = formOf(scope)
      if (form && end - start >= form.headerSize) return form.decode(bytes, start, end, scope)
      return new Uint8Array(bytes.subarray(start, end))
    },
    encode(value, writer, path, scope) {
      if (value instanceof Uint8Array) return writer.raw(value)
      const form = formOf(scope)
      if (form) return form.encode(value, writer, path, scope)
      const known = [...byValue.keys()].join(', ')
      throw new InvalidTypeError(
        path,
        `needs ${selector}, one of ${known}, or has to be a Uint8Array`,
      )
    },
  }
}

const messageOf = ({ attributeSet, fixedHeader }: FormatSpec, family: FamilyCodec): MessageCodec =>
  family.message(attributeSet, fixedHeader)

/** The value of the selector, in the innermost record that has one. */
function selected(selector: string, scope: Scope | undefined): unknown {
  for (let at = scope; at !== undefined; at = at.outer) {
    if (at.values[selector] !== undefined) return at.values[selector]
  }
  return undefined
}
