import type { AttributeSetSpec, AttributeSpec, Spec, SubMessageSpec } from '../spec/model.js'
import { Definitions, there } from './definitions.js'
import { MessageCodec } from './message-codec.js'
import type { Payload } from './payload.js'
import { payloadOf } from './payloads.js'
import { SetCodec } from './set-codec.js'

/** The sets and messages of a spec, each compiled when it is first used. */
export class FamilyCodec {
  readonly definitions: Definitions
  /** How deep the message is nested that is read at this moment. */
  readonly nesting = { depth: 0 }
  readonly #sets: ReadonlyMap<string, AttributeSetSpec>
  readonly #subMessages: ReadonlyMap<string, SubMessageSpec>
  readonly #codecs = new Map<string, SetCodec>()
  readonly #messages = new Map<string, MessageCodec>()

  constructor(spec: Spec) {
    this.definitions = new Definitions(spec)
    this.#sets = new Map(spec.attributeSets.map((set) => [set.name, set]))
    this.#subMessages = new Map(spec.subMessages.map((each) => [each.name, each]))
  }

  set(name: string): SetCodec {
    const made = this.#codecs.get(name) ?? new SetCodec(there(this.#sets.get(name), name), this)
    this.#codecs.set(name, made)
    return made
  }

  subMessage(name: string): SubMessageSpec {
    return there(this.#subMessages.get(name), name)
  }

  payload(spec: AttributeSpec): Payload {
    return payloadOf(spec, this)
  }

  /** A message of attributes of a set, behind a fixed header if there is one. */
  message(set: string | undefined, header: string | undefined): MessageCodec {
    const name = `${set} ${header}`
    const made = this.#messages.get(name) ?? this.#makeMessage(set, header)
    this.#messages.set(name, made)
    return made
  }

  #makeMessage(set: string | undefined, header: string | undefined): MessageCodec {
    const struct = header === undefined ? undefined : this.definitions.structSpec(header)
    const attributes = set === undefined ? undefined : this.set(set)
    return new MessageCodec(attributes, struct, this)
  }
}
