import { realpath } from 'node:fs/promises'
import type { UpOptions } from 'wgctrl'
import type { Invocation } from '../command.js'
import type { ConfigPath } from './config-path.js'

/** What hooks are told of the config file. Those of another machine would look for it there. */
export async function fileForHooks(
  { path }: ConfigPath,
  { globals: { host } }: Invocation,
): Promise<Pick<UpOptions, 'configFile'>> {
  return host === undefined ? { configFile: await realpath(path) } : {}
}
