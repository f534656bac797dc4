import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'

/**
 * Runs a command without a shell and returns what it printed.
 *
 * @throws with what it complained about
 */
export function run(command: string, ...args: string[]): Promise<string> {
  return runWith('', command, ...args)
}

type Child = ChildProcessByStdio<Writable | null, Readable, Readable>

/** The same, with something to read. */
export async function runWith(input: string, command: string, ...args: string[]): Promise<string> {
  // A pipe of Node's is a socket: with one, bash takes its user for far away, and reads ~/.bashrc first.
  const stdin = input === '' ? 'ignore' : 'pipe'
  const child = spawn(command, args, { stdio: [stdin, 'pipe', 'pipe'] }) as Child
  child.stdin?.on('error', () => {}) // It may end before it has read all.
  child.stdin?.end(input)
  const [output, complaint] = [collect(child.stdout), collect(child.stderr)]
  const [status] = await once(child, 'exit')
  const said = await output
  if (status === 0) return said
  throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${await complaint}${said}`)
}

async function collect(stream: NodeJS.ReadableStream): Promise<string> {
  let text = ''
  for await (const chunk of stream.setEncoding('utf8')) text += chunk
  return text
}
