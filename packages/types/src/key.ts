import { createPrivateKey, createPublicKey, type KeyObject, randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import { InvalidTypeError, invalid } from './errors.js'

/** Every WireGuard key has 32 bytes: Curve25519 points and scalars, and the preshared key. */
export const KEY_LENGTH = 32

/** A public key as text: base64 of 32 bytes, 44 characters. */
export type PublicKey = string

/** What a secret can be given as: itself, base64 text, or 32 bytes (they are copied). */
export type KeyInput = SecretKey | string | Uint8Array

/** What {@link decodeBase64Key} takes. */
const BASE64_KEY = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/

const HIDDEN = '(hidden)'

/** Marks our keys across copies of this package (two versions, ESM beside CJS). */
const brand: unique symbol = Symbol.for('wgctrl.secret-key') as never

const KEY_WORDS: number = KEY_LENGTH / 4
const KEYS_PER_SHELF = 64
const WIPED = -1
/** Keys stand side by side: memory for one key alone costs more than the key, and takes longer to get than to fill. */
let shelf = new Uint8Array(KEYS_PER_SHELF * KEY_LENGTH)
/** The same as words, for as long as a message is read. */
let shelfWords = new Int32Array(shelf.buffer)
let usedOfShelf = 0

/** Where on the {@link shelf} the next key stands. */
function nextPlace(): number {
  if (usedOfShelf === shelf.length) {
    shelf = new Uint8Array(KEYS_PER_SHELF * KEY_LENGTH)
    usedOfShelf = 0
  }
  const at = usedOfShelf
  usedOfShelf += KEY_LENGTH
  return at
}

/** Holds a key within one synchronous call, which zeroes it. */
const SCRATCH = secretBytes()

/**
 * A private or preshared key. It holds its own copy of the bytes and never shows them by accident:
 * `console.log`, `JSON.stringify`, template strings and errors all give `(hidden)`. A structured clone of one
 * is an empty object, which no call takes for a key: send `toBytes()` to another thread or process.
 *
 * @example
 * ```ts
 * const key = generatePrivateKey()
 * console.log(`${key}`)              // (hidden)
 * await writeFile('wg0.key', key.toBase64(), { mode: 0o600 })
 * key.wipe()
 * ```
 */
export class SecretKey {
  readonly #shelf: Uint8Array
  #at: number

  private constructor() {
    this.#at = nextPlace()
    this.#shelf = shelf
  }

  /** True of a key made by any copy of this package. */
  static [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && brand in value
  }

  /**
   * @param input base64 text, 32 bytes (copied) or another secret (copied)
   * @throws {TypeError} of another type
   * @throws {WireGuardError} `EINVAL` when it is not a key; the message never repeats the input
   */
  static from(input: KeyInput, path = 'key'): SecretKey {
    const key = new SecretKey()
    SecretKey.#read(input, path, key.#shelf, key.#at)
    return key
  }

  /**
   * The key at `offset` of a message, copied. `undefined`: 32 zero bytes, which on both wires mean that
   * there is none.
   */
  static at(bytes: Uint8Array, offset: number): SecretKey | undefined {
    const end = offset + KEY_LENGTH
    if (isZeroKey(bytes, offset, end)) return undefined
    const key = new SecretKey()
    for (let from = offset, to = key.#at; from < end; from++, to++) {
      key.#shelf[to] = bytes[from] as number
    }
    return key
  }

  /**
   * The same of a message whose words are at hand, `words[at..at + 8)`.
   *
   * @internal
   */
  static inWords(words: Int32Array, at: number): SecretKey | undefined {
    let any = 0
    for (let index = at; index < at + KEY_WORDS; index++) any |= words[index] as number
    if (any === 0) return undefined
    const key = new SecretKey()
    if (shelfWords.buffer !== shelf.buffer) shelfWords = new Int32Array(shelf.buffer)
    const to = key.#at >> 2
    for (let index = 0; index < KEY_WORDS; index++)
      shelfWords[to + index] = words[at + index] as number
    return key
  }

  /**
   * The key whose base64 text stands in `text`, 44 bytes of ASCII as a key file has them; they stay the
   * caller's, who can wipe them as he could no string. `undefined`: it is no key.
   */
  static fromBase64(text: Uint8Array): SecretKey | undefined {
    const key = new SecretKey()
    if (decodeBase64Key(text, key.#shelf, key.#at)) return key
    key.wipe()
    return undefined
  }

  /** True when all 32 bytes are zero: on both wires that means "no key". */
  get isZero(): boolean {
    const at = this.#readable()
    return isZeroKey(this.#shelf, at, at + KEY_LENGTH)
  }

  /** The key as 44 characters of base64. The string cannot be wiped: prefer {@link toBytes}. */
  toBase64(): string {
    return formatPublicKey(this.#shelf, this.#readable())
  }

  /** A copy of the 32 bytes, for the caller to zero. */
  toBytes(): Uint8Array {
    const at = this.#readable()
    const bytes = secretBytes()
    bytes.set(this.#shelf.subarray(at, at + KEY_LENGTH))
    return bytes
  }

  /** Compares in constant time. */
  equals(other: KeyInput): boolean {
    const at = this.#readable()
    SecretKey.#read(other, 'other', SCRATCH, 0)
    let difference = 0
    for (let index = 0; index < KEY_LENGTH; index++) {
      difference |= (this.#shelf[at + index] as number) ^ (SCRATCH[index] as number)
    }
    SCRATCH.fill(0)
    return difference === 0
  }

  /**
   * Compares in constant time what a config has with the key that stands in `bytes[at..at + 32)`, where zeros mean that
   * there is none. False also of what is no key.
   *
   * @internal
   */
  static isAt(given: KeyInput | null | undefined, bytes: Uint8Array, at: number): boolean {
    const isNone = isZeroKey(bytes, at, at + KEY_LENGTH)
    if (given === undefined || given === null || isNone) return isNone && (given ?? null) === null
    if (typeof given === 'string') return isBase64Of(given, bytes, at)
    if (typeof given !== 'object' || !(#shelf in given) || given.#at === WIPED) return false
    const from = given.#at
    let difference = 0
    for (let index = 0; index < KEY_LENGTH; index++) {
      difference |= (given.#shelf[from + index] as number) ^ (bytes[at + index] as number)
    }
    return difference === 0
  }

  /** Overwrites the bytes with zeros. Every later use of the key throws. */
  wipe(): void {
    if (this.#at === WIPED) return
    this.#shelf.fill(0, this.#at, this.#at + KEY_LENGTH)
    this.#at = WIPED
  }

  toString(): string {
    return HIDDEN
  }

  toJSON(): string {
    return HIDDEN
  }

  /** Where the bytes are. */
  #readable(): number {
    if (this.#at === WIPED) throw invalid('key', 'the secret was wiped')
    return this.#at
  }

  static #read(input: KeyInput, path: string, target: Uint8Array, at: number): void {
    if (typeof input === 'object' && input !== null && #shelf in input) {
      const from = input.#readable()
      target.set(input.#shelf.subarray(from, from + KEY_LENGTH), at)
    } else if (input instanceof SecretKey) {
      const bytes = input.toBytes()
      readKey(bytes, path, target, at)
      bytes.fill(0)
    } else readKey(input, path, target, at)
  }

  /** @internal {@link writeKey} */
  static read(input: KeyInput, path: string, target: Uint8Array, at: number): void {
    SecretKey.#read(input, path, target, at)
  }
}

Object.defineProperty(SecretKey.prototype, brand, { value: true })

Object.defineProperty(SecretKey.prototype, inspect.custom, { value: () => `SecretKey ${HIDDEN}` })

/**
 * The 32 bytes of a key in any form, as a copy that the caller owns.
 *
 * @param path how the error names the field
 * @param bytes gets them; absent: memory of its own
 * @throws {TypeError} of another type
 * @throws {WireGuardError} `EINVAL` when it is not a key; the message never repeats the input
 */
export function keyBytes(
  input: KeyInput,
  path: string,
  bytes: Uint8Array = secretBytes(),
): Uint8Array {
  SecretKey.read(input, path, bytes, 0)
  return bytes
}

/** Writes the 32 bytes of a key from `at` on; see {@link keyBytes} for what it throws. */
export function writeKey(key: KeyInput, bytes: Uint8Array, at: number, path = 'publicKey'): void {
  SecretKey.read(key, path, bytes, at)
}

function readKey(input: string | Uint8Array, path: string, target: Uint8Array, at: number): void {
  if (typeof input === 'string') {
    if (decodeBase64Key(input, target, at)) return
    target.fill(0, at, at + KEY_LENGTH)
    throw invalid(path, 'not a key: expected 44 characters of base64 that hold 32 bytes')
  }
  if (!(input instanceof Uint8Array)) {
    throw new InvalidTypeError(
      path,
      isEmptied(input) ? EMPTIED : 'a key must be base64 text or 32 bytes',
    )
  }
  if (input.length !== KEY_LENGTH) {
    throw invalid(path, `not a key: expected 32 bytes, got ${input.length}`)
  }
  target.set(input, at)
}

/** What a structured clone leaves of a {@link SecretKey}. */
function isEmptied(input: unknown): boolean {
  return typeof input === 'object' && input !== null && Object.keys(input).length === 0
}

const EMPTIED =
  'no bytes are left of this key: a structured clone loses them, send toBytes() instead'

/**
 * Refuses what stands in the place of a secret and is none, such as a structured clone of one.
 *
 * @throws {TypeError} `EINVAL`; `path` names the field
 */
export function checkSecretKey(value: unknown, path: string): void {
  if (value === undefined || value instanceof SecretKey) return
  throw new InvalidTypeError(path, isEmptied(value) ? EMPTIED : 'must be a SecretKey')
}

/**
 * 32 zeros that stay where they are until they are let go of. An array of up to 64 bytes is otherwise part
 * of V8's heap, whose collector moves it and leaves the old bytes behind; a small `Buffer` is a part of
 * Node's pool, which others see.
 */
export function secretBytes(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new ArrayBuffer(KEY_LENGTH))
}

/** The same for what never leaves the library: its buffer holds other keys as well. */
export function sharedSecretBytes(): Uint8Array<ArrayBuffer> {
  const at = nextPlace()
  return new Uint8Array(shelf.buffer, at, KEY_LENGTH)
}

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** The six bits of each base64 character by its code; one more for every other character. */
const NO_BASE64 = 64
const SIX_BITS: Uint8Array = new Uint8Array(128).fill(NO_BASE64)
const EQUALS = 61
for (let value = 0; value < 64; value++) SIX_BITS[BASE64.charCodeAt(value)] = value

const codeAt = (text: string | Uint8Array, at: number): number =>
  typeof text === 'string' ? text.charCodeAt(at) : (text[at] as number)

const sixBits = (text: string | Uint8Array, at: number): number =>
  SIX_BITS[codeAt(text, at)] ?? NO_BASE64

/**
 * Decodes the canonical base64 text of a key: 44 characters, of which the last but one carries four bits
 * and two zeros. Any other ending would decode to the same bytes and make two texts of one key.
 *
 * @param bytes gets 32 of them from `start` on; half written when the text is no key
 * @returns whether it is
 */
function decodeBase64Key(text: string | Uint8Array, bytes: Uint8Array, start: number): boolean {
  if (text.length !== 44 || codeAt(text, 43) !== EQUALS) return false
  let bad = 0
  for (let at = 0, to = start; at < 44; at += 4, to += 3) {
    const a = sixBits(text, at)
    const b = sixBits(text, at + 1)
    const c = sixBits(text, at + 2)
    const d = at < 40 ? sixBits(text, at + 3) : 0
    bad |= a | b | c | d
    bytes[to] = (a << 2) | (b >> 4)
    bytes[to + 1] = (b << 4) | (c >> 2)
    if (at < 40) bytes[to + 2] = (c << 6) | d
    else if ((c & 3) !== 0) return false
  }
  return bad < NO_BASE64
}

/**
 * Writes the 32 bytes that the canonical text of a key stands for.
 *
 * @returns whether it is one; half written when it is none
 * @internal
 */
export function writeKeyText(text: string, bytes: Uint8Array, at: number): boolean {
  return decodeBase64Key(text, bytes, at)
}

/** True of the canonical text of the 32 bytes at `at`. Nothing is written down, and each takes as long as any other. */
function isBase64Of(text: string, bytes: Uint8Array, at: number): boolean {
  if (text.length !== 44 || text.charCodeAt(43) !== EQUALS) return false
  let difference = 0
  for (let from = at, to = 0; to < 44; from += 3, to += 4) {
    const a = sixBits(text, to)
    const b = sixBits(text, to + 1)
    const c = sixBits(text, to + 2)
    const d = to < 40 ? sixBits(text, to + 3) : 0
    const last = to < 40 ? (bytes[from + 2] as number) : 0
    const bits = ((bytes[from] as number) << 16) | ((bytes[from + 1] as number) << 8) | last
    difference |= ((a << 18) | (b << 12) | (c << 6) | d) ^ bits
    difference |= (a | b | c | d) & NO_BASE64
  }
  return difference === 0
}

/**
 * The base64 text of 32 bytes at `offset`.
 *
 * @throws {TypeError | WireGuardError} `EINVAL` when they are none, or not as many
 */
export function formatPublicKey(bytes: Uint8Array, offset = 0): PublicKey {
  if (Buffer.isBuffer(bytes)) return bytes.toString('base64', offset, offset + KEY_LENGTH)
  if (!(bytes instanceof Uint8Array)) throw new InvalidTypeError('bytes', 'must be a Uint8Array')
  if (bytes.length - offset < KEY_LENGTH) {
    throw invalid('bytes', `must be ${KEY_LENGTH}, got ${bytes.length - offset}`)
  }
  return Buffer.from(bytes.buffer, bytes.byteOffset + offset, KEY_LENGTH).toString('base64')
}

/** A public key in any form as canonical text; see {@link keyBytes} for what it throws. */
export function parsePublicKey(input: PublicKey | Uint8Array, path = 'publicKey'): PublicKey {
  if (typeof input === 'string' && BASE64_KEY.test(input)) return input
  if (input instanceof SecretKey) throw new InvalidTypeError(path, 'this is a secret key')
  return formatPublicKey(keyBytes(input, path))
}

/**
 * True of the text of a key: 44 characters of base64 that hold 32 bytes, not all of them zero. Nobody can see of a key
 * whether it is a public one.
 */
export function isPublicKey(text: unknown): text is PublicKey {
  return typeof text === 'string' && BASE64_KEY.test(text) && !/^A{43}=$/.test(text)
}

/** True when all 32 bytes are zero: on both wires that means "no key". */
export function isZeroKey(bytes: Uint8Array, start = 0, end: number = bytes.length): boolean {
  for (let at = start; at < end; at++) if (bytes[at] !== 0) return false
  return true
}

/**
 * A new private key, clamped as Curve25519 wants it (RFC 7748, section 5).
 *
 * @example
 * ```ts
 * const privateKey = generatePrivateKey()
 * console.log(publicKey(privateKey))
 * ```
 */
export function generatePrivateKey(): SecretKey {
  const bytes = randomBytes(KEY_LENGTH)
  bytes[0] = (bytes[0] as number) & 248
  bytes[31] = ((bytes[31] as number) & 127) | 64
  return takeSecret(bytes)
}

/** A new preshared key: 32 random bytes. */
export function generatePresharedKey(): SecretKey {
  return takeSecret(randomBytes(KEY_LENGTH))
}

function takeSecret(bytes: Uint8Array): SecretKey {
  const secret = SecretKey.from(bytes)
  bytes.fill(0)
  return secret
}

/** The DER of a PKCS #8 X25519 private key up to its 32 bytes (RFC 8410, section 7). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex')

/**
 * The public key that belongs to a private key.
 *
 * @throws {WireGuardError} `EINVAL` when it is not a key
 */
export function publicKey(privateKey: KeyInput): PublicKey {
  const own = createPublicKey(x25519PrivateKey(privateKey))
  const key = own.export({ format: 'der', type: 'spki' })
  return formatPublicKey(key, key.length - KEY_LENGTH)
}

/**
 * A private key for `node:crypto`.
 *
 * @param path how errors name it
 * @throws {TypeError | WireGuardError} `EINVAL` when it is no key
 * @internal
 */
export function x25519PrivateKey(privateKey: KeyInput, path = 'privateKey'): KeyObject {
  const bytes = keyBytes(privateKey, path)
  const key = Buffer.concat([PKCS8_PREFIX, bytes])
  try {
    return createPrivateKey({ key, format: 'der', type: 'pkcs8' })
  } finally {
    key.fill(0)
    bytes.fill(0)
  }
}

/**
 * A public key for `node:crypto`, of its 32 bytes. As a JWK (RFC 8037): OpenSSL takes eight times as long to find out
 * what a DER is.
 *
 * @internal
 */
export function x25519PublicKey(bytes: Uint8Array): KeyObject {
  const x = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64url')
  return createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x }, format: 'jwk' })
}
