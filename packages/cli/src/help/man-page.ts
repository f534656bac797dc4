import type { Command, CommandGroup } from '../command.js'
import { globalOptions } from '../globals.js'
import { about, type Entry } from './about.js'
import { allStatuses } from './exit-status.js'
import { usageLines } from './usage.js'

/** The manual page of all commands, for man(7). */
export function manPage(groups: readonly CommandGroup[]): string {
  const commands = groups.flatMap((group) => group.commands)
  const blocks = [
    '.\\" Made by scripts/cli-docs.mjs.',
    '.TH WGCTRL 1',
    section('NAME', `wgctrl \\- ${escaped(about.summary)}`),
    section(
      'SYNOPSIS',
      ['.B wgctrl', '.RI [ option ...]', '.RI [ command ]', '.RI [ argument ...]'].join('\n'),
    ),
    section('DESCRIPTION', paragraphs(about.description)),
    section(
      'OPTIONS',
      entries(globalOptions.map(({ flags, summary }) => ({ name: flags, text: summary }))),
    ),
    ...groups.flatMap(({ title, commands: list }) => [
      `.SH ${escaped(title.toUpperCase())}`,
      ...list.map(commandBlock),
    ]),
    section('EXAMPLES', about.examples.map(exampleBlock).join('\n')),
    section('EXIT STATUS', entries(allStatuses(commands))),
    section('ENVIRONMENT', entries(about.environment)),
    section('FILES', entries(about.files)),
    section('SEE ALSO', about.seeAlso.map(reference).join(',\n')),
  ]
  return `${blocks.join('\n')}\n`
}

const section = (title: string, body: string): string => `.SH ${title}\n${body}`

/** Dashes as one types them, and no line that would be a request. */
function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('"', '\\(dq')
    .replace(/^([.'])/gm, '\\&$1')
}

const paragraphs = (text: string): string => text.split('\n\n').map(escaped).join('\n.PP\n')

const entries = (list: readonly Entry[]): string =>
  list.map(({ name, text }) => `.TP\n.B ${escaped(name)}\n${escaped(text)}`).join('\n')

function commandBlock(command: Command): string {
  const { summary, description, arguments: list = [], options = [] } = command
  const { examples = [], exitStatus = [] } = command
  return [
    `.SS ${escaped(command.name)}`,
    `${escaped(summary)}.`,
    ...usageLines(command).map((line) => `.PP\n.B wgctrl ${escaped(line)}`),
    `.PP\n${paragraphs(description)}`,
    ...list.map(({ name, summary: text }) => entries([{ name: `<${name}>`, text }])),
    ...options.map((option) => entries([{ name: option.flags, text: optionText(option) }])),
    ...(exitStatus.length > 0 ? ['.PP\nExit status:', entries(exitStatus)] : []),
    ...examples.map(exampleBlock),
  ].join('\n')
}

function optionText({
  summary,
  default: fallback,
}: {
  summary: string
  default?: unknown
}): string {
  return fallback === undefined ? summary : `${summary} (${fallback} when absent)`
}

function exampleBlock({ command, summary }: { command: string; summary: string }): string {
  return `.PP\nExample, ${escaped(summary)}:\n.PP\n.RS 4\n.nf\n${escaped(command)}\n.fi\n.RE`
}

function reference(text: string): string {
  const [, name, number] = /^([\w-]+)\((\d)\)$/.exec(text) ?? []
  return `.BR ${escaped(name ?? text)} (${number})`.replace(/,$/, '')
}
