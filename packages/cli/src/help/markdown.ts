import type { Command, CommandGroup, Example } from '../command.js'
import { globalOptions } from '../globals.js'
import { about, type Entry } from './about.js'
import { allStatuses } from './exit-status.js'
import { usageLines } from './usage.js'

/** The reference of all commands, for docs/. */
export function markdown(groups: readonly CommandGroup[]): string {
  const commands = groups.flatMap((group) => group.commands)
  const blocks = [
    '<!-- Made by scripts/cli-docs.mjs. -->',
    '# wgctrl, the command',
    escaped(about.description),
    `${fenced(shown(about.examples))}`,
    ...groups.map(tableOf),
    `## Options\n\n${entries(globalOptions.map(({ flags, summary }) => ({ name: flags, text: summary })))}`,
    ...commands.map(commandBlock),
    `## wg(8) of other years\n\nThe commands of wg(8) do as wireguard-tools 1.0.20260223. Where 1.0.20210914, of Debian 12, differs:\n\n${differences()}`,
    `## Exit status\n\n${entries(allStatuses(commands))}`,
    `## Environment\n\n${entries(about.environment)}`,
    `## Files\n\n${entries(about.files)}`,
  ]
  return `${blocks.join('\n\n')}\n`
}

function tableOf({ title, commands }: CommandGroup): string {
  const rows = commands.map(({ name, summary }) => `| [${name}](#${name}) | ${escaped(summary)} |`)
  return [`| ${title} | |`, '|---|---|', ...rows].join('\n')
}

const shown = (examples: readonly Example[]): string[] =>
  examples.map(({ command, summary }) => `${command}   # ${summary}`)

/** Text, where Markdown would see HTML, a link or emphasis. */
const escaped = (text: string): string => text.replace(/[<[\]*]|(?<=^|\s)_/gm, '\\$&')

const differences = (): string =>
  [
    '| | 2021 | 2026 |\n|---|---|---|',
    ...about.wgOfOtherYears.map((each) => `| ${each.what} | ${each.in2021} | ${each.in2026} |`),
  ].join('\n')

const entries = (list: readonly Entry[]): string =>
  list.map(({ name, text }) => `- \`${name}\`: ${escaped(text)}`).join('\n')

function commandBlock(command: Command): string {
  const { name, summary, description, arguments: list = [], options = [] } = command
  const { examples = [], exitStatus = [] } = command
  const words = [
    ...list.map((argument) => ({ name: argument.name, text: argument.summary })),
    ...options.map(({ flags, summary: text, default: fallback }) => ({
      name: flags,
      text: fallback === undefined ? text : `${text} (\`${fallback}\` when absent)`,
    })),
  ]
  const usage = usageLines(command).map((line) => `wgctrl ${line}`)
  return [
    `## ${name}`,
    `${escaped(summary)}.`,
    fenced(usage),
    escaped(description),
    ...(words.length > 0 ? [entries(words)] : []),
    ...(exitStatus.length > 0 ? [`Exit status:\n\n${entries(exitStatus)}`] : []),
    ...(examples.length > 0 ? [fenced(shown(examples))] : []),
  ].join('\n\n')
}

const fenced = (lines: readonly string[]): string => ['```sh', ...lines, '```'].join('\n')
