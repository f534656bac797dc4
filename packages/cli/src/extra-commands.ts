import { clientCommands } from './clients/command.js'
import type { Command } from './command.js'
import { completionCommand } from './completion/command.js'
import { deviceCommands } from './devices/command.js'
import { diffCommand } from './diff/command.js'
import { doctorCommand } from './doctor/command.js'
import { handshakesCommand } from './handshakes/command.js'
import { interfaceCommands } from './interface/command.js'
import { metricsCommand } from './metrics/command.js'
import { watchCommand } from './watch/command.js'

/** The commands that wg(8) does not have. */
export const extraCommands: readonly Command[] = [
  ...interfaceCommands,
  ...clientCommands,
  ...deviceCommands,
  diffCommand,
  watchCommand,
  handshakesCommand,
  metricsCommand,
  doctorCommand,
  completionCommand,
]
