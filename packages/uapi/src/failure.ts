import { stat } from 'node:fs/promises'
import { type ErrorContext, inContext, WireGuardError } from '@wgctrl/types'

/** What connect(2) says of a file that is there and is no listening stream socket. */
const UNDIALLED = new Set<string | undefined>(['ECONNREFUSED', 'ENOTSOCK', 'EPROTOTYPE'])

/**
 * What a failed call on a device means. The system tells of sockets, the caller asked about devices:
 * no socket is no device, and one that refuses was left by a daemon that is gone.
 *
 * @param isThere whether the device has its socket still; a reply that stopped short is then explained
 */
export async function explainFailure(
  error: unknown,
  context: ErrorContext,
  isThere: () => Promise<boolean>,
): Promise<unknown> {
  if (error instanceof WireGuardError) {
    if (error.code !== 'EPROTO' || (await isThere())) return inContext(error, context)
    return failure('ENODEV', 'the device went away meanwhile', error, context)
  }
  const { code, address: path = '' } = error as NodeJS.ErrnoException & { address?: string }
  if (code === 'ENOENT') return failure('ENODEV', 'no such device', error, context)
  if (!UNDIALLED.has(code)) return inContext(error, context)
  if (code !== 'ECONNREFUSED' || !(await isSocket(path))) {
    return failure('ENOTWIREGUARD', `${path} is no stream socket`, error, context)
  }
  return failure('ECONNREFUSED', `nobody listens on ${path} any more`, error, context)
}

function failure(code: string, text: string, cause: unknown, context: ErrorContext): Error {
  const where = [context.operation, context.device].filter(Boolean).join(' ')
  return new WireGuardError(`${where}: ${text}`, { ...context, code, cause })
}

/** False for a file, a directory or anything else that connect(2) refuses as it does a stale socket. */
export async function isSocket(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  return found?.isSocket() ?? true
}
