import { lstatSync, statSync } from 'node:fs'
import { connect as dial, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { Duplex } from 'node:stream'
import {
  abortReason,
  CALL_OPTIONS,
  type CallOptions,
  checkFields,
  checkTrusted,
  Deadline,
  type FieldsOf,
  InvalidTypeError,
  inContext,
  KEPT_APART,
  onAbort,
  type UnsafePermissions,
  WireGuardError,
} from '@wgctrl/types'
import { ClientConnection } from './client-connection.js'
import { RemoteWireGuard } from './remote-client.js'

export interface ConnectOptions extends CallOptions {
  /**
   * `'allow'`: connects to a socket that another user than root and this one could have put there. Keys would be given to
   * whoever did. Absent: `'refuse'`.
   */
  readonly unsafePermissions?: UnsafePermissions | undefined
}

const CONNECT_OPTIONS: FieldsOf<ConnectOptions> = {
  ...CALL_OPTIONS,
  unsafePermissions: ['refuse', 'allow'],
}

/** See `connect` of the package. */
export async function connectTo(
  where: string | Duplex,
  options: ConnectOptions,
): Promise<RemoteWireGuard> {
  checkFields(options, 'options', CONNECT_OPTIONS)
  if (typeof where !== 'string' && !(where instanceof Duplex)) {
    throw new InvalidTypeError('where', 'must be the path of a socket, or a duplex stream')
  }
  const { signal, timeout, unsafePermissions = 'refuse' } = options
  try {
    const call = { signal, ...(timeout !== undefined && { timeout }) }
    const stream = typeof where === 'string' ? await dialled(where, unsafePermissions, call) : where
    const connection = new ClientConnection(stream)
    const { backends } = ((await connection.greet(call)) ?? {}) as { backends?: unknown }
    return new RemoteWireGuard(connection, backends)
  } catch (error) {
    throw inContext(error, { operation: 'connect' })
  }
}

async function dialled(
  path: string,
  unsafePermissions: UnsafePermissions,
  options: CallOptions,
): Promise<Socket> {
  if (unsafePermissions === 'refuse') checkOwner(path)
  using deadline = new Deadline(options)
  const socket = dial({ path })
  return await new Promise<Socket>((resolve, reject) => {
    const unlisten = onAbort(deadline.signal, () => {
      socket.destroy()
      reject(abortReason(deadline.signal))
    })
    socket.once('connect', () => {
      unlisten()
      socket.off('error', reject)
      resolve(socket)
    })
    socket.once('error', reject)
  })
}

/** Who may write to the socket can connect, and no more: whose it is counts, and who can put another in its place. */
function checkOwner(path: string): void {
  const uid = process.geteuid?.()
  if (uid === undefined) return
  checkTrusted(dirname(path), statSync(dirname(path)), true)
  const { uid: owner } = lstatSync(path, KEPT_APART)
  if (owner === 0n || Number(owner) === uid) return
  const problem = `${path} belongs to user ${owner}, who is neither root nor this one`
  throw new WireGuardError(`${problem}; { unsafePermissions: 'allow' } allows it`, {
    code: 'EPERM',
  })
}
