import { InvalidRangeError, InvalidTypeError, invalid } from './errors.js'
import { checkInteger } from './integer.js'
import { type KeyInput, keyBytes, type SecretKey, sharedSecretBytes } from './key.js'
import { unknownField } from './known-fields.js'

/** Which protocol devices speak: WireGuard, or AmneziaWG, its fork that hides what it is. */
export type WireGuardDialect = 'wireguard' | 'amneziawg'

/** All dialects. */
export const WIREGUARD_DIALECTS: readonly WireGuardDialect[] = ['wireguard', 'amneziawg']

/** A number, or `'from-to'`: one of these is chosen each time. Of a reading: a range only where both ends differ. */
export type NumberRange = number | string

/** What AmneziaWG knows beyond WireGuard of a device, as it was read: what the implementation said, defaults included. */
export interface AmneziaParameters {
  /** Junk packets before each handshake; 0: none. */
  readonly jc?: number
  /** Bytes that a junk packet has at least. */
  readonly jmin?: number
  /** Bytes that a junk packet has at most. */
  readonly jmax?: number
  /** Bytes before a handshake initiation. Both ends must have the same; so with the others up to `h4`. */
  readonly s1?: number
  /** Bytes before a handshake response. */
  readonly s2?: number
  /** Bytes before a cookie reply. */
  readonly s3?: number
  /** Bytes before a packet of data. */
  readonly s4?: number
  /** The type of a handshake initiation; 1 is WireGuard's. 0 to 4294967295, none in two of `h1` to `h4`. */
  readonly h1?: NumberRange
  /** The type of a handshake response; 2 is WireGuard's. */
  readonly h2?: NumberRange
  /** The type of a cookie reply; 3 is WireGuard's. */
  readonly h3?: NumberRange
  /** The type of a packet of data; 4 is WireGuard's. */
  readonly h4?: NumberRange
  /** A packet to send before each handshake, in tags such as `<b 0xf6ab><r 16>`; so with `i2` to `i5`. */
  readonly i1?: string
  readonly i2?: string
  readonly i3?: string
  readonly i4?: string
  readonly i5?: string
  /** Encrypts the beginnings of packets. Absent: none. Both ends must have the same. */
  readonly headerProtectionKey?: SecretKey
  /** Bytes that are added to a packet of data; 0: none. */
  readonly contentPaddingAddition?: NumberRange
  /** Seconds, as the three below; 0: as WireGuard. */
  readonly rekeyAfterTime?: NumberRange
  readonly rekeyTimeout?: NumberRange
  readonly rejectAfterTime?: NumberRange
  readonly keepaliveTimeout?: NumberRange
  /** 0: as WireGuard. */
  readonly maxHandshakeAttempts?: NumberRange
  /** Bytes at random behind handshakes. Userspace only. */
  readonly randomTrailers?: boolean
  /** No cookie is asked for under load. Userspace only. */
  readonly disableCookies?: boolean
}

/** The name of a parameter of AmneziaWG. */
export type AmneziaName = keyof AmneziaParameters

/**
 * A change of them: `undefined` leaves one as it is, `null` gives it the value that a new device has. What is not
 * there is left by `configure`, and reset by `sync` and `reconcile`.
 */
export type AmneziaConfig = {
  -readonly [name in Exclude<AmneziaName, 'headerProtectionKey'>]?:
    | AmneziaParameters[name]
    | null
    | undefined
} & { headerProtectionKey?: KeyInput | null | undefined }

/** The form that both wires can carry. */
export type CheckedAmnezia = { readonly [name in AmneziaName]?: AmneziaValue }

/** The key is a copy: `wipeConfig` zeroes it. */
export type AmneziaValue = number | string | boolean | Uint8Array

/** What a parameter is, and how wires, files and people call it. */
export interface AmneziaField {
  readonly name: AmneziaName
  readonly kind: 'number' | 'range' | 'text' | 'key' | 'flag'
  /** Of numbers, and of both ends of ranges. */
  readonly max: number
  /** What a new device has; of a key 32 zero bytes. */
  readonly fresh: number | string | boolean
  /** In the protocol of daemons, as `rekey_after_time`. */
  readonly key: string
  /** In a config file, as `RekeyAfterTime`. */
  readonly fileKey: string
}

const U16 = 65535
const U32 = 2 ** 32 - 1

type Kind = Pick<AmneziaField, 'kind' | 'max' | 'fresh'>

const count: Kind = { kind: 'number', max: U16, fresh: 0 }
const range: Kind = { kind: 'range', max: U16, fresh: 0 }
const text: Kind = { kind: 'text', max: 0, fresh: '' }
const flag: Kind = { kind: 'flag', max: 1, fresh: false }
const header = (fresh: number): Kind => ({ kind: 'range', max: U32, fresh })

/** @source amneziawg-tools, src/config.c; amneziawg-go, device/uapi.go; widths are those that both wires have */
const KINDS: Readonly<Record<AmneziaName, Kind>> = {
  jc: count,
  jmin: count,
  jmax: count,
  s1: count,
  s2: count,
  s3: count,
  s4: count,
  h1: header(1),
  h2: header(2),
  h3: header(3),
  h4: header(4),
  i1: text,
  i2: text,
  i3: text,
  i4: text,
  i5: text,
  headerProtectionKey: { kind: 'key', max: 0, fresh: '' },
  contentPaddingAddition: range,
  rekeyAfterTime: range,
  rekeyTimeout: range,
  rejectAfterTime: range,
  keepaliveTimeout: range,
  maxHandshakeAttempts: range,
  randomTrailers: flag,
  disableCookies: flag,
}

/** In the order in which daemons and awg(8) show them. */
export const AMNEZIA_FIELDS: readonly AmneziaField[] = Object.entries(KINDS).map(
  ([name, kind]) => ({
    ...kind,
    name: name as AmneziaName,
    key: name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    fileKey: name.charAt(0).toUpperCase() + name.slice(1),
  }),
)

const NAMES: readonly string[] = AMNEZIA_FIELDS.map(({ name }) => name)

/** Characters of `i1` to `i5`: more than any packet has, less than a line of a daemon's protocol may have. */
const LONGEST_TEXT = 32_768

/** Bytes of padding that header protection takes its nonce from. @source amneziawg-go, HeaderCipherNonceSize */
const NONCE = 12

/**
 * Reads a number or a range as it is written, `5` or `5-10`.
 *
 * @returns both ends in order; `undefined` when it is none
 */
export function parseRange(
  input: string,
  max: number,
): { readonly from: number; readonly to: number } | undefined {
  const [, low, high] = /^(\d{1,10})(?:-(\d{1,10}))?$/.exec(input) ?? []
  if (low === undefined) return undefined
  const from = Number(low)
  const to = high === undefined ? from : Number(high)
  return from <= to && to <= max ? { from, to } : undefined
}

/** As readings have it: a number where both ends are the same. */
export function numberRange(from: number, to: number): NumberRange {
  return from === to ? from : `${from}-${to}`
}

/**
 * Reads a number, or a range as it is written, that a caller gave.
 *
 * @param path the field that the range stands in
 * @throws {TypeError | RangeError} `EINVAL` with `path`
 */
export function checkRange(
  input: unknown,
  path: string,
  max: number,
): { readonly from: number; readonly to: number } {
  if (typeof input === 'number') {
    checkInteger(input, path, 0, max)
    return { from: input, to: input }
  }
  if (typeof input !== 'string') throw new InvalidTypeError(path, "must be a number or 'from-to'")
  const ends = parseRange(input, max)
  if (ends) return ends
  throw new InvalidRangeError(path, `must be a number or 'from-to' within 0 to ${max}`)
}

/**
 * Checks parameters, each for itself and beside those that are given with it.
 *
 * @throws {TypeError | RangeError | WireGuardError} `EINVAL`; `path` names the field
 */
export function checkAmnezia(input: AmneziaConfig): CheckedAmnezia {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw new InvalidTypeError('amnezia', 'must be an object')
  }
  for (const name in input) {
    if (!NAMES.includes(name)) throw unknownField(name, NAMES, 'amnezia.')
  }
  const checked: Partial<Record<AmneziaName, AmneziaValue>> = {}
  for (const field of AMNEZIA_FIELDS) {
    const given = input[field.name]
    if (given === undefined || field.kind === 'key') continue
    checked[field.name] = given === null ? field.fresh : checkValue(given, field)
  }
  checkSizes(checked)
  checkHeaders(checked)
  // Last: what is refused for something else leaves no copy behind.
  const { headerProtectionKey: key } = input
  if (key !== undefined) {
    if (key !== null) checkPaddings(checked)
    const bytes = sharedSecretBytes()
    checked.headerProtectionKey =
      key === null ? bytes : keyBytes(key, 'amnezia.headerProtectionKey', bytes)
  }
  return checked
}

function checkValue(given: unknown, { name, kind, max }: AmneziaField): AmneziaValue {
  const path = `amnezia.${name}`
  switch (kind) {
    case 'number':
      checkInteger(given, path, 0, max)
      return given as number
    case 'range': {
      const { from, to } = checkRange(given, path, max)
      return numberRange(from, to)
    }
    case 'flag':
      if (typeof given !== 'boolean') throw new InvalidTypeError(path, 'must be true or false')
      return given
    default:
      return checkTags(given, path)
  }
}

/** The tags themselves differ between implementations and versions: the device has the word on them. */
function checkTags(given: unknown, path: string): string {
  if (typeof given !== 'string') throw new InvalidTypeError(path, 'must be a string')
  if (given.length > LONGEST_TEXT) {
    throw new InvalidRangeError(path, `must have ${LONGEST_TEXT} characters at most`)
  }
  if (!/^[ -~]*$/.test(given)) throw invalid(path, 'must be printable ASCII in one line')
  return given
}

type Draft = Partial<Record<AmneziaName, AmneziaValue>>

/** A device counts on it, and need not look. @source amneziawg-go, device/noise-protocol.go: JunkPackets */
function checkSizes({ jmin, jmax }: Draft): void {
  if (jmin === undefined || jmax === undefined || jmin <= jmax) return
  throw new InvalidRangeError('amnezia.jmin', `must not be above jmax, ${jmax}`)
}

const HEADERS = ['h1', 'h2', 'h3', 'h4'] as const

/** @source amneziawg-go, device/uapi.go: mergeWithDevice, where the rest of the change has been made by then */
function checkHeaders(draft: Draft): void {
  const given = HEADERS.flatMap((name) => {
    const ends = draft[name] === undefined ? undefined : parseRange(`${draft[name]}`, U32)
    return ends ? [{ name, ...ends }] : []
  })
  for (const [index, one] of given.entries()) {
    const other = given.slice(0, index).find(({ from, to }) => from <= one.to && one.from <= to)
    if (other) throw invalid(`amnezia.${one.name}`, `must have no value that ${other.name} has`)
  }
}

/** @source amneziawg-go, device/uapi.go: mergeWithDevice */
function checkPaddings(draft: Draft): void {
  for (const name of ['s1', 's2', 's3', 's4'] as const) {
    const bytes = draft[name]
    if (bytes === undefined || Number(bytes) >= NONCE) continue
    throw new InvalidRangeError(
      `amnezia.${name}`,
      `must be ${NONCE} at least with a headerProtectionKey`,
    )
  }
}
