import { watch } from 'node:fs'
import { access, mkdir } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { dirname } from 'node:path'
import type { FakeDevice } from '@wgctrl/types/testing'
import { Conversation } from './conversation.js'
import { FakeDaemon, type FakeImplementation } from './fake-daemon.js'

/** How the name of a pipe begins, which is nothing of a file system. */
const PIPES = '\\\\.\\pipe\\'

/**
 * A {@link FakeDevice} behind a real UNIX socket, or a named pipe of Windows, for tests of programs that speak
 * UAPI. Its reader and writer of the protocol share no code with the backend's. Like the real daemons it ends
 * when its socket file is removed.
 *
 * @example
 * ```ts
 * await using server = await FakeUapiServer.listen('/tmp/wg/wg0.sock', new FakeDevice('wg0'))
 * const wg = await open({ backends: [new UserspaceBackend({ socketDir: '/tmp/wg' })] })
 * console.log(await wg.device('wg0'))
 * ```
 */
export class FakeUapiServer implements AsyncDisposable {
  readonly device: FakeDevice
  readonly implementation: FakeImplementation
  /** Every request that came, as text without the blank line: keys included. */
  readonly requests: string[] = []
  readonly #daemon: FakeDaemon
  readonly #server: Server
  readonly #connections = new Set<Socket>()
  #end: Promise<void> | undefined

  private constructor(device: FakeDevice, implementation: FakeImplementation) {
    this.device = device
    this.implementation = implementation
    this.#daemon = new FakeDaemon(device, implementation)
    this.#server = createServer((socket) => this.#serve(socket))
  }

  /** UDP ports that others have: as with the real daemons a set that asks for one is refused, and closes the device's own. */
  get takenPorts(): Set<number> {
    return this.#daemon.takenPorts
  }

  /** True once a port was refused, until another is had: a real daemon would hear nobody. */
  get isDeaf(): boolean {
    return this.#daemon.isDeaf
  }

  /** Without it a daemon lacks the right to mark its packets: sets of a mark are refused. */
  set mayMark(mayMark: boolean) {
    this.#daemon.mayMark = mayMark
  }

  /** Makes the socket, and its directory where that is missing; on Windows the named pipe. */
  static async listen(
    path: string,
    device: FakeDevice,
    implementation: FakeImplementation = 'wireguard-go',
  ): Promise<FakeUapiServer> {
    const fake = new FakeUapiServer(device, implementation)
    const isFile = !path.startsWith(PIPES)
    if (isFile) await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await new Promise<void>((resolve, reject) => {
      fake.#server.once('error', reject)
      fake.#server.listen(path, resolve)
    })
    if (isFile) fake.#endWith(path)
    return fake
  }

  /** Ends the server and cuts its connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#end ??= new Promise((resolve) => {
      this.#server.close(() => resolve())
      for (const connection of this.#connections) connection.destroy()
    })
    await this.#end
  }

  #endWith(path: string): void {
    const watcher = watch(dirname(path), () => {
      access(path).catch(() => this[Symbol.asyncDispose]())
    })
    this.#server.once('close', () => watcher.close())
  }

  #serve(socket: Socket): void {
    const conversation = new Conversation(this.#daemon, this.requests)
    this.#connections.add(socket)
    socket.once('close', () => this.#connections.delete(socket))
    socket.on('error', () => socket.destroy())
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      const answer = conversation.push(text)
      if (answer) socket.write(answer)
      if (conversation.isOver) socket.destroySoon()
    })
  }
}
