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
  encode(set, attributes, writer)
  writer.closeMessage(message)
  return { bytes: writer.view(), set, start: MESSAGE_HEADER + header.size }
}

/** A generic netlink request. `type` is the number that the family has on this system. */
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
  encode(set, attributes, writer)
  writer.closeMessage(message)
  return { bytes: writer.view(), set, start: GENL_ATTRIBUTES }
}
