import type { Option } from '../command.js'

export const CONFLICTS = ['refuse', 'last-wins'] as const

/** The word of all commands that take a device from a file. */
export const conflicts: Option = {
  flags: '--conflicts <choice>',
  summary:
    'what to do where two lines contradict each other: refuse (the default), or last-wins, as wg(8) does',
  completes: CONFLICTS,
}
