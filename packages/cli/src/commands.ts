import type { Command } from './command.js'
import { extraCommands } from './extra-commands.js'
import { wgCommands } from './wg/commands.js'

/** All commands in the order of help. */
export const commands: readonly Command[] = [...wgCommands, ...extraCommands]
