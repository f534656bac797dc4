import { holdLock } from '@wgctrl/netlink'
import {
  type ConfigFile,
  type DeviceConfig,
  readConfigFile,
  type WireGuard,
  WireGuardError,
} from 'wgctrl'
import type { Invocation } from '../command.js'
import { type ConfigPath, configOf } from '../interface/config-path.js'
import type { Io } from '../io.js'
import { warner } from '../warner.js'

/** The config file of a server while it is changed: nobody else of ours changes it meanwhile. */
export interface ServerFile extends ConfigPath {
  readonly file: ConfigFile
}

/** Milliseconds to wait for others who change the same file. */
const PATIENCE = 60_000

/** @throws {Error} in words for the user */
export async function changeServerFile(
  word: string,
  invocation: Invocation,
  io: Io,
  change: (server: ServerFile) => Promise<void>,
): Promise<void> {
  if (invocation.words[0] !== 'client') throw new Error('expected: client')
  const found = await configOf(word, warner(invocation, io))
  const { netns, trust } = invocation.globals
  const signal = AbortSignal.timeout(PATIENCE)
  using _ = await holdLock(`clients of ${found.name}`, { netns, signal })
  await change({ ...found, file: await readConfigFile(found.path, trust) })
}

/**
 * Changes the device as the file is changed, where there is one.
 *
 * @returns false: there is none
 */
export async function changeDevice(
  wg: WireGuard,
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
