import type { Command, Example, Status } from '../command.js'
import { statusesOf, usualStatuses } from './exit-status.js'

/** What stands below the options in the help of a command. */
export const commandEpilogue = ({ examples = [], exitStatus }: Command): string =>
  sections(examples, statusesOf(exitStatus))

/** What stands below the commands in the help of the program. */
export const programEpilogue = (examples: readonly Example[]): string =>
  sections(examples, usualStatuses)

function sections(examples: readonly Example[], statuses: readonly Status[]): string {
  const shown = examples.map(({ command, summary }) => `  ${command}\n      ${summary}`)
  const told = statuses.map(({ name, text }) => `  ${name.padEnd(4)} ${text}`)
  return [
    ...(shown.length > 0 ? ['', 'Examples:', ...shown] : []),
    ...['', 'Exit status:', ...told],
  ].join('\n')
}
