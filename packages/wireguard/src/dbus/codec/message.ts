import { broken, WireReader, type WireValue } from './wire-reader.js'
import { WireWriter } from './wire-writer.js'

/** What is called, and with what. */
export interface MethodCall {
  /** The name of the service. */
  readonly destination: string
  /** Of the object. */
  readonly path: string
  readonly interface: string
  readonly member: string
  /** What `write` writes. Absent: the method takes nothing. */
  readonly signature?: string
  readonly write?: (body: WireWriter) => void
}

/** @source D-Bus Specification, "Message Types" */
export const MESSAGE = { call: 1, reply: 2, error: 3, signal: 4 } as const

export interface Message {
  readonly type: number
  /** The serial of the call that it answers; 0: of none. */
  readonly replySerial: number
  /** Of an error. */
  readonly errorName: string
  readonly body: readonly WireValue[]
}

/** @source D-Bus Specification, "Header Fields" */
const FIELD = {
  path: 1,
  interface: 2,
  member: 3,
  errorName: 4,
  replySerial: 5,
  destination: 6,
  signature: 8,
}

const HEADER_BYTES = 16
const LITTLE = 'l'.charCodeAt(0)
const BIG = 'B'.charCodeAt(0)
const VERSION = 1

/** What is asked for here is answered in a few hundred bytes. */
const MOST_BYTES = 256 * 1024

export function encodeCall(call: MethodCall, serial: number): Uint8Array {
  const body = new WireWriter()
  call.write?.(body)
  const bodyBytes = body.finish()
  const fields: [number, string, string][] = [
    [FIELD.path, 'o', call.path],
    [FIELD.member, 's', call.member],
    [FIELD.interface, 's', call.interface],
    [FIELD.destination, 's', call.destination],
  ]
  if (call.signature !== undefined) fields.push([FIELD.signature, 'g', call.signature])
  const header = new WireWriter()
  header.bytes([LITTLE, MESSAGE.call, 0, VERSION]).uint32(bodyBytes.length).uint32(serial)
  header.array(8, fields, ([field, type, value]) => {
    header.byte(field).signature(type)
    if (type === 'g') header.signature(value)
    else header.string(value)
  })
  return header.align(8).bytes(bodyBytes).finish()
}

/** Messages of a stream, wherever its chunks are cut. */
export class MessageReader {
  #rest = new Uint8Array(0);

  /** Each as soon as it is there: what stands before a fault is not lost. @throws {WireGuardError} `EPROTO` */
  *push(chunk: Uint8Array): Generator<Message> {
    const bytes = new Uint8Array(this.#rest.length + chunk.length)
    bytes.set(this.#rest)
    bytes.set(chunk, this.#rest.length)
    let at = 0
    for (;;) {
      const length = lengthOf(bytes.subarray(at))
      if (length === undefined || bytes.length - at < length) break
      yield decode(bytes.subarray(at, at + length))
      at += length
    }
    this.#rest = bytes.slice(at)
  }
}

/** `undefined`: not enough of it is there to tell. */
function lengthOf(bytes: Uint8Array): number | undefined {
  if (bytes.length < HEADER_BYTES) return undefined
  const order = bytes[0]
  if ((order !== LITTLE && order !== BIG) || bytes[3] !== VERSION) throw broken('no message')
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES)
  const length = padded(view.getUint32(12, order === LITTLE)) + view.getUint32(4, order === LITTLE)
  if (length > MOST_BYTES - HEADER_BYTES) throw broken('a message that is too long')
  return HEADER_BYTES + length
}

function decode(bytes: Uint8Array): Message {
  const isLittle = bytes[0] === LITTLE
  const [fields = []] = new WireReader(bytes, isLittle, 12).read('a(yv)')
  const found = new Map(fields as [number, WireValue][])
  const textOf = (field: number): string => {
    const value = found.get(field) ?? ''
    if (typeof value !== 'string') throw broken('a header with a field of another type')
    return value
  }
  const replySerial = found.get(FIELD.replySerial) ?? 0
  if (typeof replySerial !== 'number') throw broken('an answer to nothing')
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES)
  const body = bytes.subarray(bytes.length - view.getUint32(4, isLittle))
  return {
    type: bytes[1] ?? 0,
    replySerial,
    errorName: textOf(FIELD.errorName),
    body: new WireReader(body, isLittle).read(textOf(FIELD.signature)),
  }
}

const padded = (length: number): number => Math.ceil(length / 8) * 8
