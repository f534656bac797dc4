import { NetlinkError } from '@wgctrl/netlink'
import {
  AbortError,
  type ErrorDetails,
  InvalidRangeError,
  InvalidTypeError,
  WireGuardError,
} from '@wgctrl/types'
import { ConfigFileError } from '../config-file/problem.js'
import { ProgramError } from '../interface/program.js'
import { StepError } from '../interface/transaction.js'

/** An error as plain data that travels. `fields` are its own, besides those that every error has. */
export interface TravellingError {
  readonly kind: string
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
  readonly cause?: unknown
}

/** Errors that are made as a `WireGuardError` and are more. */
const CLASSES: Readonly<Record<string, { readonly prototype: WireGuardError }>> = {
  WireGuardError,
  NetlinkError,
  StepError,
  ProgramError,
  ConfigFileError,
}

/** What a field of an error can be; others are left behind. */
const isPlain = (value: unknown): boolean =>
  value === null || ['string', 'number', 'boolean', 'undefined'].includes(typeof value)

export function toTravellingError(error: Error): TravellingError {
  const { message, cause } = error
  const fields: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(error)) {
    if (name !== 'name' && name !== 'message' && name !== 'cause' && value !== undefined)
      fields[name] = travelling(value)
  }
  return {
    kind: kindOf(error),
    message,
    fields,
    ...(cause !== undefined && { cause: travelling(cause) }),
  }
}

function kindOf(error: Error): string {
  const ours = Object.keys(CLASSES).find((name) => name === error.name)
  if (ours !== undefined && error instanceof WireGuardError) return ours
  if (error instanceof InvalidTypeError) return 'InvalidTypeError'
  if (error instanceof InvalidRangeError) return 'InvalidRangeError'
  return error.name
}

/** A secret in an error is nobody's wish: only what is plain, errors and lists and objects of them go along. */
function travelling(value: unknown, depth = 0): unknown {
  if (isPlain(value) || value instanceof Error) return value
  if (depth > 3 || typeof value !== 'object' || value === null) return String(value)
  if (Array.isArray(value)) return value.slice(0, 1000).map((each) => travelling(each, depth + 1))
  if (Object.getPrototypeOf(value) !== Object.prototype) return String(value)
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, travelling(each, depth + 1)]),
  )
}

/** The error that {@link toTravellingError} was told of. What is no such record becomes an error that says so. */
export function fromTravellingError(record: unknown): Error {
  const { kind, message, fields = {}, cause } = (record ?? {}) as Partial<TravellingError>
  const text = typeof message === 'string' ? message : 'an error that cannot be read'
  const own = typeof fields === 'object' && fields !== null ? fields : {}
  const error = madeAs(String(kind), text, own, cause)
  for (const [name, value] of Object.entries(own)) {
    if (Object.hasOwn(error, name) || FORBIDDEN.has(name)) continue
    Object.defineProperty(error, name, { value, enumerable: true, configurable: true })
  }
  return error
}

/** Fields that mean something to the platform. */
const FORBIDDEN = new Set(['stack', 'constructor', 'toString', 'toJSON', 'then', 'cause'])

function madeAs(
  kind: string,
  message: string,
  fields: Readonly<Record<string, unknown>>,
  cause: unknown,
): Error {
  const { code, path } = fields
  if (Object.hasOwn(CLASSES, kind)) return ourError(kind, message, fields, cause)
  if (kind === 'InvalidTypeError' || kind === 'InvalidRangeError') {
    const made = kind === 'InvalidTypeError' ? InvalidTypeError : InvalidRangeError
    const at = typeof path === 'string' ? path : ''
    return new made(at, message.startsWith(`${at}: `) ? message.slice(at.length + 2) : message)
  }
  if (kind === 'AbortError' && code === 'ABORT_ERR') return new AbortError(cause)
  const plain = { TypeError, RangeError, SyntaxError }[kind] ?? Error
  const error = new plain(message, cause === undefined ? undefined : { cause })
  if (error.name !== kind) Object.defineProperty(error, 'name', { value: kind })
  return error
}

function ourError(
  kind: string,
  message: string,
  fields: Readonly<Record<string, unknown>>,
  cause: unknown,
): WireGuardError {
  const code = typeof fields.code === 'string' ? fields.code : 'EPROTO'
  const details = { ...fields, code, ...(cause !== undefined && { cause }) } as ErrorDetails
  const error = new WireGuardError(message, details)
  const proper = CLASSES[kind]?.prototype
  if (proper) Object.setPrototypeOf(error, proper)
  if (kind !== 'WireGuardError') {
    const shown = { value: kind, enumerable: true, configurable: true, writable: true }
    Object.defineProperty(error, 'name', shown)
  }
  return error
}
