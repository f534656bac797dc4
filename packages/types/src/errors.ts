import { showable } from './showable.js'

/** Marks our errors across copies of this package (two versions, ESM beside CJS). */
const brand: unique symbol = Symbol.for('wgctrl.error') as never
const abortBrand: unique symbol = Symbol.for('wgctrl.abort') as never

const bears = (value: unknown, mark: symbol): boolean =>
  typeof value === 'object' && value !== null && mark in value

/**
 * The reasons a call can fail, the same on every backend. The code is the API; messages may change.
 *
 * - `ENODEV`: no such device
 * - `ENOTWIREGUARD`: the interface exists but is of another kind
 * - `EPERM`: the process may not do this (CAP_NET_ADMIN, or the socket's file mode)
 * - `EINVAL`: the input is wrong; `path` names the field
 * - `EUNSUPPORTED`: this backend cannot do it; `feature` names what
 * - `ENOBACKEND`: nothing on this machine speaks WireGuard
 * - `EADDRINUSE`: the listen port is taken
 * - `EEXIST`: a device of that name exists already
 * - `ENOENT`: no such network namespace
 * - `EINTR`: the device changed during every attempt to read it
 * - `EPROTO`: the other side broke the protocol; `offset` or `line` says where
 * - `ETIMEDOUT`: the device did not answer in time
 * - `ECONNREFUSED`: a UAPI socket that nobody listens on any more
 * - `EAFNOSUPPORT`: IPv6 is switched off where an address or route of it was to be set
 * - `ECLOSED`: the client or backend was closed, before the call or while it read
 *
 * Any other errno name of the system passes through unchanged.
 */
export type ErrorCode =
  | 'ENODEV'
  | 'ENOTWIREGUARD'
  | 'EPERM'
  | 'EINVAL'
  | 'EUNSUPPORTED'
  | 'ENOBACKEND'
  | 'EADDRINUSE'
  | 'EEXIST'
  | 'ENOENT'
  | 'EINTR'
  | 'EPROTO'
  | 'ETIMEDOUT'
  | 'ECONNREFUSED'
  | 'EAFNOSUPPORT'
  | 'ECLOSED'
  | (string & {})

/** What the kernel adds to an errno when NETLINK_EXT_ACK is on. */
export interface ExtendedAck {
  /** The kernel's own words. */
  readonly message?: string
  /** Byte offset of the offending attribute in the request. */
  readonly offset?: number
  /** The offending attribute by name, such as `wgdevice.peers[3].allowedips[0].cidr-mask`. */
  readonly path?: string
  /** What the kernel takes there: `0 to 128`, `32 bytes`, `bits 0x7`. Absent: it does not say. */
  readonly allowed?: string
  /** The attribute that the kernel missed, by name. */
  readonly missing?: string
}

export interface ErrorDetails {
  readonly code: ErrorCode
  /** The call that failed: `device`, `configure`, `create`, … */
  readonly operation?: string | undefined
  readonly device?: string | undefined
  /** The kind of the backend: `linux-kernel` or `userspace`. */
  readonly backend?: string | undefined
  /** The field of the input that is wrong, such as `peers[3].allowedIPs[0]`. */
  readonly path?: string | undefined
  /** With `EUNSUPPORTED`: what is not supported. */
  readonly feature?: string | undefined
  /** The system's error number, positive. */
  readonly errno?: number | undefined
  readonly extendedAck?: ExtendedAck | undefined
  /** With `EPROTO`: byte offset into what was received. */
  readonly offset?: number | undefined
  /** With `EPROTO` on a text protocol: line number, from 1. */
  readonly line?: number | undefined
  /** A write that failed half way: how many entries of `peers` had been applied. */
  readonly appliedPeers?: number | undefined
  /**
   * A listen port was refused, and the one that the device had before could not be given back to it: it has no
   * port, and receives nothing until it is given one. Userspace only.
   */
  readonly lostPort?: number | undefined
  readonly cause?: unknown
}

const detailNames = [
  'operation',
  'device',
  'backend',
  'path',
  'feature',
  'errno',
  'extendedAck',
  'offset',
  'line',
  'appliedPeers',
  'lostPort',
] as const satisfies readonly (keyof ErrorDetails)[]

/**
 * Everything that wgctrl throws, except for an aborted call ({@link AbortError}). Also true of the
 * `TypeError` and `RangeError` that bad input gives: those are `instanceof WireGuardError` as well,
 * with `code` `EINVAL` and a `path`.
 *
 * @example
 * ```ts
 * try {
 *   await wg.device('wg0')
 * } catch (error) {
 *   if (error instanceof WireGuardError && error.code === 'ENODEV') console.log('no wg0 here')
 *   else throw error
 * }
 * ```
 */
export class WireGuardError extends Error implements ErrorDetails {
  override readonly name: string = 'WireGuardError'
  readonly code: ErrorCode
  declare readonly operation?: string
  declare readonly device?: string
  declare readonly backend?: string
  declare readonly path?: string
  declare readonly feature?: string
  declare readonly errno?: number
  declare readonly extendedAck?: ExtendedAck
  declare readonly offset?: number
  declare readonly line?: number
  declare readonly appliedPeers?: number
  declare readonly lostPort?: number

  constructor(message: string, details: ErrorDetails) {
    if (typeof details !== 'object' || details === null) {
      throw new InvalidTypeError(
        'details',
        "must be an object with a code, such as { code: 'EPERM' }",
      )
    }
    super(message, 'cause' in details ? { cause: details.cause } : undefined)
    this.code = details.code
    for (const name of detailNames) {
      if (details[name] !== undefined) Object.assign(this, { [name]: details[name] })
    }
    markAsOurs(this)
  }

  /** The error as plain data; see {@link ErrorRecord}. */
  toJSON(): ErrorRecord {
    return errorRecord(this)
  }

  /** True of an error made by any copy of this package. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // A subclass inherits this method; of an instance of itself only the prototype chain can tell.
    // biome-ignore lint/complexity/noThisInStatic: it may be the subclass
    const isSubclass = !Object.hasOwn(this, Symbol.hasInstance)
    // biome-ignore lint/complexity/noThisInStatic: it is the subclass
    if (isSubclass) return Function.prototype[Symbol.hasInstance].call(this, value)
    return bears(value, brand)
  }
}

/** Name and message are data like the other fields: who spreads an error wants them most. */
function markAsOurs(error: Error): void {
  Object.defineProperty(error, brand, { value: true })
  showAsData(error)
}

const AS_DATA = { enumerable: true, configurable: true, writable: true }

function showAsData(error: Error): void {
  const { name, message } = error
  for (const [field, value] of Object.entries({ name, message })) {
    Object.defineProperty(error, field, { ...AS_DATA, value })
  }
}

/**
 * An error as plain data: what `JSON.stringify` makes of it, and what goes through a structured clone whole.
 * Of an error itself the platform clones nothing but message, stack and cause. The stack stays here.
 */
export interface ErrorRecord extends Omit<ErrorDetails, 'code'> {
  readonly name: string
  readonly message: string
  readonly code?: string
  /** The same of the error below it. */
  readonly cause?: unknown
}

function errorRecord(error: Error): ErrorRecord {
  const { name, message, cause } = error
  const fields = Object.entries(error).map(([field, value]) => [field, asData(value)])
  const record = { name, message, ...Object.fromEntries(fields) }
  return cause === undefined ? record : { ...record, cause: asData(cause) }
}

/** Errors are within errors: a cause, what else failed. */
function asData(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asData)
  return value instanceof Error ? errorRecord(value) : value
}

/** Input of the wrong JavaScript type. */
export class InvalidTypeError extends TypeError {
  readonly code = 'EINVAL'
  readonly path: string

  constructor(path: string, problem: string) {
    super(`${path}: ${problem}`)
    this.path = path
    markAsOurs(this)
  }

  /** The error as plain data; see {@link ErrorRecord}. */
  toJSON(): ErrorRecord {
    return errorRecord(this)
  }

  /** True of an error made by any copy of this package. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return bears(value, brand) && value instanceof TypeError
  }
}

/** A number outside the range that the wire can carry. */
export class InvalidRangeError extends RangeError {
  readonly code = 'EINVAL'
  readonly path: string

  constructor(path: string, problem: string) {
    super(`${path}: ${problem}`)
    this.path = path
    markAsOurs(this)
  }

  /** The error as plain data; see {@link ErrorRecord}. */
  toJSON(): ErrorRecord {
    return errorRecord(this)
  }

  /** True of an error made by any copy of this package. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return bears(value, brand) && value instanceof RangeError
  }
}

/** Input of the right type that says something impossible. */
export function invalid(path: string, problem: string): WireGuardError {
  return new WireGuardError(`${path}: ${problem}`, { code: 'EINVAL', path })
}

/** The backend cannot do what was asked. */
export function unsupported(feature: string, problem: string): WireGuardError {
  return new WireGuardError(problem, { code: 'EUNSUPPORTED', feature })
}

/** A call on what was closed before. @param what such as `client`, `backend` */
export function closed(what: string): WireGuardError {
  return new WireGuardError(`the ${what} was closed`, { code: 'ECLOSED' })
}

/** A call that its `signal` ended. Same `name` and `code` as Node's own. */
export class AbortError extends Error {
  override readonly name = 'AbortError'
  readonly code = 'ABORT_ERR'

  /** @param reason the signal's `reason`; it becomes the `cause` */
  constructor(reason?: unknown) {
    super('The operation was aborted', reason === undefined ? undefined : { cause: reason })
    Object.defineProperty(this, abortBrand, { value: true })
    showAsData(this)
  }

  /** The error as plain data; see {@link ErrorRecord}. */
  toJSON(): ErrorRecord {
    return errorRecord(this)
  }

  /** True of an error made by any copy of this package. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return bears(value, abortBrand)
  }
}

/** The part of the details that only the caller of a lower layer knows. */
export interface ErrorContext {
  readonly operation: string
  readonly device?: string
  readonly backend?: string
  readonly appliedPeers?: number
}

/**
 * Says where an error happened. Ours are thrown anew with the context in message and fields, the
 * system's (those of `node:fs`, `node:net`) become a {@link WireGuardError} with the same code.
 * Mistakes of type and range, aborts and bugs pass unchanged: they are the caller's.
 */
export function inContext(error: unknown, given: ErrorContext): unknown {
  // Whatever was given for a name is repeated, be it no text at all; a key is not.
  const { device } = given
  const context = typeof device === 'string' ? { ...given, device: showable(device) } : given
  if (error instanceof InvalidTypeError || error instanceof InvalidRangeError) return error
  const where = [context.operation, context.device].filter(Boolean).join(' ')
  if (error instanceof WireGuardError) {
    if (error.operation !== undefined) return error
    const details = { ...pickDetails(error), ...context, code: error.code, cause: error }
    return new WireGuardError(`${where}: ${error.message}`, details)
  }
  if (!isSystemError(error)) return error
  const code = error.code === 'EACCES' ? 'EPERM' : error.code
  const errno = error.errno === undefined ? undefined : Math.abs(error.errno)
  const advice = code === 'EPERM' ? ': run as root, or as the user that it belongs to' : ''
  const message = `${where}: ${error.message}${advice}`
  return new WireGuardError(message, { ...context, code, errno, cause: error })
}

/** What went wrong, without the operation and the device that {@link inContext} puts before it. */
export function reasonWithin(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { operation, device } = error as Partial<ErrorContext>
  const where = `${[operation, device].filter(Boolean).join(' ')}: `
  return error.message.startsWith(where) ? error.message.slice(where.length) : error.message
}

function pickDetails(error: WireGuardError): Partial<ErrorDetails> {
  return Object.fromEntries(detailNames.map((name) => [name, error[name]]))
}

function isSystemError(error: unknown): error is Error & { code: string; errno?: number } {
  if (!(error instanceof Error) || !('code' in error)) return false
  return 'syscall' in error && typeof error.code === 'string'
}
