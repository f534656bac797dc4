import { malformed } from '../errors.js'
import { writeU16 } from './bytes.js'
import { MESSAGE_HEADER } from './message.js'
import type { Writer } from './writer.js'

/** sizeof(struct genlmsghdr): command u8, version u8, reserved u16. @source linux/genetlink.h */
export const GENL_HEADER = 4

/** Where the attributes of a generic netlink message begin, from the start of the message. */
export const GENL_ATTRIBUTES: number = MESSAGE_HEADER + GENL_HEADER

/** What stands before the attributes of a generic netlink message. @source linux/genetlink.h, genlmsghdr */
export interface GenlHeader {
  command: number
  version: number
}

/** @throws {NetlinkError} EPROTO when fewer than four bytes are there */
export const decodeGenlHeader = (bytes: Uint8Array, start: number, end: number): GenlHeader => {
  if (end - start < GENL_HEADER) throw malformed('message ends inside genlmsghdr', start)
  return { command: bytes[start] as number, version: bytes[start + 1] as number }
}

/** Writes the header of a generic netlink message. */
export const encodeGenlHeader = (header: GenlHeader, writer: Writer): void => {
  const o = writer.reserve(GENL_HEADER)
  writer.bytes[o] = header.command
  writer.bytes[o + 1] = header.version
}

/** Gives a message the number and version of the family that it goes to. */
export const readdress = (bytes: Uint8Array, family: { id: number; version: number }): void => {
  writeU16(bytes, 4, family.id)
  bytes[MESSAGE_HEADER + 1] = family.version
}
