import { putLine } from '@wgctrl/types'
import { decodeHexKey } from './hex.js'

/*
 * The lines of a peer as wireguard-go writes them: the same ones in the same order, so that each is where it is expected.
 * Of anything else nothing is said: the parser reads it line by line.
 */

const NEWLINE = 10
const PERCENT = 37
const ZERO = 48

/** A number of so many digits is exact as a JavaScript number. */
const EXACT_DIGITS = 15

/** Digits of a key. */
const HEX = 64

/** A text that is looked for, as words: of four letters each, the last of which may overlap. */
interface Expected {
  readonly length: number
  readonly words: Uint32Array
}

function expected(text: string): Expected {
  const bytes = Buffer.from(text)
  const count = Math.ceil(bytes.length / 4)
  const words = Uint32Array.from({ length: count }, (_, at) =>
    bytes.readUInt32LE(Math.min(at * 4, bytes.length - 4)),
  )
  return { length: bytes.length, words }
}

const PUBLIC_KEY = expected('public_key=')
const PRESHARED_KEY = expected('\npreshared_key=')
const VERSION = expected('\nprotocol_version=1\n')
export const ENDPOINT: Expected = expected('endpoint=')
export const ALLOWED_IP: Expected = expected('allowed_ip=')
const ERRNO = expected('errno=')

const HANDSHAKE_SEC = expected('last_handshake_time_sec=')
const HANDSHAKE_NSEC = expected('last_handshake_time_nsec=')
const TX_BYTES = expected('tx_bytes=')
const RX_BYTES = expected('rx_bytes=')
const KEEPALIVE = expected('persistent_keepalive_interval=')

/** The last second that a Date can tell. */
const LAST_SECOND = 8.64e12
const LAST_NANOSECOND = 999_999_999

/** Where the two keys stand, and what is behind them. */
const PUBLIC_HEX = PUBLIC_KEY.length
const PRESHARED_HEX = PUBLIC_HEX + HEX + PRESHARED_KEY.length
const BEHIND_KEYS = PRESHARED_HEX + HEX + VERSION.length
/** Two keys and the version. */
const LINES_OF_KEYS = 3

/** The memory that is looked at. */
let view: DataView = new DataView(new ArrayBuffer(0))
/** The peer begins there, and what is looked at ends there, in the view. */
let start = 0
let limit = 0
/** Where the next line begins in the view; {@link NOWHERE}: something else stood in the place of one before. */
let next = 0
/** How many lines were taken. */
let taken = 0

const NOWHERE = -1

/**
 * Looks at a peer, up to the line behind its keys and its version.
 *
 * @param from where it may begin
 * @param to behind the newline of the last whole line
 * @param key gets the 32 bytes of its public key
 * @returns false: it is of another form
 * @source wireguard-go, device/uapi.go: IpcGetOperation
 */
export function beginPeer(bytes: Uint8Array, from: number, to: number, key: Uint8Array): boolean {
  if (view.buffer !== bytes.buffer) view = new DataView(bytes.buffer)
  start = bytes.byteOffset + from
  limit = bytes.byteOffset + to
  next = start + BEHIND_KEYS
  taken = LINES_OF_KEYS
  return (
    stands(PUBLIC_KEY, start) &&
    stands(PRESHARED_KEY, start + PUBLIC_HEX + HEX) &&
    stands(VERSION, start + PRESHARED_HEX + HEX) &&
    decodeHexKey(bytes, from + PUBLIC_HEX, key)
  )
}

/** The preshared key of the peer that was begun; zeros: it has none. @returns false: it is no key */
export function takeSecret(bytes: Uint8Array, key: Uint8Array): boolean {
  return decodeHexKey(bytes, start - bytes.byteOffset + PRESHARED_HEX, key)
}

/** Whether the next line has that key. */
export const isNext = (key: Expected): boolean => stands(key, next)

/** Whether a peer ends here: another or the end of the reply stands behind it. Else there may be more of it. */
export const isPeerOver = (): boolean => stands(PUBLIC_KEY, next) || stands(ERRNO, next)

/** Where the next line begins, in the bytes that were given. */
export const nextLine = (bytes: Uint8Array): number => next - bytes.byteOffset

/** How many lines of the peer were taken. */
export const linesTaken = (): number => taken

function stands({ length, words }: Expected, at: number): boolean {
  if (at < 0 || at + length > limit) return false
  const last = words.length - 1
  for (let index = 0; index < last; index++) {
    if (view.getUint32(at + 4 * index, true) !== words[index]) return false
  }
  return view.getUint32(at + length - 4, true) === words[last]
}

/** Writes the value of the next line, which has that key. */
export function takeText(key: Expected, bytes: Uint8Array): void {
  const newline = putLine(bytes, next + key.length - bytes.byteOffset)
  next = newline < 0 ? NOWHERE : bytes.byteOffset + newline + 1
  taken++
}

/**
 * Passes over the next line, which has that key.
 *
 * @returns whether its value has a scope in it
 */
export function skipText(key: Expected): boolean {
  let hasScope = false
  let at = next + key.length
  for (; at < limit && view.getUint8(at) !== NEWLINE; at++) {
    if (view.getUint8(at) === PERCENT) hasScope = true
  }
  next = at < limit ? at + 1 : NOWHERE
  taken++
  return hasScope
}

/** @returns whether the next line has that key and that value */
export function takeThis(key: Expected, text: string, bytes: Uint8Array): boolean {
  const { length } = text
  const from = next + key.length - bytes.byteOffset
  if (!stands(key, next) || next + key.length + length >= limit) return false
  if (bytes[from + length] !== NEWLINE) return false
  for (let at = 0; at < length; at++) {
    if (bytes[from + at] !== text.charCodeAt(at)) return false
  }
  next += key.length + length + 1
  taken++
  return true
}

/** The numbers of the peer that was looked at last. */
export const numbers = {
  lastHandshakeTimeSec: 0,
  lastHandshakeTimeNsec: 0,
  txBytes: 0,
  rxBytes: 0,
  persistentKeepaliveInterval: 0,
}

/** Takes the five lines of {@link numbers}. */
export function takeNumbers(): void {
  numbers.lastHandshakeTimeSec = takeNumber(HANDSHAKE_SEC, LAST_SECOND)
  numbers.lastHandshakeTimeNsec = takeNumber(HANDSHAKE_NSEC, LAST_NANOSECOND)
  numbers.txBytes = takeNumber(TX_BYTES, Number.MAX_SAFE_INTEGER)
  numbers.rxBytes = takeNumber(RX_BYTES, Number.MAX_SAFE_INTEGER)
  numbers.persistentKeepaliveInterval = takeNumber(KEEPALIVE, 65535)
}

/** The value of the next line, if that has the key. */
function takeNumber(key: Expected, max: number): number {
  const from = stands(key, next) ? next + key.length : limit
  let value = 0
  let at = from
  for (; at < limit; at++) {
    const digit = view.getUint8(at) - ZERO
    if (digit < 0 || digit > 9) break
    value = value * 10 + digit
  }
  const digits = at - from
  const isNumber = digits > 0 && digits <= EXACT_DIGITS && value <= max
  next = isNumber && view.getUint8(at) === NEWLINE ? at + 1 : NOWHERE
  taken++
  return value
}
