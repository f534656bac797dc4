import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, vi } from 'vitest'

/** A directory of its own for the test that asks. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'wgctrl-test-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

export interface RawServer {
  readonly path: string
  /** What came on all connections. */
  received(): string
  /** How many connections there are at this moment. */
  connections(): number
}

/** A socket that is answered by hand. */
export async function serve(
  handle: (socket: Socket) => void,
  name = 'wg0.sock',
): Promise<RawServer> {
  const path = join(await temporaryDirectory(), name)
  const sockets = new Set<Socket>()
  let received = ''
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1')
    })
    handle(socket)
  })
  server.listen(path)
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return { path, received: () => received, connections: () => sockets.size }
}

/** A socket whose owner was killed. */
export async function leaveStaleSocket(path: string): Promise<void> {
  const script = `require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 9))`
  const child = spawn(process.execPath, ['-e', script, path], { stdio: 'ignore' })
  await once(child, 'exit')
}

/** Fails when a socket or a timer of this process is left when the test is over. */
export function expectNothingLeft(): void {
  const held = (): string[] =>
    process.getActiveResourcesInfo().filter((kind) => /^(PipeWrap|PipeConnectWrap)$/.test(kind))
  const before = held().length
  onTestFinished(async () => {
    await vi.waitFor(() => expect(held().length).toBeLessThanOrEqual(before), { timeout: 5000 })
  })
}
