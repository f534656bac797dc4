import {
  beginText,
  isCanonicalCidrAt,
  isLongText,
  putKey,
  putLine,
  SecretKey,
  takePiece,
  textCount,
  textEnd,
  textIn,
  textStart,
  textsIn,
} from '@wgctrl/types'
import { decodeHexKey } from './hex.js'
import type { WirePeer } from './reply.js'

/*
 * Peers as wireguard-go writes them: the same lines in the same order, so that each is where it is expected. Of anything else
 * nothing is made: the parser reads it line by line.
 */

const NEWLINE = 10
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
const ENDPOINT = expected('endpoint=')
const ALLOWED_IP = expected('allowed_ip=')
const ERRNO = expected('errno=')

const HANDSHAKE_SEC = expected('last_handshake_time_sec=')
const HANDSHAKE_NSEC = expected('last_handshake_time_nsec=')
const TX_BYTES = expected('tx_bytes=')
const RX_BYTES = expected('rx_bytes=')
const KEEPALIVE = expected('persistent_keepalive_interval=')

/** The last second that a Date can tell. */
const LAST_SECOND = 8.64e12

/** Two keys, the version and five numbers. */
const FIXED_LINES = 8

/** Where the two keys stand, and what is behind them. */
const PUBLIC_HEX = PUBLIC_KEY.length
const PRESHARED_HEX = PUBLIC_HEX + HEX + PRESHARED_KEY.length
const BEHIND_KEYS = PRESHARED_HEX + HEX + VERSION.length

/** The memory that is looked at. */
let view: DataView = new DataView(new ArrayBuffer(0))
/** What is looked at ends there, in the view. */
let limit = 0
/** Where the next line begins in the view; {@link NOWHERE}: something else stood in the place of one before. */
let next = 0

const NOWHERE = -1

/** Of the peer that was read last: where it ends, and how many lines it has. */
export const lastUsual: { end: number; lines: number } = { end: 0, lines: 0 }

/**
 * Reads a peer whose lines are all there: another or the end of the reply stands behind it.
 *
 * @param from where it may begin
 * @param to behind the newline of the last whole line
 * @param key 32 bytes that hold keys meanwhile; whoever lends them wipes them
 * @returns `undefined`: it is of another form, or there may be more of it
 * @source wireguard-go, device/uapi.go: IpcGetOperation
 */
export function usualPeer(
  bytes: Uint8Array,
  from: number,
  to: number,
  key: Uint8Array,
): WirePeer | undefined {
  if (view.buffer !== bytes.buffer) view = new DataView(bytes.buffer)
  const start = bytes.byteOffset + from
  limit = bytes.byteOffset + to
  const hasKeys =
    stands(PUBLIC_KEY, start) &&
    stands(PRESHARED_KEY, start + PUBLIC_HEX + HEX) &&
    stands(VERSION, start + PRESHARED_HEX + HEX) &&
    decodeHexKey(bytes, from + PUBLIC_HEX, key)
  if (!hasKeys) return undefined
  beginText()
  putKey(key, 0)
  next = start + BEHIND_KEYS
  const hasEndpoint = stands(ENDPOINT, next)
  if (hasEndpoint) takeText(ENDPOINT, bytes)
  const lastHandshakeTimeSec = takeNumber(HANDSHAKE_SEC, LAST_SECOND)
  const lastHandshakeTimeNsec = takeNumber(HANDSHAKE_NSEC, 999_999_999)
  const txBytes = takeNumber(TX_BYTES, Number.MAX_SAFE_INTEGER)
  const rxBytes = takeNumber(RX_BYTES, Number.MAX_SAFE_INTEGER)
  const persistentKeepaliveInterval = takeNumber(KEEPALIVE, 65535)
  while (stands(ALLOWED_IP, next) && !isLongText()) takeText(ALLOWED_IP, bytes)
  if (!stands(PUBLIC_KEY, next) && !stands(ERRNO, next)) return undefined
  const piece = takePiece()
  const first = hasEndpoint ? 2 : 1
  for (let index = first; index < textCount(); index++) {
    if (!isCanonicalCidrAt(piece, textStart(index), textEnd(index))) return undefined
  }
  if (!decodeHexKey(bytes, from + PRESHARED_HEX, key)) return undefined
  const peer: WirePeer = {
    publicKey: textIn(piece, 0),
    persistentKeepaliveInterval,
    lastHandshakeTimeSec,
    lastHandshakeTimeNsec,
    rxBytes,
    txBytes,
    allowedIps: textsIn(piece, first),
    protocolVersion: 1,
    areCanonical: true,
  }
  if (hasEndpoint) peer.endpoint = textIn(piece, 1)
  const presharedKey = SecretKey.at(key, 0)
  if (presharedKey !== undefined) peer.presharedKey = presharedKey
  lastUsual.end = next - bytes.byteOffset
  lastUsual.lines = FIXED_LINES + textCount() - 1
  return peer
}

function stands({ length, words }: Expected, at: number): boolean {
  if (at < 0 || at + length > limit) return false
  const last = words.length - 1
  for (let index = 0; index < last; index++) {
    if (view.getUint32(at + 4 * index, true) !== words[index]) return false
  }
  return view.getUint32(at + length - 4, true) === words[last]
}

/** Writes the value of the next line, which has that key. */
function takeText(key: Expected, bytes: Uint8Array): void {
  const newline = putLine(bytes, next + key.length - bytes.byteOffset)
  next = newline < 0 ? NOWHERE : bytes.byteOffset + newline + 1
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
  return value
}
