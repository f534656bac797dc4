import { Decoder, Encoder, ExtData } from '@msgpack/msgpack'
import { invalid, KEY_LENGTH, SecretKey, secretBytes, WireGuardError } from '@wgctrl/types'
import { brokenProtocol, countValues } from './encoding.js'
import { fromTravellingError, toTravellingError } from './error-record.js'
import { REMOTE_LIMITS } from './limits.js'

/** The types that MessagePack does not have. A number here is part of the protocol. */
const [SECRET, BYTES, DATE, BIGINT, ERROR, LIST, FUNCTION, SIGNAL] = [0, 1, 2, 3, 4, 5, 6, 7]

/** Lists up to here travel where they stand. */
const INLINE = 64

/** What is met while a value is written. */
export interface WritingContext {
  /** `false`: private and preshared keys are left out, wherever they stand. */
  readonly secrets: boolean
  /** Takes a list that is too long to stand in a frame; the number by which its pieces name it. */
  listId(items: readonly unknown[]): number
  /** The number by which the other side calls a function. Absent: functions do not travel. */
  functionId?(callback: (...args: never[]) => unknown): number
  /** The number by which the other side hears of a signal. Absent: signals do not travel. */
  signalId?(signal: AbortSignal): number
}

/** What is met while a value is read. */
export interface ReadingContext {
  /** Gets what has to be wiped when the value is not needed any more. */
  readonly secrets: (SecretKey | Uint8Array)[]
  /** A list whose items come in pieces. */
  openList(id: number, length: number): unknown[]
  /** Absent: nobody sends functions here. */
  functionOf?(id: number, name: string): (...args: unknown[]) => unknown
  signalOf?(id: number): AbortSignal
}

/** Room for every frame: an encoder that needs more leaves what it had written behind, secrets included. */
const ROOM = 2 * REMOTE_LIMITS.frame

let writing: WritingContext | undefined
let reading: ReadingContext | undefined
let causes = 0

/** @throws {WireGuardError} `EINVAL` when the value cannot travel */
export function writeValue(value: unknown, context: WritingContext): Uint8Array {
  writing = context
  try {
    const written = encoder().encodeSharedRef(value)
    if (written.length > REMOTE_LIMITS.frame) {
      const problem = `${written.length} bytes in one piece; ${REMOTE_LIMITS.frame} can travel`
      throw invalid('value', problem)
    }
    // Of its own memory, which can be wiped when it was sent.
    const bytes = Buffer.allocUnsafeSlow(written.length)
    bytes.set(written)
    written.fill(0)
    return bytes
  } catch (error) {
    if (error instanceof WireGuardError) throw error
    throw invalid('value', `this cannot travel: ${(error as Error).message}`)
  } finally {
    SCRATCH.fill(0)
    writing = undefined
  }
}

/**
 * @param bytes may be wiped afterwards: nothing of the value is a part of it
 * @returns the value, and how much it is worth in memory
 * @throws {WireGuardError} `EPROTO`
 */
export function readValue(
  bytes: Uint8Array,
  context: ReadingContext,
): { readonly value: unknown; readonly weight: number } {
  const weight = bytes.length + countValues(bytes) * REMOTE_LIMITS.valueBytes
  reading = context
  causes = 0
  try {
    return { value: decoder().decode(bytes), weight }
  } catch (error) {
    if (error instanceof WireGuardError) throw error
    throw brokenProtocol(`this is no value: ${(error as Error).message}`)
  } finally {
    reading = undefined
  }
}

const extensions = { tryToEncode: extensionOf, decode: fromExtension }
const OPTIONS = {
  extensionCodec: extensions,
  ignoreUndefined: true,
  maxDepth: REMOTE_LIMITS.depth,
}

let theEncoder: Encoder | undefined
const encoder = (): Encoder => {
  theEncoder ??= new Encoder({ ...OPTIONS, initialBufferSize: ROOM })
  return theEncoder
}

let theDecoder: Decoder | undefined
const decoder = (): Decoder => {
  theDecoder ??= new Decoder({ extensionCodec: extensions })
  return theDecoder
}

const LONGEST_BIGINT = 100
const LONGEST_NAME = 64

/** Functions, and objects that are more than their fields. */
function extensionOf(value: unknown): ExtData | null {
  if (Array.isArray(value)) return value.length > INLINE ? longList(value) : null
  if (typeof value === 'bigint') return bigintOf(value)
  if (typeof value === 'function') return functionFor(value as (...args: never[]) => unknown)
  if (value instanceof SecretKey) return secretOf(value)
  if (value instanceof Uint8Array) return new ExtData(BYTES, value)
  if (value instanceof Date) return dateOf(value)
  if (value instanceof Error) return errorOf(value)
  if (value instanceof AbortSignal) return numbered(SIGNAL, signalId(value))
  return null
}

function longList(items: readonly unknown[]): ExtData {
  const id = (writing as WritingContext).listId(items)
  const data = new Uint8Array(8)
  const view = new DataView(data.buffer)
  view.setUint32(0, id)
  view.setUint32(4, items.length)
  return new ExtData(LIST, data)
}

function numbered(type: number, id: number): ExtData {
  const data = new Uint8Array(4)
  new DataView(data.buffer).setUint32(0, id)
  return new ExtData(type, data)
}

/** With its name, which steps are called by. */
function functionFor(callback: (...args: never[]) => unknown): ExtData {
  if (!writing?.functionId) throw new Error('a function')
  const { data: id } = numbered(FUNCTION, writing.functionId(callback))
  const name = Buffer.from(callback.name.slice(0, LONGEST_NAME))
  return new ExtData(FUNCTION, Buffer.concat([id as Uint8Array, name]))
}

function signalId(signal: AbortSignal): number {
  if (!writing?.signalId) throw new Error('a signal')
  return writing.signalId(signal)
}

/** Holds a key until the encoder has it, which is before it has the next one; wiped with the value's end. */
const SCRATCH = secretBytes()
const NO_SECRET = new Uint8Array(0)

/** One that may not travel is an empty one, which the other side takes for none. */
function secretOf(key: SecretKey): ExtData {
  if (!writing?.secrets) return new ExtData(SECRET, NO_SECRET)
  const bytes = key.toBytes()
  SCRATCH.set(bytes)
  bytes.fill(0)
  return new ExtData(SECRET, SCRATCH)
}

function dateOf(date: Date): ExtData {
  const data = new Uint8Array(8)
  new DataView(data.buffer).setFloat64(0, date.getTime())
  return new ExtData(DATE, data)
}

function bigintOf(value: bigint): ExtData {
  const text = value.toString()
  if (text.length > LONGEST_BIGINT) throw new Error('a bigint of so many digits')
  return new ExtData(BIGINT, Buffer.from(text, 'latin1'))
}

/** An encoder of its own: that of the value is at work, and has room for more than errors need. */
function errorOf(error: Error): ExtData {
  if (++causes > REMOTE_LIMITS.causes) {
    causes--
    return new ExtData(ERROR, new Encoder().encode({ kind: error.name, message: error.message }))
  }
  try {
    return new ExtData(ERROR, new Encoder(OPTIONS).encode(toTravellingError(error)))
  } finally {
    causes--
  }
}

function fromExtension(data: Uint8Array, type: number): unknown {
  const context = reading as ReadingContext
  switch (type) {
    case SECRET:
      return readSecret(data, context)
    case BYTES:
      return readBytes(data, context)
    case DATE:
      return new Date(view(data, 8).getFloat64(0))
    case BIGINT:
      return readBigint(data)
    case ERROR:
      return readError(data)
    case LIST: {
      const numbers = view(data, 8)
      return context.openList(numbers.getUint32(0), numbers.getUint32(4))
    }
    case FUNCTION:
      return readFunction(data, context)
    case SIGNAL:
      if (!context.signalOf) throw brokenProtocol('a signal where none can be')
      return context.signalOf(view(data, 4).getUint32(0))
    default:
      throw brokenProtocol(`a value of a type ${type} that is not known`)
  }
}

function view(data: Uint8Array, length: number): DataView {
  if (data.length !== length) throw brokenProtocol('a value of another length than its type has')
  return new DataView(data.buffer, data.byteOffset, length)
}

function readSecret(data: Uint8Array, { secrets }: ReadingContext): SecretKey | undefined {
  if (data.length === 0) return undefined
  view(data, KEY_LENGTH)
  const key = SecretKey.from(data)
  secrets.push(key)
  return key
}

/** In memory that the collector does not move: it may be a key. */
function readBytes(data: Uint8Array, { secrets }: ReadingContext): Uint8Array {
  const bytes = new Uint8Array(new ArrayBuffer(data.length))
  bytes.set(data)
  secrets.push(bytes)
  return bytes
}

function readFunction(data: Uint8Array, { functionOf }: ReadingContext): unknown {
  if (!functionOf) throw brokenProtocol('a function where none can be')
  const id = view(data.subarray(0, 4), 4).getUint32(0)
  return functionOf(id, Buffer.from(data.subarray(4, 4 + 4 * LONGEST_NAME)).toString())
}

function readBigint(data: Uint8Array): bigint {
  const text = Buffer.from(data).toString('latin1')
  if (text.length > LONGEST_BIGINT || !/^-?\d+$/.test(text)) throw brokenProtocol('no bigint')
  return BigInt(text)
}

function readError(data: Uint8Array): Error {
  if (++causes > REMOTE_LIMITS.causes) throw brokenProtocol('errors nest too deep')
  try {
    countValues(data)
    return fromTravellingError(decoder().decode(data))
  } finally {
    causes--
  }
}
