import { spawn } from 'node:child_process'
import { once } from 'node:events'

/**
 * Runs a command without a shell and returns what it printed.
 *
 * @throws with what it complained about
 */
export function run(command: string, ...args: string[]): Promise<string> {
  return runWith('', command, ...args)
}

/** The same, with something to read. */
export async function runWith(input: string, command: string, ...args: string[]): Promise<string> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  child.stdin.on('error', () => {}) // Most commands read nothing.
  child.stdin.end(input)
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
