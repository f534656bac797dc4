import type { ExtendedAck } from '@wgctrl/types'
import { malformed } from '../errors.js'
import { align } from './align.js'
import { attributePath, type SetNames } from './attribute-path.js'
import { attributeSet, specName } from './attribute-set.js'
import { readS32, readU32 } from './bytes.js'
import { decode } from './decode.js'
import { binary, nest, string, u32 } from './field.js'
import { MESSAGE_HEADER, NLM_F } from './message.js'
import { policyAttributes, policyText } from './policy.js'

/** @source linux/netlink.h, enum nlmsgerr_attrs */
export const extendedAckAttributes = attributeSet('nlmsgerr', {
  message: string(1),
  offset: u32(2),
  cookie: binary(3),
  policy: nest(4, policyAttributes),
  missingType: u32(5),
  missingNest: u32(6),
})

/** The request an answer belongs to: its bytes, and what its attributes are. */
export interface RequestShape {
  bytes: Uint8Array
  set: SetNames
  /** Where the attributes begin in `bytes`. */
  start: number
}

export interface Acknowledgement {
  /** 0, or a negative errno. */
  error: number
  extendedAck?: ExtendedAck
  /** Bytes that some families answer with, such as a handle of what was made. */
  cookie?: Uint8Array
}

/**
 * NLMSG_ERROR: errno s32, the request's header, its payload unless NLM_F_CAPPED, then attributes
 * when NLM_F_ACK_TLVS. An error of 0 is an acknowledgement.
 *
 * @throws {NetlinkError} EPROTO when the message is too short for what its flags promise
 */
export const decodeError = (
  bytes: Uint8Array,
  start: number,
  end: number,
  flags: number,
  request?: RequestShape,
): Acknowledgement => {
  if (end - start < 4 + MESSAGE_HEADER) throw malformed('NLMSG_ERROR is cut short', start)
  const error = readS32(bytes, start)
  if ((flags & NLM_F.ackTlvs) === 0) return { error }
  const capped = (flags & NLM_F.capped) !== 0
  const echoed = capped ? MESSAGE_HEADER : Math.max(MESSAGE_HEADER, readU32(bytes, start + 4))
  return withAttributes(error, bytes, start + 4 + align(echoed), end, request)
}

/**
 * NLMSG_DONE: errno s32, then attributes when NLM_F_ACK_TLVS. A dump's failure comes this way.
 *
 * @throws {NetlinkError} EPROTO when attributes are promised that cannot be read
 */
export const decodeDone = (
  bytes: Uint8Array,
  start: number,
  end: number,
  flags: number,
  request?: RequestShape,
): Acknowledgement => {
  // Some families end a dump with a DONE without payload; that is success.
  if (end - start < 4) return { error: 0 }
  const error = Math.min(0, readS32(bytes, start))
  if ((flags & NLM_F.ackTlvs) === 0) return { error }
  return withAttributes(error, bytes, start + 4, end, request)
}

const withAttributes = (
  error: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  request: RequestShape | undefined,
): Acknowledgement => {
  if (start > end) throw malformed('extended ack starts behind the end of the message', end)
  const { message, offset, cookie, policy, missingType, missingNest } = decode(
    extendedAckAttributes,
    bytes,
    start,
    end,
  )
  const path = request && offset !== undefined ? pathAt(request, offset) : undefined
  const allowed = policy && policyText(policy)
  const extendedAck: ExtendedAck = {
    ...(message !== undefined && { message }),
    ...(offset !== undefined && { offset }),
    ...(path !== undefined && { path }),
    ...(allowed !== undefined && { allowed }),
    ...(missingType !== undefined && { missing: missingName(request, missingType, missingNest) }),
  }
  return {
    error,
    ...(Object.keys(extendedAck).length > 0 && { extendedAck }),
    ...(cookie !== undefined && { cookie }),
  }
}

const pathAt = ({ set, bytes, start }: RequestShape, offset: number): string | undefined =>
  attributePath(set, bytes, start, bytes.length, offset)

/** Without a nest the attribute is missing at the top; with one, inside the attribute at its offset. */
const missingName = (
  request: RequestShape | undefined,
  type: number,
  nestOffset: number | undefined,
): string => {
  if (request === undefined) return String(type)
  const parent = nestOffset === undefined ? request.set.name : pathAt(request, nestOffset)
  const set = parent === undefined ? undefined : setAt(request.set, parent)
  const key = set?.table.keys[type]
  return `${parent ?? request.set.name}.${key ? specName(key) : type}`
}

/** The set that the nest named by `path` holds. */
const setAt = (root: SetNames, path: string): SetNames | undefined => {
  let set: SetNames | undefined = root
  for (const part of path.split('.').slice(1)) {
    const name = part.replace(/\[\d+\]$/, '')
    const type: number = set?.table.keys.findIndex((key) => specName(key) === name) ?? -1
    set = set?.table.fields[type]?.set
  }
  return set
}
