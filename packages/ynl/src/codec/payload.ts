import type { Writer } from '@wgctrl/netlink'
import type { SetCodec } from './set-codec.js'

/** The values around what is read or written, from the inside to the outside: where selectors are looked for. */
export interface Scope {
  readonly values: Readonly<Record<string, unknown>>
  readonly outer: Scope | undefined
}

/** How the payload of an attribute is read and written. */
export interface Payload {
  /** Bytes that must be there. */
  readonly least: number
  /** What it reads is its own: nothing is a view of `bytes`. */
  decode(bytes: Uint8Array, start: number, end: number, scope: Scope | undefined): unknown
  /** @throws {TypeError | RangeError} `EINVAL`; `path` names the value */
  encode(value: unknown, writer: Writer, path: string, scope: Scope): void
  /** It is attributes: NLA_F_NESTED goes with its type. */
  readonly isNest?: boolean
  /** The set of the attributes that it holds. */
  readonly inner?: SetCodec
}
