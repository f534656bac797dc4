import { type ConfigFile, ConfigFileError, type InterfaceConfig, toInterfaceConfig } from 'wgctrl'
import type { Invocation } from '../command.js'
import { choiceOf } from './choice.js'
import { CONFLICTS } from './conflicts.js'

/** What to do where two lines contradict each other. */
export const conflictsOf = (
  options: Invocation['options'],
): (typeof CONFLICTS)[number] | undefined => choiceOf(options, 'conflicts', CONFLICTS)

/**
 * What a file means for an interface.
 *
 * @throws {Error} in words for the user: where `--conflicts` would help, it is named
 */
export function interfaceOf(
  file: ConfigFile,
  name: string,
  { options }: Invocation,
): InterfaceConfig {
  try {
    return toInterfaceConfig(file, name, { conflicts: conflictsOf(options) })
  } catch (error) {
    if (!(error instanceof ConfigFileError)) throw error
    if (error.problems.some(({ kind }) => kind !== 'conflict')) throw error
    const advice = '--conflicts last-wins takes the later line, as wg(8) does'
    throw new Error(`${error.message}\n${advice}`, { cause: error })
  }
}
