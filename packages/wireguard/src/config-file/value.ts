import { checkText, type KeyInput, SecretKey } from '@wgctrl/types'
import { lower } from './space.js'

/** The routing table that routes go to: wg-quick(8)'s choice, none, or one by number or name. */
export type RoutingTable = 'auto' | 'off' | number | string

/**
 * 44 characters that hold 32 bytes: the last but one carries four bits and two zeros.
 *
 * @source wireguard-tools, src/encoding.c
 */
const KEY = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/

export function readKeyText(text: string): string | undefined {
  return KEY.test(text) ? text : undefined
}

export function readKey(text: string): SecretKey | undefined {
  return KEY.test(text) ? SecretKey.from(text) : undefined
}

/** The text that a file has for a key. No copy of the key is left behind but that text. */
export function keyText(key: KeyInput | undefined, path: string): string | undefined {
  if (key === undefined) return undefined
  const copy = SecretKey.from(key, path)
  const text = copy.toBase64()
  copy.wipe()
  return text
}

/**
 * A listen port as wg(8) reads it, but for two spellings; `undefined` when it is none.
 *
 * @source wireguard-tools, src/config.c: getaddrinfo(3), which takes a plus sign. It would take the
 *   names of /etc/services too, and turn 70000 into 4464: neither is a port here.
 * @throws {TypeError} `EINVAL` when it is no string
 */
export function readPort(text: string): number | undefined {
  checkText(text, 'text')
  return /^\+?\d+$/.test(text) ? upTo(65535, Number(text)) : undefined
}

/**
 * A firewall mark as wg(8) reads it; 0 for `off`, `undefined` when it is none. `0x` in lower case alone is
 * hexadecimal; a leading zero means nothing.
 *
 * @throws {TypeError} `EINVAL` when it is no string
 */
export function readFirewallMark(text: string): number | undefined {
  checkText(text, 'text')
  if (lower(text) === 'off') return 0
  return /^(\d+|0x[\da-fA-F]+)$/.test(text) ? upTo(2 ** 32 - 1, Number(text)) : undefined
}

/**
 * Seconds of a persistent keepalive as wg(8) reads them; 0 for `off`, `undefined` when they are none.
 *
 * @throws {TypeError} `EINVAL` when it is no string
 */
export function readKeepalive(text: string): number | undefined {
  checkText(text, 'text')
  if (lower(text) === 'off') return 0
  return /^\d+$/.test(text) ? upTo(65535, Number(text)) : undefined
}

export function readMtu(text: string): number | undefined {
  return /^[1-9]\d*$/.test(text) ? upTo(2 ** 31 - 1, Number(text)) : undefined
}

/**
 * `off` and `auto` in lower case alone are special; ip(8) knows the names, which may begin with a digit. What is
 * all digits, and yet no number as people write one (`010`, which ip(8) takes for 8), is refused.
 */
export function readTable(text: string): RoutingTable | undefined {
  if (/^(0|[1-9]\d*|0x[\da-f]+)$/i.test(text)) return upTo(2 ** 32 - 1, Number(text))
  return /^(?!\d+$)[^\s/]+$/.test(text) ? text : undefined
}

export function readBoolean(text: string): boolean | undefined {
  const word = lower(text)
  return word === 'true' || word === 'false' ? word === 'true' : undefined
}

function upTo(max: number, value: number): number | undefined {
  return value <= max ? value : undefined
}
