/**
 * The text of a peer: key, addresses and networks are written one behind the other and become strings by one
 * call to the engine, which costs more than all the letters; each is then cut out. What is cut out keeps the
 * piece that it comes from, so pieces are short.
 */

/** A buffer's own way to make a string: `toString` looks at its arguments first, each time. */
type Scratch = Buffer & { latin1Slice(start: number, end: number): string }

/** Characters after which a piece ends: a key, an endpoint and a handful of networks. */
const PIECE = 256

/** Room behind a piece for the text that makes it long enough: the longest network has 47 characters. */
const LONGEST = 64

const scratch: Scratch = Buffer.alloc(PIECE + LONGEST) as Scratch
const view = new DataView(scratch.buffer, scratch.byteOffset, scratch.length)

/** Where each text that was written since the piece began starts. */
const starts: number[] = []
let length = 0
let count = 0

const codes = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0))

const BASE64: Uint8Array = codes('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/')
/** Two characters for each 12 bits, the first in the lower byte. */
const BASE64_PAIR: Uint16Array = new Uint16Array(4096)
const HEX: Uint8Array = codes('0123456789abcdef')
const MAPPED: Uint8Array = codes('::ffff:')
const [NEWLINE, DOT, SLASH, ZERO, COLON, EQUALS] = [10, 46, 47, 48, 58, 61]
const [LEFT_BRACKET, RIGHT_BRACKET] = [91, 93]

/** The digits of an octet and a dot as a little-endian word, and how many bytes of it count. */
const OCTET: Uint32Array = new Uint32Array(256)
const OCTET_LENGTH: Uint8Array = new Uint8Array(256)

/** A program that reads a few peers and ends does without: that takes 3 % of what Node takes to start. */
function fillTables(): void {
  for (let bits = 0; bits < 4096; bits++) {
    BASE64_PAIR[bits] = (BASE64[bits >> 6] as number) | ((BASE64[bits & 63] as number) << 8)
  }
  for (let octet = 0; octet < 256; octet++) {
    const digits = codes(String(octet))
    OCTET_LENGTH[octet] = digits.length + 1
    OCTET[octet] = [...digits, DOT].reduce((word, code, at) => word + code * 256 ** at, 0)
  }
}

/** Begins anew: what was written and not cut out is forgotten. */
export function beginText(): void {
  if (OCTET[0] === 0) fillTables()
  length = 0
  count = 0
}

/** Whether the piece is so long that what was written has to be cut out before more is. */
export function isLongText(): boolean {
  return length >= PIECE
}

/** How many texts were written. */
export function textCount(): number {
  return count
}

/** Whether a text that was written is that one. */
export function isTextIn(index: number, text: string): boolean {
  const start = textStart(index)
  const { length: letters } = text
  if (textEnd(index) - start !== letters) return false
  for (let at = 0; at < letters; at++) {
    if (scratch[start + at] !== text.charCodeAt(at)) return false
  }
  return true
}

/** Ends the piece. The texts in it are cut out by {@link textIn}. */
export function takePiece(): string {
  return scratch.latin1Slice(0, length)
}

/** One of the texts of a piece, by its place in the order of writing. */
export function textIn(piece: string, index: number): string {
  return piece.substring(textStart(index), textEnd(index))
}

/** Where one of the texts begins in its piece. */
export function textStart(index: number): number {
  return starts[index] as number
}

/** Where it ends. */
export function textEnd(index: number): number {
  return index + 1 < count ? (starts[index + 1] as number) : length
}

/** The texts of a piece from a place on, in a list that has room for no more. */
export function textsIn(piece: string, from: number): string[] {
  const left = count - from
  if (left === 1) return [textIn(piece, from)]
  if (left === 2) return [textIn(piece, from), textIn(piece, from + 1)]
  return Array.from({ length: left }, (_, at) => textIn(piece, from + at))
}

/** The base64 text of the 32 bytes at `at`. */
export function putKey(bytes: Uint8Array, at: number): void {
  starts[count++] = length
  let from = at
  for (let to = length; to < length + 40; to += 4, from += 3) {
    const bits =
      ((bytes[from] as number) << 16) |
      ((bytes[from + 1] as number) << 8) |
      (bytes[from + 2] as number)
    view.setUint16(to, BASE64_PAIR[bits >> 12] as number, true)
    view.setUint16(to + 2, BASE64_PAIR[bits & 4095] as number, true)
  }
  const rest = ((bytes[from] as number) << 10) | ((bytes[from + 1] as number) << 2)
  view.setUint16(length + 40, BASE64_PAIR[rest >> 6] as number, true)
  scratch[length + 42] = BASE64[rest & 63] as number
  scratch[length + 43] = EQUALS as number
  length += 44
}

/** The address whose 4 or 16 bytes stand at `at`, as `formatAddress` spells it. */
export function putAddress(family: 4 | 6, bytes: Uint8Array, at: number): void {
  starts[count++] = length
  addAddress(family, bytes, at)
}

/** The same with the length of a prefix behind it. */
export function putNetwork(family: 4 | 6, bytes: Uint8Array, at: number, prefix: number): void {
  putAddress(family, bytes, at)
  scratch[length++] = SLASH as number
  if (prefix > 99) scratch[length++] = (ZERO as number) + Math.floor(prefix / 100)
  if (prefix > 9) scratch[length++] = (ZERO as number) + (Math.floor(prefix / 10) % 10)
  scratch[length++] = (ZERO as number) + (prefix % 10)
}

/** An address and a port, as `formatEndpoint` spells them. */
export function putEndpoint(family: 4 | 6, bytes: Uint8Array, at: number, port: number): void {
  starts[count++] = length
  if (family === 6) scratch[length++] = LEFT_BRACKET as number
  addAddress(family, bytes, at)
  if (family === 6) scratch[length++] = RIGHT_BRACKET as number
  scratch[length++] = COLON as number
  addNumber(port)
}

function addAddress(family: 4 | 6, bytes: Uint8Array, at: number): void {
  length = family === 4 ? writeIPv4(bytes, at, length) : writeIPv6(bytes, at, length)
}

/** The digits of a number up to 99999. */
function addNumber(number: number): void {
  let unit = number > 9999 ? 10_000 : number > 999 ? 1000 : number > 99 ? 100 : number > 9 ? 10 : 1
  for (; unit >= 1; unit /= 10) {
    scratch[length++] = (ZERO as number) + (Math.floor(number / unit) % 10)
  }
}

/** @returns where it ends */
function writeIPv4(bytes: Uint8Array, from: number, to: number): number {
  let at = to
  for (let index = from; index < from + 4; index++) {
    const octet = bytes[index] as number
    view.setUint32(at, OCTET[octet] as number, true)
    at += OCTET_LENGTH[octet] as number
  }
  return at - 1
}

/**
 * What stands from `from` on, up to a newline, which must be there.
 *
 * @returns where that is; -1: it is longer than any address, or not ASCII
 */
export function putLine(bytes: Uint8Array, from: number): number {
  starts[count++] = length
  const longest = from + LONGEST
  for (let at = from; at < longest; at++) {
    const code = bytes[at] as number
    if (code === NEWLINE) return at
    if (code > 127) return -1
    scratch[length++] = code
  }
  return -1
}

/** RFC 5952, as `formatAddress` has it. @returns where it ends */
function writeIPv6(bytes: Uint8Array, from: number, to: number): number {
  let gap = -1
  let gapLength = 1
  let run = 0
  for (let index = 0; index <= 8; index++) {
    if (index < 8 && groupAt(bytes, from, index) === 0) continue
    if (index - run > gapLength) {
      gap = run
      gapLength = index - run
    }
    run = index + 1
  }
  if (gap === 0 && gapLength === 5 && groupAt(bytes, from, 5) === 0xffff) {
    scratch.set(MAPPED, to)
    return writeIPv4(bytes, from + 12, to + MAPPED.length)
  }
  let at = to
  for (let index = 0; index < 8; index++) {
    if (index === gap) {
      if (index === 0) scratch[at++] = COLON as number
      scratch[at++] = COLON as number
      index += gapLength - 1
      continue
    }
    const group = groupAt(bytes, from, index)
    if (group > 0xfff) scratch[at++] = HEX[group >> 12] as number
    if (group > 0xff) scratch[at++] = HEX[(group >> 8) & 15] as number
    if (group > 0xf) scratch[at++] = HEX[(group >> 4) & 15] as number
    scratch[at++] = HEX[group & 15] as number
    if (index < 7) scratch[at++] = COLON as number
  }
  return at
}

const groupAt = (bytes: Uint8Array, from: number, index: number): number =>
  ((bytes[from + 2 * index] as number) << 8) | (bytes[from + 2 * index + 1] as number)
