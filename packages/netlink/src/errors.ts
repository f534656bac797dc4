import { type ErrorDetails, type ExtendedAck, errnoName, WireGuardError } from '@wgctrl/types'

/**
 * What the kernel or the protocol objected to. `errno` and `extendedAck` are the kernel's;
 * `EPROTO` with `offset` means that bytes could not be read as netlink.
 */
export class NetlinkError extends WireGuardError {
  override readonly name: string = 'NetlinkError'
}

/** Bytes that are no netlink: `offset` counts from the first byte of what was decoded. */
export const malformed = (problem: string, offset: number): NetlinkError =>
  new NetlinkError(`${problem} (at byte ${offset})`, { code: 'EPROTO', offset })

/** The conversation went wrong though each message is well-formed. */
export const protocolError = (problem: string): NetlinkError =>
  new NetlinkError(problem, { code: 'EPROTO' })

/**
 * An errno that the kernel answered a request with.
 *
 * @param errno either sign
 */
export const kernelError = (errno: number, extendedAck?: ExtendedAck): NetlinkError => {
  const code = errnoName(errno)
  const refused =
    code === 'EPERM' ? 'this needs CAP_NET_ADMIN in the network namespace' : 'the kernel refused'
  const said = extendedAck?.message ?? refused
  const where = extendedAck?.path ?? extendedAck?.missing
  const allowed = extendedAck?.allowed ? `, allowed: ${extendedAck.allowed}` : ''
  return new NetlinkError(`${said}${where ? ` (${where})` : ''}${allowed}: ${code}`, {
    code: code === 'EACCES' ? 'EPERM' : code,
    errno: Math.abs(errno),
    extendedAck,
  })
}

/** A system call that failed. */
export const syscallError = (call: string, errno: number): NetlinkError => {
  const code = errnoName(errno)
  return new NetlinkError(`${call}: ${code}`, { code, errno: Math.abs(errno) })
}

/** The same error under another code, where a family gives an errno a narrower meaning. */
export const recoded = (
  error: WireGuardError,
  code: string,
  message: string,
  more: Partial<ErrorDetails> = {},
): NetlinkError =>
  new NetlinkError(message, {
    code,
    errno: error.errno,
    extendedAck: error.extendedAck,
    path: error.path,
    appliedPeers: error.appliedPeers,
    ...more,
    cause: error,
  })
