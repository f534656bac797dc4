import { brokenProtocol } from './encoding.js'

/** The protocol's number, which the first message of each side has. */
export const PROTOCOL_VERSION = 1

/** The word that both sides begin with: nobody else's protocol does. */
export const GREETING = 'wgctrl'

/**
 * What is said, as `[kind, id, …]`. A number here is part of the protocol. `id` names a call, or of a callback the
 * call of a function; 0 where there is none.
 */
export const KIND = {
  /** `greeting, version, data`: the first message of each side. */
  hello: 0,
  /** `method, arguments, within`: within a callback, or 0. */
  call: 1,
  /** `list, items`: of a list of the message before it. */
  piece: 2,
  /** The message before it will not be finished. */
  cut: 3,
  /** The client does not want the call's answer any more. */
  abort: 4,
  /** `count`: so many more items can be sent. */
  pull: 5,
  /** The client wants no more items. */
  end: 6,
  /** `call, name, arguments`: something is asked of what a call has made; `id` is that of the answer. */
  ask: 7,
  /** `value`: what a function of the client gave. */
  reply: 8,
  /** `error` */
  failReply: 9,
  /** `value` */
  answer: 10,
  /** `error` */
  fail: 11,
  /** `items, state` */
  items: 12,
  /** `function, arguments, call`: a function of the client is called; `id` is this call of it. */
  callback: 13,
  /** The call of a function is not needed any more: its signals fire. */
  cancel: 14,
  /** `data`: which backends there are now. */
  backends: 15,
  ping: 16,
  pong: 17,
} as const

export interface Message {
  readonly kind: number
  readonly id: number
  readonly rest: readonly unknown[]
}

/** @throws {WireGuardError} `EPROTO` */
export function readMessage(value: unknown): Message {
  if (!Array.isArray(value)) throw brokenProtocol('a message must be a list')
  const [kind, id, ...rest] = value
  if (!isId(kind) || !isId(id)) throw brokenProtocol('a message begins with two numbers')
  return { kind, id, rest }
}

const isId = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0xffff_ffff

/** @throws {WireGuardError} `EPROTO` */
export function idIn(value: unknown): number {
  if (isId(value)) return value
  throw brokenProtocol('a number is missing in a message')
}

/** @throws {WireGuardError} `EPROTO` */
export function listIn(value: unknown): unknown[] {
  if (Array.isArray(value)) return value
  throw brokenProtocol('a list is missing in a message')
}
