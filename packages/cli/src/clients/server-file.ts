import {
  type ConfigFile,
  type DeviceConfig,
  readConfigFile,
  type WireGuardClient,
  WireGuardError,
} from 'wgctrl'
import type { Invocation } from '../command.js'
import { fileOptions } from '../globals.js'
import { type ConfigPath, configOf } from '../interface/config-path.js'
import { holdFile } from '../interface/held-file.js'
import type { Interruption } from '../interface/interruption.js'
import { wholeChange } from '../interface/whole-change.js'
import type { Io } from '../io.js'
import { warner } from '../warner.js'

/** The config file of a server while it is changed: nobody else of ours changes it meanwhile. */
export interface ServerFile extends ConfigPath {
  readonly file: ConfigFile
}

/**
 * Changes the file of a server and its device, both or neither.
 *
 * @param change calls `begin` before it changes anything
 * @returns the exit status
 * @throws {Error} in words for the user
 */
export async function changeServer(
  invocation: Invocation,
  io: Io,
  change: (server: ServerFile, interruption: Interruption) => Promise<void>,
): Promise<number> {
  const [what, word = ''] = invocation.words
  if (what !== 'client') throw new Error('expected: client')
  const found = await configOf(word, warner(invocation, io), invocation.globals)
  return await wholeChange(invocation, io, 'nothing was changed', async (interruption) => {
    using _ = await holdFile(found.path, interruption.signal)
    const file = await readConfigFile(found.path, fileOptions(invocation.globals))
    await change({ ...found, file }, interruption)
    return 0
  })
}

/**
 * Changes the device as the file is changed, where there is one.
 *
 * @returns false: there is none
 */
export async function changeDevice(
  wg: WireGuardClient,
  name: string,
  config: DeviceConfig,
): Promise<boolean> {
  try {
    await wg.configure(name, config)
    return true
  } catch (error) {
    if (error instanceof WireGuardError && error.code === 'ENODEV') return false
    throw error
  }
}
