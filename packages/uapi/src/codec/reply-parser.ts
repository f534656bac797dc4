import {
  AMNEZIA_FIELDS,
  type AmneziaField,
  type AmneziaValue,
  type Counter,
  formatPublicKey,
  LIMITS,
  LONGEST_LINK_NAME,
  numberRange,
  type PeerComparison,
  parseRange,
  SecretKey,
  secretBytes,
  WireGuardError,
  wipeOwnKeys,
} from '@wgctrl/types'
import { decodeCounter, decodeInteger } from './decimal.js'
import { isExpectedPeer, type KeyScratch } from './expected-peer.js'
import { ExtraLines } from './extra-lines.js'
import { decodeHexKey } from './hex.js'
import { KeyFinder, type ReplyKey } from './keys.js'
import { type WireDevice, type WirePeer, wirePeer } from './reply.js'
import { usualActivity } from './usual-activity.js'
import { linesTaken, nextLine } from './usual-lines.js'
import { usualPeer } from './usual-peer.js'
import { LONGEST_LINE, WholeLines } from './whole-lines.js'

const EQUALS = 61
const MINUS = 45
const NEWLINE = 10

/** The longest texts of their kind: IPv6 with its last part as IPv4, behind it a prefix, or a scope and a port. */
const LONGEST_ADDRESS = 45
const LONGEST_NETWORK = LONGEST_ADDRESS + '/128'.length
const LONGEST_ENDPOINT = LONGEST_ADDRESS + '[%]:65535'.length + LONGEST_LINK_NAME

const TOO_LONG = `more than ${LONGEST_LINE} bytes`

/** What each number of a reply may be at most; none is negative but errno. */
const MAX = {
  errno: 2 ** 31 - 1,
  listen_port: 65535,
  fwmark: 2 ** 32 - 1,
  persistent_keepalive_interval: 65535,
  /** The last second that a Date can tell. */
  last_handshake_time_sec: 8.64e12,
  last_handshake_time_nsec: 999_999_999,
  protocol_version: 2 ** 32 - 1,
} as const

/** Names of unknown keys that are kept, and how much of each: an endless reply must not fill memory. */
const MOST_UNKNOWN = 64
const LONGEST_UNKNOWN = 64

/** Of devices alone, and rare: whoever does not speak of them pays nothing for them. */
const AMNEZIA: ReadonlyMap<string, AmneziaField> = new Map(
  AMNEZIA_FIELDS.map((field) => [field.key, field]),
)

/** What an end of a range may be at most. @source amneziawg-go, device/noise-types.go: UintRange */
const WIDEST = 2 ** 32 - 1
const LONGEST_RANGE = '4294967295-4294967295'.length

/** What is made of the peers of a reply. */
export interface ReplyOptions {
  /** Notes those that are as expected, of which nothing else is made. Absent: of none. */
  readonly comparison?: PeerComparison
  /** No more is made of them than who uses their activity needs; of some there may be all. */
  readonly isActivity?: boolean
}

/**
 * Reads the reply to `get=1` or `set=1` as it comes in, in chunks of any size. Pure: bytes in,
 * records out. A reply ends at the blank line behind `errno=`, not at the end of the stream.
 *
 * @source https://www.wireguard.com/xplatform/#configuration-protocol
 */
export class ReplyParser {
  readonly device: WireDevice = { listenPort: 0, fwmark: 0 }
  /** Keys that this version does not know, with how often each came. */
  readonly unknown: Map<string, number> = new Map()
  /** The status of the operation as the implementation signed it; absent until it came. */
  errno: number | undefined
  /** True once the blank line was read: what follows is not looked at. */
  isComplete = false

  readonly #lines = new WholeLines((bytes, from, to) => this.#readLines(bytes, from, to))
  readonly #keys = new KeyFinder()
  readonly #extra = new ExtraLines()
  #lineNumber = 0
  #bytes = 0
  readonly #scratch = Buffer.from(secretBytes().buffer)
  readonly #keyScratch: KeyScratch = {
    bytes: this.#scratch,
    words: new Int32Array(this.#scratch.buffer),
  }
  readonly #comparison: PeerComparison | undefined
  readonly #readPeer: typeof usualPeer
  #peer: WirePeer | undefined
  #finished: WirePeer[] = []
  #peers = 0

  constructor(options?: ReplyOptions) {
    this.#comparison = options?.comparison
    this.#readPeer = options?.isActivity ? usualActivity : usualPeer
  }

  /**
   * Reads a chunk, which stays the caller's: nothing of it is kept but the beginning of a line.
   *
   * @returns the peers that this chunk completed; they and the secrets in them are the caller's
   * @throws {WireGuardError} `EPROTO` with `line`
   */
  push(chunk: Uint8Array): WirePeer[] {
    if (this.isComplete) return []
    this.#bytes += chunk.length
    if (this.#bytes > LIMITS.replyBytes) throw this.#broken('the reply does not end')
    this.#lines.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length))
    if (this.#lines.isTooLong) {
      this.#lineNumber++
      throw this.#broken(TOO_LONG)
    }
    const finished = this.#finished
    this.#finished = []
    return finished
  }

  /** True once a peer began: all that the reply says of the device itself is known by then. */
  get isPastDevice(): boolean {
    return this.#peers > 0 || this.isComplete
  }

  /**
   * The stream ended.
   *
   * @throws {WireGuardError} `EPROTO` when the reply did not: a short device must never pass for whole
   */
  end(): void {
    if (this.isComplete) return
    const where = this.#lines.isWithinLine ? 'within a line' : 'before its end'
    throw this.#broken(`the reply stopped ${where}`)
  }

  /**
   * Zeroes the secrets that nobody took: parts of lines, the private key in {@link device}, preshared
   * keys of peers that were not returned. Call it when the parser is done with.
   */
  wipe(): void {
    this.#lines.wipe()
    this.#scratch.fill(0)
    wipeOwnKeys(this.device)
    this.#peer?.presharedKey?.wipe()
    for (const peer of this.#finished) peer.presharedKey?.wipe()
  }

  /** Reads whole lines. @returns false behind the last of the reply */
  #readLines(bytes: Buffer, from: number, to: number): boolean {
    for (let at = from; at < to && !this.isComplete; ) {
      at = this.#readUsual(bytes, at, to)
      this.#lineNumber++
      at = this.#readLine(bytes, at)
    }
    return !this.isComplete
  }

  /** Reads peers of the usual form. @returns where something else begins, or a peer that may go on */
  #readUsual(bytes: Buffer, from: number, to: number): number {
    let at = from
    while (this.errno === undefined) {
      const isExpected = this.#isExpected(bytes, at, to)
      const peer = isExpected ? undefined : this.#readPeer(bytes, at, to, this.#scratch)
      if (!isExpected && peer === undefined) return at
      this.#finishPeer()
      this.#countPeer()
      if (peer) this.#finished.push(peer)
      this.#lineNumber += linesTaken()
      at = nextLine(bytes)
    }
    return at
  }

  #isExpected(bytes: Buffer, from: number, to: number): boolean {
    const comparison = this.#comparison
    return comparison !== undefined && isExpectedPeer(bytes, from, to, this.#keyScratch, comparison)
  }

  #countPeer(): void {
    if (++this.#peers > LIMITS.peers) throw this.#broken('the peers do not end')
  }

  /** @returns where the next line begins */
  #readLine(bytes: Buffer, from: number): number {
    if (bytes[from] === NEWLINE) {
      this.#blankLine()
      return from + 1
    }
    if (this.errno !== undefined) throw this.#broken('a line behind errno')
    const key = this.#keys.find(bytes, from)
    const start = key === undefined ? from : from + key.bytes.length
    const end = endOfValue(bytes, start, key?.isHex === true)
    if (end - from > LONGEST_LINE) throw this.#broken(TOO_LONG)
    if (key === undefined) this.#otherLine(bytes, from, end)
    else if (!this.#deviceField(key.name, bytes, start, end)) {
      this.#peerField(key.name, bytes, start, end)
    }
    return end + 1
  }

  #blankLine(): void {
    if (this.errno === undefined) throw this.#broken('a reply without errno')
    this.#finishPeer()
    this.isComplete = true
  }

  #finishPeer(): void {
    if (this.#peer) this.#finished.push(this.#peer)
    this.#peer = undefined
  }

  #deviceField(key: ReplyKey, bytes: Buffer, from: number, to: number): boolean {
    switch (key) {
      case 'errno':
        this.errno = this.#status(bytes, from, to)
        return true
      case 'public_key':
        this.#finishPeer()
        this.#countPeer()
        this.#peer = wirePeer(formatPublicKey(this.#key(bytes, from, to)))
        return true
      case 'private_key':
        this.device.privateKey = this.#secret(this.device.privateKey, bytes, from, to)
        return true
      case 'own_public_key':
        this.device.ownPublicKey = formatPublicKey(this.#key(bytes, from, to))
        return true
      case 'listen_port':
        this.device.listenPort = this.#integer(key, bytes, from, to)
        return true
      case 'fwmark':
        this.device.fwmark = this.#integer(key, bytes, from, to)
        return true
      default:
        return false
    }
  }

  #peerField(key: ReplyKey, bytes: Buffer, from: number, to: number): void {
    const peer = this.#peer
    if (!peer) throw this.#broken(`${key} before the first public_key`)
    switch (key) {
      case 'preshared_key':
        peer.presharedKey = this.#secret(peer.presharedKey, bytes, from, to)
        break
      case 'endpoint':
        peer.endpoint = this.#text(key, bytes, from, to, LONGEST_ENDPOINT)
        break
      case 'persistent_keepalive_interval':
        this.#keepalive(peer, bytes, from, to)
        break
      case 'last_handshake_time_sec':
        peer.lastHandshakeTimeSec = this.#integer(key, bytes, from, to)
        break
      case 'last_handshake_time_nsec':
        peer.lastHandshakeTimeNsec = this.#integer(key, bytes, from, to)
        break
      case 'rx_bytes':
        peer.rxBytes = this.#counter(bytes, from, to)
        break
      case 'tx_bytes':
        peer.txBytes = this.#counter(bytes, from, to)
        break
      case 'allowed_ip':
        if (peer.allowedIps.length === LIMITS.allowedIPs) throw this.#broken('a peer does not end')
        peer.allowedIps.push(this.#text(key, bytes, from, to, LONGEST_NETWORK))
        break
      case 'protocol_version':
        peer.protocolVersion = this.#integer(key, bytes, from, to)
    }
  }

  /** The bytes are lent until the next key is read. */
  #key(bytes: Buffer, from: number, to: number): Uint8Array {
    if (to - from === 64 && decodeHexKey(bytes, from, this.#scratch)) return this.#scratch
    throw this.#broken('a key that is not 64 hex digits')
  }

  /** Of several in one record the last counts, as it would for a daemon. */
  #secret(
    before: SecretKey | undefined,
    bytes: Buffer,
    from: number,
    to: number,
  ): SecretKey | undefined {
    before?.wipe()
    return SecretKey.at(this.#key(bytes, from, to), 0)
  }

  /** UTF-8: the name of a link in an endpoint may be in any script. All else is ASCII, and a copy. */
  #text(key: ReplyKey, bytes: Buffer, from: number, to: number, longest: number): string {
    if (to - from > longest) throw this.#broken(`${key} has more than ${longest} bytes`)
    return key === 'endpoint'
      ? bytes.toString('utf8', from, to)
      : bytes.toString('latin1', from, to)
  }

  #integer(key: keyof typeof MAX, bytes: Buffer, from: number, to: number): number {
    const value = decodeInteger(bytes, from, to, MAX[key])
    if (value !== undefined) return value
    throw this.#broken(`${key} is no number from 0 to ${MAX[key]}`)
  }

  /** Seconds; amneziawg-go has ranges of them. */
  #keepalive(peer: WirePeer, bytes: Buffer, from: number, to: number): void {
    const key = 'persistent_keepalive_interval'
    const value = decodeInteger(bytes, from, to, MAX[key])
    if (value !== undefined) {
      peer.persistentKeepaliveInterval = value
      return
    }
    const text = bytes.toString('latin1', from, Math.min(to, from + LONGEST_RANGE + 1))
    const ends = parseRange(text, WIDEST)
    if (!ends || (ends.from === ends.to && !this.device.amnezia)) {
      throw this.#broken(`${key} is no number from 0 to ${MAX[key]}`)
    }
    peer.persistentKeepaliveInterval = ends.from
    if (ends.from !== ends.to) peer.persistentKeepaliveTo = ends.to
  }

  /** wireguard-go's status is negative, boringtun's positive. */
  #status(bytes: Buffer, from: number, to: number): number {
    if (bytes[from] !== MINUS) return this.#integer('errno', bytes, from, to)
    return 0 - this.#integer('errno', bytes, from + 1, to)
  }

  #counter(bytes: Buffer, from: number, to: number): Counter {
    const value = decodeCounter(bytes, from, to)
    if (value === undefined) throw this.#broken('not a counter of 64 bits')
    return value
  }

  /** A line that a WireGuard device does not have. */
  #otherLine(bytes: Buffer, from: number, to: number): void {
    const equals = bytes.indexOf(EQUALS, from)
    if (equals < 0 || equals > to) throw this.#broken('a line without "="')
    if (equals - from <= LONGEST_UNKNOWN) {
      const key = bytes.toString('latin1', from, equals)
      const field = this.#peer ? undefined : AMNEZIA.get(key)
      if (field && this.#amneziaField(field, bytes, equals + 1, to)) return
      this.#extra.keep(this.#peer ?? this.device, key, bytes, equals + 1, to)
    }
    this.#countUnknown(bytes, from, equals)
  }

  /** @returns false: it has a value that this version cannot read, and is kept as it is */
  #amneziaField({ name, kind }: AmneziaField, bytes: Buffer, from: number, to: number): boolean {
    this.device.amnezia ??= {}
    const { amnezia } = this.device
    if (kind === 'key') {
      const secret = this.#secret(amnezia.headerProtectionKey, bytes, from, to)
      delete amnezia.headerProtectionKey
      if (secret) amnezia.headerProtectionKey = secret
      return true
    }
    const value = readAmnezia(kind, bytes.toString('latin1', from, to))
    if (value !== undefined) Object.assign(amnezia, { [name]: value })
    return value !== undefined
  }

  #countUnknown(bytes: Buffer, from: number, equals: number): void {
    // It is shown as it is: nothing in it may be obeyed by a terminal.
    const name = bytes
      .toString('latin1', from, Math.min(equals, from + LONGEST_UNKNOWN))
      .replace(/[^!-~]/g, '?')
    if (this.unknown.size < MOST_UNKNOWN || this.unknown.has(name)) {
      this.unknown.set(name, (this.unknown.get(name) ?? 0) + 1)
    }
  }

  /** Never repeats the line: it may hold a key. */
  #broken(problem: string): WireGuardError {
    const line = this.#lineNumber
    return new WireGuardError(`UAPI reply, line ${line}: ${problem}`, { code: 'EPROTO', line })
  }
}

/** Wider than what a config may have: a daemon shows what it was given by whomever. */
function readAmnezia(kind: AmneziaField['kind'], text: string): AmneziaValue | undefined {
  if (kind === 'text') return /^[ -~]*$/.test(text) ? text : undefined
  const ends = parseRange(text, WIDEST)
  const value = ends && numberRange(ends.from, ends.to)
  if (kind === 'range') return value
  if (typeof value !== 'number') return undefined
  return kind === 'flag' ? value !== 0 : value
}

/**
 * Where the line of a value ends: there is a newline. Digits of a key are looked at when they are read,
 * where no newline passes for one.
 */
function endOfValue(bytes: Buffer, from: number, isHex: boolean): number {
  if (isHex && bytes[from + 64] === NEWLINE) return from + 64
  let at = from
  while (bytes[at] !== NEWLINE) at++
  return at
}
