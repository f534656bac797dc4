import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Program, temporaryFolder } from './program.js'

/**
 * Hears what a service manager would hear; socat(1) and we have nothing in common. What tells it anything needs
 * unix-dgram compiled.
 */
export async function serviceManager(): Promise<{
  receiver: Program
  env: { NOTIFY_SOCKET: string }
}> {
  const socket = join(await temporaryFolder(), 'notify')
  const receiver = new Program('socat', ['-u', `UNIX-RECV:${socket}`, 'STDOUT'])
  while (!existsSync(socket)) await new Promise((resolve) => setTimeout(resolve, 10))
  return { receiver, env: { NOTIFY_SOCKET: socket } }
}
