import { once } from 'node:events'
import { rename, rm } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'

/**
 * Stands between callers and a daemon, and hands on what both say; but once a caller has said so many bytes, the rest
 * waits until it is let go.
 */
export class Relay implements AsyncDisposable {
  /** Resolves when somebody waits. */
  readonly holds: Promise<void>
  readonly #path: string
  readonly #server: Server
  readonly #waiting = new Set<Socket>()
  readonly #sockets = new Set<Socket>()
  #tellHolds: () => void = () => {}
  #bytes: number

  private constructor(path: string, bytes: number) {
    this.#path = path
    this.#bytes = bytes
    this.#server = createServer((caller) => this.#join(caller))
    this.holds = new Promise((resolve) => {
      this.#tellHolds = resolve
    })
  }

  /** @param path the daemon's socket, whose place it takes */
  static async before(path: string, bytes: number): Promise<Relay> {
    const relay = new Relay(path, bytes)
    await rename(path, relay.#away)
    relay.#server.listen(path)
    await once(relay.#server, 'listening')
    return relay
  }

  letGo(): void {
    this.#bytes = Number.POSITIVE_INFINITY
    for (const caller of this.#waiting) caller.resume()
  }

  /** The daemon has its place again. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
    await rename(this.#away, this.#path).catch(() => rm(this.#away, { force: true }))
  }

  get #away(): string {
    return `${this.#path}-away`
  }

  #join(caller: Socket): void {
    const daemon = connect(this.#away)
    let said = 0
    for (const [one, other] of [
      [caller, daemon],
      [daemon, caller],
    ] as const) {
      this.#sockets.add(one)
      one.on('error', () => {}).on('close', () => other.destroy())
    }
    daemon.pipe(caller)
    caller.on('end', () => daemon.end())
    caller.on('data', (chunk) => {
      daemon.write(chunk)
      said += chunk.length
      if (said < this.#bytes) return
      caller.pause()
      this.#waiting.add(caller)
      this.#tellHolds()
    })
  }
}
