import type { Writer } from '@wgctrl/netlink'
import { unknownField } from '@wgctrl/types'
import type { StructSpec } from '../spec/model.js'
import type { FamilyCodec } from './family-codec.js'
import type { Scope } from './payload.js'
import type { SetCodec } from './set-codec.js'
import { checkedRecord, StructCodec } from './struct-codec.js'

/**
 * A fixed header and the attributes behind it, as one record. A member of the header that has the name of an attribute
 * is called `header…`.
 */
export class MessageCodec {
  /** Absent: nothing but the header. */
  readonly set: SetCodec | undefined
  readonly #header: StructCodec | undefined
  readonly #family: FamilyCodec

  constructor(set: SetCodec | undefined, header: StructSpec | undefined, family: FamilyCodec) {
    const taken = (key: string): boolean => set?.keys.has(key) === true
    this.set = set
    this.#header = header && new StructCodec(header, family.definitions, taken)
    this.#family = family
  }

  /** Bytes of the header. */
  get headerSize(): number {
    return this.#header?.size ?? 0
  }

  /** @throws {NetlinkError} EPROTO with the offset of what cannot be read */
  decode(bytes: Uint8Array, start: number, end: number, outer?: Scope): Record<string, unknown> {
    if (outer === undefined) this.#family.nesting.depth = 0
    const record: Record<string, unknown> = {}
    const header = this.#header
    if (header !== undefined) {
      header.checkWhole(start, end)
      header.decodeInto(record, bytes, start, end)
    }
    this.set?.decodeInto(record, bytes, start + this.headerSize, end, outer)
    return record
  }

  /** @throws {TypeError | RangeError} `EINVAL`; `path` names the value */
  encode(value: unknown, writer: Writer, path: string, outer?: Scope): void {
    const record = checkedRecord(value, path)
    const known = this.#header?.keys ?? []
    this.#header?.encode(record, writer, path)
    this.set?.encode(record, writer, path, outer, known)
    const stranger = this.set ? undefined : Object.keys(record).find((key) => !known.includes(key))
    if (stranger !== undefined) throw unknownField(stranger, known, `${path}.`)
  }
}
