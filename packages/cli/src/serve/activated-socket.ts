import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import type { Io } from '../io.js'

/** @source sd_listen_fds(3): SD_LISTEN_FDS_START */
const FIRST = 3

/**
 * The socket that a service manager opened for this process; absent: it has opened none.
 *
 * @throws {Error} in words for the user
 * @source sd_listen_fds(3)
 */
export async function activatedSocket({ env }: Io, pid: number): Promise<Server | undefined> {
  const { LISTEN_PID, LISTEN_FDS } = env
  if (LISTEN_PID !== String(pid) || LISTEN_FDS === undefined) return undefined
  if (LISTEN_FDS !== '1')
    throw new Error(`one socket is served, and ${LISTEN_FDS} were handed over`)
  const server = createServer().listen({ fd: FIRST })
  await once(server, 'listening')
  return server
}
