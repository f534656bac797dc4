import { WireGuardError } from '@wgctrl/types'

/** Structs, dictionary entries and arrays are lists of what is in them; a variant is what is in it. */
export type WireValue = number | bigint | boolean | string | readonly WireValue[]

/** Containers within containers. @source D-Bus Specification, "Valid Signatures": 32 arrays and 32 structs, variants beside them */
const DEEPEST = 64

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Reads values that stand one behind the other, each at its alignment. @source D-Bus Specification, "Marshaling" */
export class WireReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #isLittle: boolean
  #at: number

  /** @param bytes alignment counts from the first of them */
  constructor(bytes: Uint8Array, isLittle: boolean, at = 0) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#isLittle = isLittle
    this.#at = at
  }

  /** @throws {WireGuardError} `EPROTO` */
  read(signature: string): WireValue[] {
    return completeTypes(signature).map((type) => this.#value(type, 0))
  }

  #value(type: string, depth: number): WireValue {
    if (depth > DEEPEST) throw broken('values within values, too deep')
    const kind = type[0] ?? ''
    const fixed = FIXED[kind]
    if (fixed) return fixed.read(this.#view, this.#take(fixed.size, fixed.size), this.#isLittle)
    if (kind === 's' || kind === 'o') return this.#text(this.#uint32())
    if (kind === 'g') return this.#signature()
    if (kind === 'a') return this.#array(type.slice(1), depth)
    if (kind === 'v') {
      const [inner, ...others] = completeTypes(this.#signature())
      if (inner === undefined || others.length > 0)
        throw broken('a variant of other than one value')
      return this.#value(inner, depth + 1)
    }
    this.#take(0, 8)
    return completeTypes(type.slice(1, -1)).map((each) => this.#value(each, depth + 1))
  }

  #array(element: string, depth: number): WireValue[] {
    const length = this.#uint32()
    const end = this.#take(0, alignmentOf(element)) + length
    if (end > this.#bytes.length) throw broken('an array beyond its message')
    const values: WireValue[] = []
    while (this.#at < end) values.push(this.#value(element, depth + 1))
    if (this.#at !== end) throw broken('an element beyond its array')
    return values
  }

  #signature(): string {
    return this.#text(this.#view.getUint8(this.#take(1, 1)))
  }

  /** Of as many bytes, with a NUL behind. */
  #text(length: number): string {
    const start = this.#take(length + 1, 1)
    const bytes = this.#bytes.subarray(start, start + length)
    if (this.#bytes[start + length] !== 0 || bytes.includes(0)) throw broken('a text with NUL')
    try {
      return utf8.decode(bytes)
    } catch {
      throw broken('a text that is no UTF-8')
    }
  }

  #uint32(): number {
    return this.#view.getUint32(this.#take(4, 4), this.#isLittle)
  }

  /** @returns where they start */
  #take(size: number, alignment: number): number {
    const start = Math.ceil(this.#at / alignment) * alignment
    if (start + size > this.#bytes.length) throw broken('a value beyond its message')
    this.#at = start + size
    return start
  }
}

interface Fixed {
  readonly size: number
  readonly read: (view: DataView, at: number, isLittle: boolean) => WireValue
}

const uint32: Fixed = { size: 4, read: (view, at, isLittle) => view.getUint32(at, isLittle) }

/** As wide as they are aligned. */
const FIXED: Readonly<Record<string, Fixed | undefined>> = {
  y: { size: 1, read: (view, at) => view.getUint8(at) },
  b: { size: 4, read: (view, at, isLittle) => view.getUint32(at, isLittle) !== 0 },
  n: { size: 2, read: (view, at, isLittle) => view.getInt16(at, isLittle) },
  q: { size: 2, read: (view, at, isLittle) => view.getUint16(at, isLittle) },
  i: { size: 4, read: (view, at, isLittle) => view.getInt32(at, isLittle) },
  u: uint32,
  h: uint32,
  x: { size: 8, read: (view, at, isLittle) => view.getBigInt64(at, isLittle) },
  t: { size: 8, read: (view, at, isLittle) => view.getBigUint64(at, isLittle) },
  d: { size: 8, read: (view, at, isLittle) => view.getFloat64(at, isLittle) },
}

function alignmentOf(type: string): number {
  const kind = type[0] ?? ''
  const fixed = FIXED[kind]
  if (fixed) return fixed.size
  if (kind === '(' || kind === '{') return 8
  return kind === 'g' || kind === 'v' ? 1 : 4
}

/** The types that a signature is made of. */
function completeTypes(signature: string): string[] {
  const types: string[] = []
  for (let start = 0; start < signature.length; ) {
    const end = endOfType(signature, start, 0)
    types.push(signature.slice(start, end))
    start = end
  }
  return types
}

function endOfType(signature: string, start: number, depth: number): number {
  const kind = signature[start] ?? ''
  if (depth > DEEPEST) throw broken('a signature that is too deep')
  if (kind === 'a') return endOfType(signature, start + 1, depth + 1)
  const close = kind === '(' ? ')' : kind === '{' ? '}' : undefined
  if (close === undefined) {
    if (FIXED[kind] || (kind !== '' && 'sogv'.includes(kind))) return start + 1
    throw broken('a type that is none')
  }
  let at = start + 1
  while (signature[at] !== close) at = endOfType(signature, at, depth + 1)
  if (at === start + 1) throw broken('a struct of nothing')
  return at + 1
}

export const broken = (what: string): WireGuardError =>
  new WireGuardError(`the system bus broke its protocol: ${what}`, { code: 'EPROTO' })
