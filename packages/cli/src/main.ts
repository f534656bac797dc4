import { mayHaveSocket } from '@wgctrl/uapi'
import type { Command } from './command.js'
import { errorText } from './error-text.js'
import { checkHost, type RawGlobals, takeGlobals, toGlobals } from './globals.js'
import type { Io } from './io.js'
import { wgCommands } from './wg/commands.js'

/**
 * Runs one command.
 *
 * @param words the command line without the program
 * @param program the name it was started by; `wg` makes it wg(8)
 * @returns the exit status
 */
export async function main(words: readonly string[], io: Io, program = 'wgctrl'): Promise<number> {
  try {
    return await (program === 'wg' ? runAsWg(words, io) : runAsWgctrl(words, io))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') return BROKEN_PIPE
    io.stderr.write(`${program}: ${errorText(error)}\n`)
    return 1
  }
}

/** What a shell sees of a program that SIGPIPE ended, as it would have ended wg(8). */
const BROKEN_PIPE = 128 + 13

async function runAsWgctrl(words: readonly string[], io: Io): Promise<number> {
  const { raw, rest: line } = takeGlobals(words)
  const [name = 'show', ...rest] = line
  const command = ofWg(name)
  if (command && !asksForHelp(rest)) return runWords(command, 'wgctrl', rest, io, raw)
  const { runProgram } = await import('./program.js')
  return runProgram(line, io, raw)
}

async function runAsWg(words: readonly string[], io: Io): Promise<number> {
  const [name = 'show', ...rest] = words
  const command = ofWg(name)
  if (command) return runWords(command, 'wg', rest, io)
  const { answerAsWg } = await import('./wg/usage.js')
  return answerAsWg(words, io)
}

/** The others are not loaded for it. */
function ofWg(name: string): Command | undefined {
  return wgCommands.find((each) => each.name === name)
}

async function runWords(
  command: Command,
  program: string,
  words: readonly string[],
  io: Io,
  raw: RawGlobals = {},
): Promise<number> {
  const globals = toGlobals(raw)
  checkHost(command, globals)
  const run = await command.load()
  const invocation = { program, command: command.name, words, options: {}, globals }
  // wg(8) says nothing of the kind.
  if (program !== 'wg' && words.some((word) => mayHaveSocket(word, globals.dialect))) {
    const { warnOfNamesakes } = await import('./namesake.js')
    await warnOfNamesakes(command, invocation, io)
  }
  return run(invocation, io)
}

function asksForHelp(words: readonly string[]): boolean {
  return words.length === 1 && ['-h', '--help'].includes(words[0] as string)
}
