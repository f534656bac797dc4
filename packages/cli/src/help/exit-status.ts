import type { Command, Status } from '../command.js'

/** Of all commands that say nothing else. */
export const usualStatuses: readonly Status[] = [
  { name: '0', text: 'done' },
  { name: '1', text: 'an error, which standard error tells' },
  { name: '130', text: 'ended by Ctrl-C; by another signal: 128 and its number' },
  { name: '141', text: 'nobody reads standard output any more' },
]

/** What a command ends with that has these of its own. */
export function statusesOf(own: readonly Status[] = []): Status[] {
  const names = new Set(own.map(({ name }) => name))
  const all = [...own, ...usualStatuses.filter(({ name }) => !names.has(name))]
  return all.sort((one, other) => Number(one.name) - Number(other.name))
}

/** Those of all commands, for a list: what is one command's own names it. */
export const allStatuses = (commands: readonly Command[]): Status[] => [
  ...usualStatuses,
  ...commands.flatMap(({ name: command, exitStatus = [] }) =>
    exitStatus.map(({ name, text }) => ({ name: `${name} of ${command}`, text })),
  ),
]
