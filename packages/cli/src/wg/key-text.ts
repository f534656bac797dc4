import { SecretKey } from '@wgctrl/types'

/** Characters of a key in base64. */
export const KEY_TEXT_LENGTH = 44

/** White space as wg(8) knows it. @source wireguard-tools, src/ctype.h */
export function isSpace(code: number | undefined): boolean {
  return code === 32 || (code !== undefined && code >= 9 && code <= 13)
}

/** The key that a text of base64 holds; `undefined` when it is none. The bytes are left as they are. */
export function parseSecret(text: Uint8Array): SecretKey | undefined {
  const characters = Buffer.from(text.buffer, text.byteOffset, text.length).toString('latin1')
  try {
    return SecretKey.from(characters)
  } catch {
    return undefined
  }
}
