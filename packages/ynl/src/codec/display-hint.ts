import { formatAddress, InvalidTypeError, parseAddress, quoted } from '@wgctrl/types'
import type { DisplayHint } from '../spec/model.js'

/** Bytes that are shown as text. */
export interface TextForm {
  /** `undefined` for bytes that are no such thing: they stay bytes. */
  format(bytes: Uint8Array, start: number, end: number): string | undefined
  /** `undefined` for text that is none. */
  parse(text: string): Uint8Array | undefined
}

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, '0'),
)

function hex(bytes: Uint8Array, start: number, end: number, between: string): string {
  let text = ''
  for (let o = start; o < end; o++) text += `${o > start ? between : ''}${HEX[bytes[o] as number]}`
  return text
}

const fromHex = (digits: string): Uint8Array | undefined =>
  /^([0-9a-f]{2})+$/i.test(digits)
    ? Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
    : undefined

const address = (lengths: readonly number[]): TextForm => ({
  format(bytes, start, end) {
    const length = end - start
    if (!lengths.includes(length)) return undefined
    return formatAddress(length === 4 ? 4 : 6, bytes, start)
  },
  parse(text) {
    const bytes = parseAddress(text)?.bytes
    return bytes && lengths.includes(bytes.length) ? bytes : undefined
  },
})

const mac: TextForm = {
  format: (bytes, start, end) => hex(bytes, start, end, ':'),
  parse: (text) => fromHex(text.replaceAll(':', '')),
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

const uuid: TextForm = {
  format(bytes, start, end) {
    if (end - start !== 16) return undefined
    const digits = hex(bytes, start, end, '')
    return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
  },
  parse: (text) => (UUID.test(text) ? fromHex(text.replaceAll('-', '')) : undefined),
}

/** Hints that make text of bytes. The others say how a program would print them. */
const FORMS: Readonly<Partial<Record<DisplayHint, TextForm>>> = {
  ipv4: address([4]),
  ipv6: address([16]),
  'ipv4-or-v6': address([4, 16]),
  mac,
  uuid,
}

export const textForm = (hint: DisplayHint | undefined): TextForm | undefined => hint && FORMS[hint]

/** The bytes of a value: as they are, or as the text that a hint makes of them. */
export function bytesOf(value: unknown, form: TextForm | undefined, path: string): Uint8Array {
  if (value instanceof Uint8Array) return value
  if (form && typeof value === 'string') {
    const bytes = form.parse(value)
    if (bytes) return bytes
    throw new InvalidTypeError(path, `not what it should be: ${quoted(value)}`)
  }
  throw new InvalidTypeError(path, form ? 'must be text or a Uint8Array' : 'must be a Uint8Array')
}

/** An IPv4 address in a number, as the spec of a few attributes has it. */
export const addressOfNumber = (value: number): string =>
  formatAddress(4, Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value))

export function numberOfAddress(value: unknown, path: string): unknown {
  if (typeof value !== 'string') return value
  const bytes = FORMS.ipv4?.parse(value)
  if (!bytes) throw new InvalidTypeError(path, `not an IPv4 address: ${quoted(value)}`)
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0)
}
