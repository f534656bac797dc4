import {
  ATTRIBUTE_HEADER,
  elementEnd,
  malformed,
  NLA_F_NESTED,
  NLA_TYPE_MASK,
  readS32,
  readString,
  readU16,
  readU32,
  readU64,
  writeU32,
  writeU64,
} from '@wgctrl/netlink'
import { checkInteger, InvalidRangeError, InvalidTypeError } from '@wgctrl/types'
import type { AttributeSpec, Checks, IntegerType } from '../spec/model.js'
import { addressOfNumber, bytesOf, numberOfAddress, textForm } from './display-hint.js'
import { type Naming, naming } from './enumeration.js'
import type { FamilyCodec } from './family-codec.js'
import { checkedBig, integer } from './integer.js'
import type { Payload } from './payload.js'
import { propertyName } from './property-name.js'
import { checkedRecord } from './struct-codec.js'
import { subMessage } from './sub-message.js'

/** How the payload of an attribute is read and written, by its type. */
export function payloadOf(spec: AttributeSpec, family: FamilyCodec): Payload {
  switch (spec.type) {
    case 'uint':
    case 'sint':
      return checked(autoInteger(spec, namingOf(spec, family)), spec.checks)
    case 'bitfield32':
      return bitfield(namingOf(spec, family))
    case 'string':
      return text(spec.checks)
    case 'binary':
      return binary(spec, family)
    case 'flag':
      return FLAG
    case 'nest':
      return nest(spec.nested as string, family)
    case 'indexed-array':
      return indexedArray(spec, family)
    case 'nest-type-value':
      return nestTypeValue(spec, family)
    case 'sub-message':
      return subMessage(spec, family)
    case 'pad':
    case 'unused':
      throw new RangeError(`${spec.name} has no value`)
    default:
      return checked(number(spec, spec.type, namingOf(spec, family)), spec.checks)
  }
}

function namingOf({ enum: name, isFlags }: AttributeSpec, family: FamilyCodec): Naming | undefined {
  return name === undefined ? undefined : naming(family.definitions.enum(name), isFlags)
}

function number(spec: AttributeSpec, type: IntegerType, names: Naming | undefined): Payload {
  const { width, read, check, put } = integer(type, spec.byteOrder)
  const isAddress = spec.hint === 'ipv4' && width === 4
  const form: Naming | undefined = isAddress
    ? { decode: (value) => addressOfNumber(Number(value)), encode: numberOfAddress }
    : names
  return {
    least: width,
    decode: form ? (bytes, start) => form.decode(read(bytes, start)) : read,
    encode(value, writer, path) {
      const plain = check(form ? form.encode(value, path) : value, path)
      const at = writer.reserve(width)
      put(writer.bytes, at, plain)
    },
  }
}

/** An integer that takes four bytes where these do, and else eight: always a bigint. */
function autoInteger({ type }: AttributeSpec, names: Naming | undefined): Payload {
  const isSigned = type === 'sint'
  const read = (bytes: Uint8Array, start: number, end: number): bigint => {
    if (end - start === 4) return BigInt(isSigned ? readS32(bytes, start) : readU32(bytes, start))
    if (end - start !== 8) throw malformed(`a ${type} of ${end - start} bytes`, start)
    const value = readU64(bytes, start)
    return isSigned ? BigInt.asIntN(64, value) : value
  }
  return {
    least: 4,
    decode: names ? (bytes, start, end) => names.decode(read(bytes, start, end)) : read,
    encode(value, writer, path) {
      const big = checkedBig(names ? names.encode(value, path) : value, path, isSigned)
      const isShort = (isSigned ? BigInt.asIntN(32, big) : BigInt.asUintN(32, big)) === big
      const at = writer.reserve(isShort ? 4 : 8)
      if (isShort) writeU32(writer.bytes, at, Number(big))
      else writeU64(writer.bytes, at, big)
    },
  }
}

/** Refuses before it is sent what the spec says that the kernel refuses. */
function checked(payload: Payload, checks: Checks | undefined): Payload {
  const { min, max } = checks ?? {}
  if (min === undefined && max === undefined) return payload
  return {
    ...payload,
    encode(value, writer, path, scope) {
      const isNumber = typeof value === 'number' || typeof value === 'bigint'
      if (isNumber && ((min !== undefined && value < min) || (max !== undefined && value > max))) {
        throw new InvalidRangeError(path, `must be ${rangeText(min, max)}, got ${value}`)
      }
      payload.encode(value, writer, path, scope)
    },
  }
}

function rangeText(min: number | undefined, max: number | undefined): string {
  if (min === undefined) return `at most ${max}`
  return max === undefined ? `at least ${min}` : `from ${min} to ${max}`
}

function checkLength(length: number, checks: Checks | undefined, path: string): void {
  const { exactLength, minLength = exactLength, maxLength = exactLength } = checks ?? {}
  const isShort = minLength !== undefined && length < minLength
  if (!isShort && (maxLength === undefined || length <= maxLength)) return
  const allowed =
    minLength === maxLength ? `${minLength} bytes` : `${rangeText(minLength, maxLength)} bytes`
  throw new InvalidRangeError(path, `must be ${allowed}, got ${length}`)
}

/** Bits that are given, and which of all are meant. */
function bitfield(names: Naming | undefined): Payload {
  const word = integer('u32')
  const read = (bytes: Uint8Array, at: number): unknown => {
    const value = readU32(bytes, at)
    return names ? names.decode(value) : value
  }
  return {
    least: 8,
    decode: (bytes, start) => ({ value: read(bytes, start), selector: read(bytes, start + 4) }),
    encode(value, writer, path) {
      const record = checkedRecord(value, path)
      for (const key of ['value', 'selector']) {
        const given = record[key]
        const here = `${path}.${key}`
        const plain = word.check(names ? names.encode(given, here) : given, here)
        const at = writer.reserve(4)
        word.put(writer.bytes, at, plain)
      }
    },
  }
}

const utf8 = new TextEncoder()

function text(checks: Checks | undefined): Payload {
  return {
    least: 0,
    decode: readString,
    encode(value, writer, path) {
      if (typeof value !== 'string') throw new InvalidTypeError(path, 'must be a string')
      if (value.includes('\0')) throw new InvalidRangeError(path, 'must not have a NUL')
      const bytes = utf8.encode(value)
      checkLength(bytes.length, checks, path)
      writer.raw(bytes)
      writer.reserve(1)
    },
  }
}

const FLAG: Payload = {
  least: 0,
  decode: () => true,
  encode(value, _, path) {
    if (value !== true) throw new InvalidTypeError(path, 'must be true or false')
  },
}

function binary(spec: AttributeSpec, family: FamilyCodec): Payload {
  if (spec.struct !== undefined) return structOf(spec.struct, family)
  if (spec.subType !== undefined && spec.subType !== 'binary' && spec.subType !== 'nest') {
    return array(spec, spec.subType, family)
  }
  const form = textForm(spec.hint)
  return {
    least: 0,
    decode: form
      ? (bytes, start, end) => form.format(bytes, start, end) ?? copy(bytes, start, end)
      : copy,
    encode(value, writer, path) {
      const bytes = bytesOf(value, form, path)
      checkLength(bytes.length, spec.checks, path)
      writer.raw(bytes)
    },
  }
}

const copy = (bytes: Uint8Array, start: number, end: number): Uint8Array =>
  new Uint8Array(bytes.subarray(start, end))

function structOf(name: string, family: FamilyCodec): Payload {
  const codec = family.definitions.struct(name)
  return {
    least: 0,
    decode: (bytes, start, end) => codec.decode(bytes, start, end),
    encode(value, writer, path) {
      if (value instanceof Uint8Array) writer.raw(value)
      else codec.encodeAlone(value, writer, path)
    },
  }
}

/** Integers one after the other, without headers of their own. */
function array(spec: AttributeSpec, type: IntegerType, family: FamilyCodec): Payload {
  const element = number(spec, type, namingOf(spec, family))
  const width = element.least
  return {
    least: 0,
    decode(bytes, start, end, scope) {
      const items: unknown[] = []
      for (let o = start; o + width <= end; o += width) {
        items.push(element.decode(bytes, o, o + width, scope))
      }
      return items
    },
    encode(value, writer, path, scope) {
      checkedList(value, path).forEach((item, at) => {
        element.encode(item, writer, `${path}[${at}]`, scope)
      })
    },
  }
}

function checkedList(value: unknown, path: string): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw new InvalidTypeError(path, 'must be an array')
}

function nest(name: string, family: FamilyCodec): Payload {
  const set = family.set(name)
  return {
    least: 0,
    isNest: true,
    inner: set,
    decode: (bytes, start, end, scope) => set.decodeNest(bytes, start, end, scope),
    encode(value, writer, path, scope) {
      set.encode(checkedRecord(value, path), writer, path, scope)
    },
  }
}

/** A nest of elements whose types are an index, which counts from 0 or 1 and is no part of the value. */
function indexedArray(spec: AttributeSpec, family: FamilyCodec): Payload {
  const element = elementOf(spec, family)
  return {
    least: 0,
    isNest: true,
    decode(bytes, start, end, scope) {
      const items: unknown[] = []
      for (let o = start; o < end; ) {
        const stop = elementEnd(bytes, o, end)
        const payload = o + ATTRIBUTE_HEADER
        if (stop - payload < element.least) {
          throw malformed(`${spec.name}: an element of ${stop - payload} bytes`, o)
        }
        items.push(element.decode(bytes, payload, stop, scope))
        o += (stop - o + 3) & ~3
      }
      return items
    },
    encode(value, writer, path, scope) {
      checkedList(value, path).forEach((item, at) => {
        const start = writer.openAttribute(element.isNest ? at | NLA_F_NESTED : at)
        element.encode(item, writer, `${path}[${at}]`, scope)
        writer.closeAttribute(start)
      })
    },
  }
}

function elementOf(spec: AttributeSpec, family: FamilyCodec): Payload {
  const { subType = 'binary' } = spec
  if (subType === 'nest') return nest(spec.nested as string, family)
  const { subType: _, ...rest } = spec
  return payloadOf({ ...rest, type: subType }, family)
}

/** Nests of which each holds the next alone: their types are numbers of the value, beside the attributes inside. */
function nestTypeValue(spec: AttributeSpec, family: FamilyCodec): Payload {
  const set = family.set(spec.nested as string)
  const keys = (spec.typeValue ?? []).map(propertyName)
  return {
    least: 0,
    isNest: true,
    decode(bytes, start, end, scope) {
      const record: Record<string, unknown> = {}
      let [from, to] = [start, end]
      for (const key of keys) {
        const stop = elementEnd(bytes, from, to)
        record[key] = readU16(bytes, from + 2) & NLA_TYPE_MASK
        from += ATTRIBUTE_HEADER
        to = stop
      }
      set.decodeInto(record, bytes, from, to, scope)
      return record
    },
    encode(value, writer, path, scope) {
      const record = checkedRecord(value, path)
      const starts = keys.map((key) => {
        checkInteger(record[key], `${path}.${key}`, 0, NLA_TYPE_MASK)
        return writer.openAttribute((record[key] as number) | NLA_F_NESTED)
      })
      set.encode(record, writer, path, scope, keys)
      for (const start of starts.reverse()) writer.closeAttribute(start)
    },
  }
}
