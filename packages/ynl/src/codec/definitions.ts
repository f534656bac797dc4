import type { EnumSpec, Spec, StructSpec } from '../spec/model.js'
import { StructCodec } from './struct-codec.js'

/** The enums and structs of a spec, by name. */
export class Definitions {
  readonly #enums = new Map<string, EnumSpec>()
  readonly #structs = new Map<string, StructSpec>()
  readonly #codecs = new Map<string, StructCodec>()

  constructor({ definitions }: Spec) {
    for (const each of definitions) {
      if (each.type === 'struct') this.#structs.set(each.name, each)
      else if (each.type !== 'const') this.#enums.set(each.name, each)
    }
  }

  /** @throws {RangeError} when the spec has none of that name, which {@link readSpec} does not let through */
  enum(name: string): EnumSpec {
    return there(this.#enums.get(name), name)
  }

  structSpec(name: string): StructSpec {
    return there(this.#structs.get(name), name)
  }

  struct(name: string): StructCodec {
    const made = this.#codecs.get(name) ?? new StructCodec(this.structSpec(name), this)
    this.#codecs.set(name, made)
    return made
  }
}

/** What a spec that {@link readSpec} read cannot lack; one that was made by hand can. */
export function there<T>(found: T | undefined, name: string): T {
  if (found === undefined) throw new RangeError(`the spec has no ${name}`)
  return found
}
