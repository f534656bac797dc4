import { InvalidRangeError } from '@wgctrl/types'

/** Of a rule's userdata, which is nft(8)'s own: type u8, length u8, bytes. @source libnftnl/udata.h, NFTNL_UDATA_RULE_COMMENT */
const COMMENT = 0
const HEADER = 2

/**
 * Userdata of a set whose keys are in the order of the processor; without, nft(8) shows names turned round.
 *
 * @source libnftnl/udata.h, NFTNL_UDATA_SET_KEYBYTEORDER; nftables/datatype.h, BYTEORDER_HOST_ENDIAN
 */
export const HOST_ORDER: Uint8Array = Uint8Array.of(0, 4, 1, 0, 0, 0)

/** The comment of a rule as its userdata, with a NUL behind it. */
export function encodeComment(comment: string): Uint8Array {
  const text = Buffer.from(`${comment}\0`)
  if (text.length > 0xff) throw new InvalidRangeError('comment', 'must have at most 254 bytes')
  return Buffer.concat([Buffer.of(COMMENT, text.length), text])
}

/** The comment in a rule's userdata; `undefined`: there is none. */
export function decodeComment(userdata: Uint8Array): string | undefined {
  for (let at = 0; at + HEADER <= userdata.length; ) {
    const [type, length = 0] = userdata.subarray(at, at + HEADER)
    const value = userdata.subarray(at + HEADER, at + HEADER + length)
    if (type === COMMENT) return Buffer.from(value).toString().replace(/\0.*$/s, '')
    at += HEADER + length
  }
  return undefined
}
