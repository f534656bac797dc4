import { clientCommands } from './clients/command.js'
import type { CommandGroup } from './command.js'
import { completionCommand } from './completion/command.js'
import { deviceCommands } from './devices/command.js'
import { diffCommand } from './diff/command.js'
import { doctorCommand } from './doctor/command.js'
import { gatewayCommand, sealCommand } from './gateway/command.js'
import { handshakesCommand } from './handshakes/command.js'
import { interfaceCommands } from './interface/command.js'
import { metricsCommand } from './metrics/command.js'
import { serveCommand } from './serve/command.js'
import { watchCommand } from './watch/command.js'

/** The commands that wg(8) does not have. */
export const extraGroups: readonly CommandGroup[] = [
  { title: 'Interfaces and their files', commands: interfaceCommands },
  { title: 'Clients', commands: [...clientCommands, sealCommand] },
  { title: 'Devices', commands: [...deviceCommands, diffCommand] },
  {
    title: 'Over time',
    commands: [watchCommand, handshakesCommand, metricsCommand, gatewayCommand, serveCommand],
  },
  { title: 'This machine', commands: [doctorCommand, completionCommand] },
]
