import type { AmneziaName, AmneziaValue } from '@wgctrl/types'
import { readKey, readNumber } from './values.js'

type Read = (value: string) => AmneziaValue | undefined

const number: Read = (value) => readNumber(value, 2 ** 32 - 1)
const size: Read = (value) => readNumber(value, 65535)
const flag: Read = (value) =>
  /^(1|t|true)$/i.test(value) ? true : /^(0|f|false)$/i.test(value) ? false : undefined

const range: Read = (value) => {
  const [low = '', high = low, ...rest] = value.split('-')
  const [from, to] = [number(low), number(high)]
  if (from === undefined || to === undefined || to < from || rest.length > 0) return undefined
  return from === to ? from : `${from}-${to}`
}

/** None of these tags: no packet. One that it does not know is refused. */
const tags: Read = (value) => {
  const found = [...value.matchAll(/<([^>]*)(>?)/g)]
  const areKnown = found.every(
    ([, tag = '', end]) => end && /^(b|t|r|rc|rd|d|ds|dz)$/.test(tag.split(' ')[0] ?? ''),
  )
  if (!areKnown) return undefined
  return found.length > 0 ? value : ''
}

/**
 * The keys of a device beyond WireGuard's, in the order in which they are shown.
 *
 * @source amneziawg-go 3.1.20260814, device/uapi.go
 */
export const AMNEZIA_KEYS: readonly (readonly [name: AmneziaName, key: string, read: Read])[] = [
  ...(['jc', 'jmin', 'jmax'] as const).map((name) => [name, name, number] as const),
  ...(['s1', 's2', 's3', 's4'] as const).map((name) => [name, name, size] as const),
  ...(['h1', 'h2', 'h3', 'h4'] as const).map((name) => [name, name, range] as const),
  ...(['i1', 'i2', 'i3', 'i4', 'i5'] as const).map((name) => [name, name, tags] as const),
  ['headerProtectionKey', 'header_protection_key', readKey],
  ['contentPaddingAddition', 'content_padding_addition', range],
  ['rekeyAfterTime', 'rekey_after_time', range],
  ['rekeyTimeout', 'rekey_timeout', range],
  ['rejectAfterTime', 'reject_after_time', range],
  ['keepaliveTimeout', 'keepalive_timeout', range],
  ['maxHandshakeAttempts', 'max_handshake_attempts', range],
  ['randomTrailers', 'random_trailers', flag],
  ['disableCookies', 'disable_cookies', flag],
]

/** @returns both ends of a keepalive; `undefined`: it is none */
export function readKeepalive(value: string): { from: number; text: string } | undefined {
  const ends = range(value)
  return ends === undefined ? undefined : { from: Number.parseInt(`${ends}`, 10), text: `${ends}` }
}
