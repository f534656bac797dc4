import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'

/** What the kernel's own client says to a call. */
export type Answer =
  | { value: unknown }
  /** The kernel refused. */
  | { errno: number; extack: Record<string, unknown> }
  /** The client itself gave up. */
  | { failure: string }

/** A JSON form of a request: bytes are `{ $bytes: hex }`. */
export type PlainValues = Record<string, unknown>

/** The kernel's own Python client, which is the judge of ours. */
export class KernelClient {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>
  readonly #answers: AsyncIterator<string>

  /** @param source what `kernelSpecs` of test/kernel/specs.mjs gives */
  constructor(source: string, netns: string | undefined) {
    const program = fileURLToPath(new URL('client.py', import.meta.url))
    const inside = netns === undefined ? [] : ['ip', 'netns', 'exec', netns]
    const words = [...inside, '/usr/bin/python3', program, `${source}/tools/net/ynl/pyynl`]
    const [command = '', ...args] = words
    const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' }
    this.#process = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'inherit'] })
    this.#answers = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]()
  }

  do(spec: string, name: string, values: PlainValues, flags: readonly string[]): Promise<Answer> {
    return this.#ask('do', spec, name, values, flags)
  }

  dump(spec: string, name: string, values: PlainValues): Promise<Answer> {
    return this.#ask('dump', spec, name, values)
  }

  subscribe(spec: string, groups: readonly string[]): Promise<Answer> {
    return this.#ask('subscribe', spec, groups)
  }

  /** Notifications of all that was subscribed to: so many, or what came until the time was over. */
  heard(count: number, seconds: number): Promise<Answer> {
    return this.#ask('heard', count, seconds)
  }

  async close(): Promise<void> {
    this.#process.stdin.end()
    if (this.#process.exitCode === null) await once(this.#process, 'exit')
  }

  async #ask(call: string, ...words: unknown[]): Promise<Answer> {
    this.#process.stdin.write(`${JSON.stringify({ call, with: words })}\n`)
    const { value, done } = await this.#answers.next()
    if (done) throw new Error("the kernel's client has ended")
    return JSON.parse(value)
  }
}
