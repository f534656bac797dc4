import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'

/** Below the range that the system chooses from, so that no device takes it by chance. */
let next = 10_000 + (process.pid % 100) * 200

/** A UDP port that nobody has. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = next++
    const socket = await bind(port).catch(() => undefined)
    if (!socket) continue
    socket.close()
    await once(socket, 'close')
    return port
  }
}

/** Takes a UDP port, by default one that nobody has, until it is disposed of. */
export async function takenPort(
  wanted?: number,
): Promise<AsyncDisposable & { readonly port: number }> {
  const port = wanted ?? (await freePort())
  const socket = await bind(port)
  const close = async (): Promise<void> => {
    socket.close()
    await once(socket, 'close')
  }
  return { port, [Symbol.asyncDispose]: close }
}

async function bind(port: number): Promise<Socket> {
  const socket = createSocket('udp6')
  socket.bind(port)
  await once(socket, 'listening')
  return socket
}
