import { checkFields } from '@wgctrl/types'
import type { AttributeSet, Infer } from './codec/attribute-set.js'
import { encode } from './codec/encode.js'
import { encodeGenlHeader, GENL_ATTRIBUTES } from './codec/genl.js'
import { MESSAGE_HEADER } from './codec/message.js'
import { encodeStruct, type Struct, type StructInput } from './codec/struct.js'
import { Writer } from './codec/writer.js'
import type { Request } from './reply.js'

/**
 * A request with a fixed header, as rtnetlink has it.
 *
 * @param flags NLM_F_CREATE and the like; request, ack and dump are added when it is sent
 * @throws {TypeError | RangeError} `EINVAL` for what the header or the set does not declare, and for values that do not fit
 */
export function fixedRequest<H extends Struct, S extends AttributeSet>(
  type: number,
  flags: number,
  header: H,
  values: H extends Struct<infer M> ? StructInput<M> : never,
  set: S,
  attributes: Infer<S>,
): Request {
  const writer = new Writer()
  const message = writer.openMessage(type, flags)
  encodeStruct(header, values as StructInput<H['members']>, writer)
  encodeDeclared(set, attributes, writer)
  writer.closeMessage(message)
  return { bytes: writer.view(), set, start: MESSAGE_HEADER + header.size }
}

/**
 * A generic netlink request.
 *
 * @param type the number that the family has on this system
 * @throws {TypeError | RangeError} `EINVAL` for what the set does not declare, and for values that do not fit
 */
export function genlRequest<S extends AttributeSet>(
  type: number,
  command: number,
  version: number,
  set: S,
  attributes: Infer<S>,
): Request {
  const writer = new Writer()
  const message = writer.openMessage(type, 0)
  encodeGenlHeader({ command, version }, writer)
  encodeDeclared(set, attributes, writer)
  writer.closeMessage(message)
  return { bytes: writer.view(), set, start: GENL_ATTRIBUTES }
}

/** `encode` does not look for what a set does not declare, which here would be a word that was spelled wrong. */
function encodeDeclared<S extends AttributeSet>(set: S, record: Infer<S>, writer: Writer): void {
  checkDeclared(set, record, set.name)
  encode(set, record, writer)
}

/** @throws {TypeError} `EINVAL` for what a set does not declare; `path` names it */
export function checkDeclared(set: AttributeSet, record: object, path: string): void {
  checkFields(record, path, Object.fromEntries(set.keys.map((key) => [key, true] as const)))
  for (const [key, value] of Object.entries(record)) {
    const inner = set.fields[key]?.set
    if (!inner || value === undefined) continue
    if (!Array.isArray(value)) checkDeclared(inner, value, `${path}.${key}`)
    else
      for (const [at, item] of value.entries()) checkDeclared(inner, item, `${path}.${key}[${at}]`)
  }
}
