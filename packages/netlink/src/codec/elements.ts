import { malformed } from '../errors.js'
import { readU16 } from './bytes.js'
import { ATTRIBUTE_HEADER } from './writer.js'

/**
 * Where the element of an indexed array that starts at `offset` ends, header included. Its payload
 * is `[offset + 4, end)`; the next element starts at the end, aligned.
 *
 * @throws {NetlinkError} EPROTO with the offset of an element whose length lies
 */
export const elementEnd = (bytes: Uint8Array, offset: number, end: number): number => {
  const left = end - offset
  const length = left < ATTRIBUTE_HEADER ? 0 : readU16(bytes, offset)
  if (length < ATTRIBUTE_HEADER || length > left) {
    throw malformed(`array element of ${length} bytes with ${left} left`, offset)
  }
  return offset + length
}
