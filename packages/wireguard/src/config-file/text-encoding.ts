import { TextDecoder } from 'node:util'

const LF = 10

/**
 * The text of a file's bytes, such that {@link encodeText} gives the same bytes back. A line that is no
 * UTF-8 (a comment in Latin-1, say) has each of its bytes above 127 as a lone surrogate, U+DC80 to U+DCFF.
 */
export function decodeText(bytes: Uint8Array): string {
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  try {
    return utf8.decode(bytes)
  } catch {
    return decodeLines(bytes, utf8)
  }
}

function decodeLines(bytes: Uint8Array, utf8: TextDecoder): string {
  let text = ''
  for (let from = 0; from < bytes.length; ) {
    const at = bytes.indexOf(LF, from)
    const to = at < 0 ? bytes.length : at + 1
    const line = bytes.subarray(from, to)
    try {
      text += utf8.decode(line)
    } catch {
      for (const byte of line) text += String.fromCharCode(byte < 128 ? byte : 0xdc00 + byte)
    }
    from = to
  }
  return text
}

export function encodeText(text: string): Uint8Array {
  const parts = text.split(/([\udc80-\udcff]+)/u)
  return Buffer.concat(
    parts.map((part, at) => (at % 2 === 0 ? Buffer.from(part) : Buffer.from(lowBytes(part)))),
  )
}

function lowBytes(surrogates: string): number[] {
  return Array.from(surrogates, (unit) => unit.charCodeAt(0) & 0xff)
}
