import type { Socket } from 'node:net'
import { NetlinkError } from '../errors.js'
import { ABI, LAYOUT } from './abi.js'
import { loadLibC } from './ffi.js'

/** Which process connected to a UNIX socket, as the kernel knows it: nobody can claim to be another. */
export interface PeerCredentials {
  readonly pid: number
  readonly uid: number
  readonly gid: number
}

/**
 * Passes where {@link peerCredentials} can be asked. What that needs is loaded then.
 *
 * @throws {NetlinkError} `EUNSUPPORTED` on another system than Linux on x64 or arm64, or where ffi-rs has no binary
 */
export async function requirePeerCredentials(): Promise<void> {
  await loadLibC()
}

/**
 * Who is at the other end of a UNIX socket: as it was when it connected, or when it began to listen.
 *
 * @throws {NetlinkError} `EUNSUPPORTED` on another system than Linux on x64 or arm64, where ffi-rs has no binary, or
 *   where the runtime does not tell a socket's descriptor
 * @source unix(7), SO_PEERCRED
 */
export async function peerCredentials(socket: Socket): Promise<PeerCredentials> {
  const libc = await loadLibC()
  const fd = descriptorOfSocket(socket)
  const credentials = Buffer.alloc(LAYOUT['sizeof(struct ucred)'])
  libc.getsockopt(fd, ABI.SOL_SOCKET, ABI.SO_PEERCRED, credentials)
  const number = (member: 'pid' | 'uid' | 'gid'): number =>
    credentials.readUInt32LE(LAYOUT[`offsetof(struct ucred, ${member})`])
  return { pid: number('pid'), uid: number('uid'), gid: number('gid') }
}

/** Node has no other name for it. */
function descriptorOfSocket(socket: Socket): number {
  const { _handle: handle } = socket as { _handle?: { readonly fd?: number } | null }
  const fd = handle?.fd
  if (typeof fd === 'number' && fd >= 0) return fd
  throw new NetlinkError('this runtime does not tell the descriptor of a socket', {
    code: 'EUNSUPPORTED',
    feature: 'peer-credentials',
  })
}
