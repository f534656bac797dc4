import { UapiSocket } from './socket.js'

/** Milliseconds that a pipe has to be dialled in. */
const PATIENCE = 1000

/** False when certainly no program holds a pipe: it is nothing of a file system, and only dialling it tells. */
export async function isHeld(path: string): Promise<boolean> {
  try {
    const socket = await UapiSocket.open(path, AbortSignal.timeout(PATIENCE))
    socket.close()
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT'
  }
}
