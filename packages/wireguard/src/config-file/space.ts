/** Tab, LF, VT, FF, CR and space. @source wireguard-tools, src/ctype.h */
function isSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13)
}

/** Where the text begins behind its leading whitespace. */
export function startOf(text: string, from = 0): number {
  let at = from
  while (at < text.length && isSpace(text.charCodeAt(at))) at++
  return at
}

/** Where the text ends before its trailing whitespace. */
export function endOf(text: string, until: number = text.length): number {
  let at = until
  while (at > 0 && isSpace(text.charCodeAt(at - 1))) at--
  return at
}

/** Without the whitespace at both ends, as wg-quick(8) reads. Not `trim()`: it takes U+00A0 too. */
export function trim(text: string): string {
  return text.slice(startOf(text), endOf(text))
}

/** Without any whitespace, as wg(8) reads. */
export function squeeze(text: string): string {
  return text.replace(/[\t\n\v\f\r ]+/g, '')
}

/** Lower case of ASCII alone: `toLowerCase()` makes a plain k of the Kelvin sign. */
export function lower(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}
