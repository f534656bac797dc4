/**
 * Keys that are nowhere but in a test and in what it drives: a search for them cannot find anything else.
 * Children make them by the same formula, so that no key is handed to them in a way that is searched.
 */
export function planted(n: number): Uint8Array {
  // Memory that the collector does not move: copies of it would be found.
  const bytes = new Uint8Array(new ArrayBuffer(32))
  for (let at = 0; at < 32; at++) bytes[at] = (at * 37 + n * 101 + 0x5a) & 255
  // As Curve25519 wants it (RFC 7748), so that devices give the same key back.
  bytes[0] = (bytes[0] as number) & 248
  bytes[31] = ((bytes[31] as number) & 127) | 64
  return bytes
}

export const plantedText = (n: number): string => Buffer.from(planted(n)).toString('base64')

/** The forms in which a key can be found: raw, hex of both cases, base64, a list of numbers. */
function formsOf(key: Uint8Array): Map<string, Buffer> {
  const bytes = Buffer.from(key)
  const hex = bytes.toString('hex')
  return new Map<string, Buffer>([
    ['raw', bytes],
    ['hex', Buffer.from(hex)],
    ['HEX', Buffer.from(hex.toUpperCase())],
    // Without the end, which is different where the key is a part of something longer.
    ['base64', Buffer.from(bytes.toString('base64').slice(0, 42))],
    ...(/[-_]/.test(bytes.toString('base64url').slice(0, 42))
      ? [['base64url', Buffer.from(bytes.toString('base64url').slice(0, 42))] as const]
      : []),
    // What shows the bytes may align them in columns: spaces are left out of the search.
    ['numbers', Buffer.from(bytes.join(','))],
    ['utf16', Buffer.from(bytes.toString('base64').slice(0, 42), 'utf16le')],
  ])
}

/** In which forms which of the first `count` planted keys stand in `haystack`: `key 1 as hex`. */
export function findPlanted(haystack: Uint8Array | string, count = 4): string[] {
  return findKeys(
    haystack,
    Array.from({ length: count }, (_, index) => planted(index + 1)),
  )
}

/** The same for keys that were not planted: `key 1` is the first of them. */
export function findKeys(haystack: Uint8Array | string, keys: readonly Uint8Array[]): string[] {
  const isText = typeof haystack === 'string'
  const where = Buffer.from(isText ? haystack + haystack.replace(/\s/g, '') : haystack)
  return keys.flatMap((key, index) =>
    [...formsOf(key)]
      .filter(([, bytes]) => where.includes(bytes))
      .map(([form]) => `key ${index + 1} as ${form}`),
  )
}
