/** Characters of a key in base64. */
export const KEY_TEXT_LENGTH = 44

/** White space as wg(8) knows it. @source wireguard-tools, src/ctype.h */
export function isSpace(code: number | undefined): boolean {
  return code === 32 || (code !== undefined && code >= 9 && code <= 13)
}
