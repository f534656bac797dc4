/**
 * Netlink by hand: builders and a reader that share nothing with the codecs of this package, so that
 * a mistake there cannot hide here. Little-endian, like the kernels that this stands in for.
 */

export const u8 = (value: number): Buffer => Buffer.from([value])

/** A payload of 16 bits, in the byte order of the machine. */
export const u16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16LE(value)
  return bytes
}

/** A payload of 32 bits. */
export const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value >>> 0)
  return bytes
}

/** A payload of 32 bits with a sign. */
export const s32 = (value: number): Buffer => u32(value)

/** A payload of 64 bits. */
export const u64 = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(value)
  return bytes
}

/** A payload of text, with the zero byte behind it. */
export const text = (value: string): Buffer => Buffer.from(`${value}\0`)

const padded = (bytes: Buffer): Buffer =>
  Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)])

/** struct nlattr and its payload, padded. */
export const attr = (type: number, ...payload: Uint8Array[]): Buffer => {
  const body = Buffer.concat(payload)
  return padded(Buffer.concat([u16(body.length + 4), u16(type), body]))
}

/** A nest, with NLA_F_NESTED. */
export const nested = (type: number, ...payload: Uint8Array[]): Buffer =>
  attr(type | 0x8000, ...payload)

/** struct nlmsghdr and its payload, padded. */
export const message = (
  type: number,
  flags: number,
  sequence: number,
  ...payload: Uint8Array[]
): Buffer => {
  const body = Buffer.concat(payload)
  const header = [u32(body.length + 16), u16(type), u16(flags), u32(sequence), u32(PORT)]
  return padded(Buffer.concat([...header, body]))
}

/** The address that the fake gives every socket. */
export const PORT = 4242

/** NLMSG_ERROR with an errno (positive here, negative on the wire), the request's header capped. */
export const answer = (request: Buffer, errno: number, ...attributes: Buffer[]): Buffer => {
  const flags = 0x100 | (attributes.length > 0 ? 0x200 : 0)
  const sequence = request.readUInt32LE(8)
  return message(2, flags, sequence, s32(-errno), request.subarray(0, 16), ...attributes)
}

/** NLMSG_DONE with an errno. */
export const done = (request: Buffer, errno = 0, flags = 0): Buffer =>
  message(3, 0x2 | flags, request.readUInt32LE(8), s32(-errno))

export interface RawAttribute {
  /** Without the two flag bits. */
  type: number
  payload: Buffer
}

/** The attributes of a payload; what does not fit ends the list. */
export const attributes = (bytes: Buffer): RawAttribute[] => {
  const list: RawAttribute[] = []
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = bytes.readUInt16LE(at)
    if (length < 4 || at + length > bytes.length) break
    list.push({
      type: bytes.readUInt16LE(at + 2) & 0x3fff,
      payload: bytes.subarray(at + 4, at + length),
    })
    at += (length + 3) & ~3
  }
  return list
}

/** The payload of the first attribute of a type; absent: there is none. */
export const find = (list: readonly RawAttribute[], type: number): Buffer | undefined =>
  list.find((item) => item.type === type)?.payload

/** Text up to its first zero byte. */
export const readText = (bytes: Buffer): string => bytes.toString('utf8').replace(/\0.*$/s, '')
