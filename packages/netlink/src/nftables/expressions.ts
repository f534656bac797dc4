import { checkChoice } from '@wgctrl/types'
import { attributeSet } from '../codec/attribute-set.js'
import { decode } from '../codec/decode.js'
import { encode } from '../codec/encode.js'
import { multi, nest } from '../codec/field.js'
import { Writer } from '../codec/writer.js'
import { checkDeclared } from '../request.js'
import {
  type Expression,
  expressionSets,
  NFTA_LIST_ELEM,
  nftExpressionAttributes,
} from '../specs/nftables.js'

const expressionList = attributeSet('expr-list-attrs', {
  elem: multi(nest(NFTA_LIST_ELEM, nftExpressionAttributes)),
})

/**
 * What `rule-attrs.expressions` is.
 *
 * @throws {TypeError | RangeError} `EINVAL` for a value that does not fit
 */
export function encodeExpressions(expressions: readonly Expression[]): Uint8Array {
  const elem = expressions.map(({ name, data }, at) => {
    checkChoice(name, `expressions[${at}].name`, Object.keys(expressionSets))
    checkDeclared(expressionSets[name], data, `expressions[${at}].data`)
    const inner = new Writer()
    encode(expressionSets[name], data, inner)
    return { name, data: inner.view() }
  })
  const writer = new Writer()
  encode(expressionList, { elem }, writer)
  return writer.view()
}

/** An expression that is not in `expressionSets`: its name alone. */
export interface UnknownExpression {
  name: string
  data?: undefined
}

/** The inverse. @throws {NetlinkError} EPROTO for bytes that are no expressions */
export function decodeExpressions(bytes: Uint8Array): (Expression | UnknownExpression)[] {
  const { elem = [] } = decode(expressionList, bytes)
  return elem.map(({ name = '', data = new Uint8Array() }) => {
    const set = Object.hasOwn(expressionSets, name)
      ? expressionSets[name as Expression['name']]
      : undefined
    return set ? ({ name, data: decode(set, data) } as Expression) : { name }
  })
}
