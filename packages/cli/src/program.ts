import { CommanderError, Command as Parser } from 'commander'
import type { Command, Invocation } from './command.js'
import type { Io } from './io.js'

/**
 * Runs a command line that commander parses: options, help, and mistakes.
 *
 * @returns the exit status
 */
export async function runProgram(
  commands: readonly Command[],
  words: readonly string[],
  io: Io,
): Promise<number> {
  let status = 0
  const program = makeProgram(commands, io, async (command, invocation) => {
    const run = await command.load()
    status = await run(invocation, io)
  })
  try {
    await program.parseAsync(words, { from: 'user' })
    return status
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode
    throw error
  }
}

/** The parser of the whole program; `run` is called with the command that was asked for. */
function makeProgram(
  commands: readonly Command[],
  io: Io,
  run: (command: Command, invocation: Invocation) => Promise<void>,
): Parser {
  const program = new Parser('wgctrl')
    .description('Control WireGuard devices, of the kernel and of userspace')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      getOutHelpWidth: () => io.stdout.columns ?? 80,
      getErrHelpWidth: () => io.stderr.columns ?? 80,
      getOutHasColors: () => io.stdout.isTTY,
      getErrHasColors: () => io.stderr.isTTY,
    })
  for (const command of commands) addCommand(program, command, run)
  return program
}

function addCommand(
  program: Parser,
  command: Command,
  run: (command: Command, invocation: Invocation) => Promise<void>,
): void {
  const parser = program.command(command.name).summary(command.summary)
  parser.description(command.description)
  parser.exitOverride(({ exitCode, code, message }) => {
    const status = exitCode === 0 ? 0 : (command.usageStatus ?? exitCode)
    throw new CommanderError(status, code, message)
  })
  for (const { name, summary, isOptional, isVariadic } of command.arguments ?? []) {
    const spelled = isVariadic ? `${name}...` : name
    parser.argument(isOptional ? `[${spelled}]` : `<${spelled}>`, summary)
  }
  for (const { flags, summary, default: fallback } of command.options ?? []) {
    parser.option(flags, summary, fallback as string | boolean | undefined)
  }
  // A usage line starts with the command, which commander writes by itself.
  for (const usage of command.usage ?? []) parser.usage(usage.slice(command.name.length + 1))
  parser.action(async () => {
    const { args: words } = parser
    const invocation = { program: 'wgctrl', command: command.name, words, options: parser.opts() }
    await run(command, invocation)
  })
}
