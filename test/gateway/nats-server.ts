import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A nats-server with JetStream, which can be killed and started again with what it had. */
export class NatsServer implements AsyncDisposable {
  readonly port: number
  readonly #address: string
  readonly #folder: string
  readonly #more: readonly string[]
  #child: ChildProcess | undefined

  private constructor(port: number, address: string, folder: string, more: readonly string[]) {
    ;[this.port, this.#address, this.#folder, this.#more] = [port, address, folder, more]
  }

  /**
   * @param address where it listens; loopback is always among it
   * @param more words of its command
   */
  static async open(address = '127.0.0.1', more: readonly string[] = []): Promise<NatsServer> {
    const folder = await mkdtemp(join(tmpdir(), 'wgctrl-nats-'))
    const server = new NatsServer(await freePort(), address, folder, more)
    await server.start()
    return server
  }

  get url(): string {
    return `127.0.0.1:${this.port}`
  }

  async start(): Promise<void> {
    const args = ['-a', this.#address, '-p', `${this.port}`, '-js', '-sd', this.#folder]
    this.#child = spawn('nats-server', [...args, ...this.#more], { stdio: 'ignore' })
    while (!(await listens(this.port))) await new Promise((resolve) => setTimeout(resolve, 50))
  }

  get isRunning(): boolean {
    const { exitCode, signalCode } = this.#child ?? {}
    return exitCode === null && signalCode === null
  }

  /** Seconds that it has been on a processor. */
  async cpuTime(): Promise<number> {
    const status = await readFile(`/proc/${this.#child?.pid}/stat`, 'utf8')
    // Behind the name, which may have spaces: utime and stime, in hundredths of a second.
    const fields = status.slice(status.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) / 100
  }

  /** As a machine that loses power. */
  async kill(): Promise<void> {
    const child = this.#child
    if (!child || !this.isRunning) return
    child.kill('SIGKILL')
    await once(child, 'close')
  }

  /** As one whose network is cut: it is there and says nothing. */
  freeze(): void {
    this.#child?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#child?.kill('SIGCONT')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    await rm(this.#folder, { recursive: true })
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}
