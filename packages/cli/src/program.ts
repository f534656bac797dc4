import { createRequire } from 'node:module'
import { CommanderError, Command as Parser, Option as ParserOption } from 'commander'
import type { Command, CommandGroup, Invocation } from './command.js'
import { commandGroups } from './commands.js'
import { attributeOf, checkHost, globalOptions, type RawGlobals, toGlobals } from './globals.js'
import { about } from './help/about.js'
import { commandEpilogue, programEpilogue } from './help/epilogue.js'
import type { Io } from './io.js'
import { warnOfNamesakes } from './namesake.js'

/**
 * Runs a command line that commander parses: options, help, and mistakes.
 *
 * @param before the options that stood before the command
 * @returns the exit status
 */
export async function runProgram(
  words: readonly string[],
  io: Io,
  before: RawGlobals = {},
): Promise<number> {
  let status = 0
  const program = makeProgram(commandGroups, io, async (command, { raw, ...given }) => {
    const invocation = { ...given, globals: toGlobals({ ...before, ...raw }) }
    checkHost(command, invocation.globals)
    const run = await command.load()
    await warnOfNamesakes(command, invocation, io)
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

/** Of this package: its manifest lies above what is built, and above the sources. */
function version(): string {
  const { version } = createRequire(import.meta.url)('../package.json') as { version: string }
  return version
}

/** A command line whose global options nobody has looked at yet. */
interface Parsed extends Omit<Invocation, 'globals'> {
  readonly raw: RawGlobals
}

/** The parser of the whole program; `run` is called with the command that was asked for. */
function makeProgram(
  groups: readonly CommandGroup[],
  io: Io,
  run: (command: Command, parsed: Parsed) => Promise<void>,
): Parser {
  const program = new Parser('wgctrl')
    .description('Control WireGuard devices, of the kernel and of userspace')
    .version(version(), '-V, --version', 'print the version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      getOutHelpWidth: () => io.stdout.columns ?? 80,
      getErrHelpWidth: () => io.stderr.columns ?? 80,
      getOutHasColors: () => io.stdout.isTTY,
      getErrHasColors: () => io.stderr.isTTY,
    })
  // Those are taken before; here they are for the help.
  program.enablePositionalOptions()
  for (const { flags, summary } of globalOptions) program.option(flags, summary)
  for (const { title, commands } of groups) {
    program.commandsGroup(`${title}:`)
    for (const command of commands) addCommand(program, command, run)
  }
  program.helpCommand('help [command]', 'show help for a command')
  program.addHelpText('after', programEpilogue(about.examples))
  return program
}

function addCommand(
  program: Parser,
  command: Command,
  run: (command: Command, parsed: Parsed) => Promise<void>,
): void {
  const parser = program.command(command.name).summary(command.summary)
  parser.description(command.description)
  parser.addHelpText('after', commandEpilogue(command))
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
  const own = new Set(command.options?.map(attributeOf))
  const added = globalOptions.filter((option) => !own.has(attributeOf(option)))
  for (const { flags, summary } of added) {
    parser.addOption(new ParserOption(flags, summary).hideHelp())
  }
  // A usage line starts with the command, which commander writes by itself.
  for (const usage of command.usage ?? []) parser.usage(usage.slice(command.name.length + 1))
  parser.action(async () => {
    const { args: words } = parser
    const options = parser.opts()
    const given = added.map(attributeOf).filter((name) => options[name] !== undefined)
    const raw = Object.fromEntries(given.map((name) => [name, options[name]]))
    await run(command, { program: 'wgctrl', command: command.name, words, options, raw })
  })
}
