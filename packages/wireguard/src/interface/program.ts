import { type ChildProcess, spawn } from 'node:child_process'
import { constants } from 'node:os'
import { delimiter, join } from 'node:path'
import { isProgram, WireGuardError } from '@wgctrl/types'
import type { Place, ProgramInput, ProgramResult } from './machine.js'
import { runInNamespace } from './namespace.js'

/** What a program says is for a person to read; more than this is for none. */
const LONGEST_OUTPUT = 4 * 1024 * 1024

/** Where packages put programs for root. Neither cron nor many a service has them in its PATH. */
const FOR_ROOT = ['/usr/local/sbin', '/usr/sbin', '/sbin']

/** Where a program is, as execvp(3) finds it, or where programs for root are; `undefined`: nowhere. */
export async function findProgram(command: string): Promise<string | undefined> {
  for (const directory of [...(process.env.PATH ?? '').split(delimiter), ...FOR_ROOT]) {
    const path = join(directory, command)
    const isThere = directory !== '' && (await isProgram(path))
    if (isThere) return path
  }
  return undefined
}

/** Runs a program without a shell and collects what it says. @throws when it cannot be started */
export async function tryProgram(
  command: string,
  args: readonly string[],
  { input, netns, signal }: ProgramInput = {},
): Promise<ProgramResult> {
  const env = { ...process.env, LC_ALL: 'C' }
  const child = await runInNamespace(netns, () =>
    spawn(command, args, { stdio: 'pipe', env, ...(signal && { signal }) }),
  )
  child.stdin.on('error', () => {})
  child.stdin.end(input ?? '')
  const [output, complaint, status] = await Promise.all([
    collect(child.stdout),
    collect(child.stderr),
    statusOf(child),
  ])
  return { status, output, complaint }
}

/**
 * Runs a program as `tryProgram` of the machine does, for programs that make a change and have to succeed. No signal ends them: one that
 * was killed has made its change or has not, and nobody could take back what is not known.
 *
 * @throws {WireGuardError} `EPERM`, `EEXIST` or `EIO` with what the program said
 */
export async function runProgram(
  command: string,
  args: readonly string[],
  { machine, input, netns }: Omit<Place, 'signal'>,
): Promise<string> {
  const { status, output, complaint } = await machine.tryProgram(command, args, { input, netns })
  if (status === 0) return output
  throw programError([command, ...args].join(' '), status, complaint)
}

/** Programs pass on what strerror(3) makes of a number; with LC_ALL=C these are its words. */
const codes: readonly [RegExp, string][] = [
  [/permission denied|operation not permitted/i, 'EPERM'],
  [/file exists/i, 'EEXIST'],
]

/** A program, or a hook's line, that ended with another status than 0. */
export class ProgramError extends WireGuardError {
  override readonly name = 'ProgramError'
  /** The exit status; 128 and the signal's number where a signal ended it, as shells have it. */
  readonly status: number
  /** What came from its standard error, as far as it is for a person to read. */
  readonly stderr: string

  constructor(message: string, code: string, status: number, stderr: string) {
    super(message, { code })
    this.status = status
    this.stderr = stderr
  }
}

export function programError(command: string, status: number, complaint: string): ProgramError {
  const said = complaint.trim() === '' ? '' : ` and said: ${complaint.trim()}`
  const code = codes.find(([pattern]) => pattern.test(complaint))?.[1] ?? 'EIO'
  return new ProgramError(`${command} ended with status ${status}${said}`, code, status, complaint)
}

/** @returns the exit status, 128 and the signal's number as shells have it */
export function statusOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(code ?? 128 + numberOf(signal)))
  })
}

async function collect(stream: NodeJS.ReadableStream): Promise<string> {
  let text = ''
  stream.setEncoding('utf8')
  for await (const chunk of stream) if (text.length < LONGEST_OUTPUT) text += chunk
  return text
}

const numberOf = (signal: NodeJS.Signals | null): number =>
  signal === null ? 0 : constants.signals[signal]
