import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { main } from '../../packages/cli/src/main.js'
import { fakeIo } from '../../packages/cli/src/testing.fixture.js'

/** What is to be seen of a command that ran. */
export interface Outcome {
  readonly status: number | null
  readonly out: string
  readonly err: string
}

export interface RunOptions {
  readonly input?: string | Uint8Array
  readonly env?: Record<string, string>
}

/** Names are looked up once: in here no name server answers. */
const environment = { WG_ENDPOINT_RESOLUTION_RETRIES: '0' }

/** Runs wg(8) of this machine. */
export function runWg(words: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return runProgram('wg', words, options)
}

/**
 * The year of the wg(8) of this machine. Where those of 2021 and 2026 differ ours does as that of 2026: docs/cli.md says
 * in what.
 */
export const yearOfWg: number = Number(
  /v\d+\.\d+\.(\d{4})/.exec(execFileSync('wg', ['--version'], { encoding: 'utf8' }))?.[1],
)

/** Runs any program. */
export async function runProgram(
  program: string,
  words: readonly string[],
  { input = '', env = {} }: RunOptions = {},
): Promise<Outcome> {
  const { PATH = '' } = process.env
  const child = spawn(program, words, { env: { PATH, ...environment, ...env } })
  child.stdin.on('error', () => {}) // Most commands read nothing.
  child.stdin.end(input)
  const closed = once(child, 'close')
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
  const [status] = await closed
  return { status, out, err }
}

/** Runs our command within this process, as the program `wg`. */
export async function runOurs(
  words: readonly string[],
  { input = '', env = {} }: RunOptions = {},
  program = 'wg',
): Promise<Outcome> {
  const io = fakeIo({ input, env: { ...environment, ...env } })
  const status = await main(words, io, program)
  return { status, ...io.written }
}
