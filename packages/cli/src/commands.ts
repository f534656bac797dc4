import type { Command, CommandGroup } from './command.js'
import { extraGroups } from './extra-commands.js'
import { wgCommands } from './wg/commands.js'

/** All commands by what they are about, in the order of help. */
export const commandGroups: readonly CommandGroup[] = [
  { title: 'As wg(8)', commands: wgCommands },
  ...extraGroups,
]

/** @internal */
export const commands: readonly Command[] = commandGroups.flatMap((group) => group.commands)
