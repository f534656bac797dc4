import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { TestNamespace } from './namespace.js'

const program = fileURLToPath(new URL('leak-watch.py', import.meta.url))

/** Sends datagrams without end, and counts those that leave by the uplink as they are. */
export class LeakWatch implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #lines: AsyncIterator<string>

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    child.stderr.pipe(process.stderr)
  }

  /** The gateways of the namespace get a hardware address: else nothing would leave. */
  static async in(namespace: TestNamespace, ...addresses: string[]): Promise<LeakWatch> {
    const gateways = ['192.0.2.1', '2001:db8::1']
    const far = '02:00:00:00:00:02'
    await namespace.batch(
      [],
      ...gateways.map((gateway) => `neighbour replace ${gateway} lladdr ${far} dev uplink`),
    )
    const args = ['netns', 'exec', namespace.name, 'python3', program, 'far', ...addresses]
    return new LeakWatch(spawn('ip', args))
  }

  /** What was seen, and how often each address was sent to, since this was asked last. */
  take(): Promise<{ leaks: number; sent: number }> {
    return this.#ask('')
  }

  /** What was sent until now counts no more, however late it arrives. */
  async forget(): Promise<void> {
    await this.#ask('forget')
  }

  async #ask(line: string): Promise<{ leaks: number; sent: number }> {
    this.#child.stdin.write(`${line}\n`)
    const { value } = await this.#lines.next()
    const [leaks, sent] = String(value).split(' ').map(Number)
    return { leaks: leaks ?? Number.NaN, sent: sent ?? 0 }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.stdin.end()
    await ended
  }
}
