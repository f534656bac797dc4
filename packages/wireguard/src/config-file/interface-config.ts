import { checkFields, checkInterfaceName } from '@wgctrl/types'
import type { InterfaceConfig } from '../interface/interface-config.js'
import { USE_OPTIONS } from '../option-fields.js'
import { type ConfigFile, documentOf } from './config-file.js'
import { deviceConfigOf, refuseProblems, type UseOptions } from './device-config.js'

/**
 * What a config file means for an interface that is brought up: what `up` takes. The device is given what
 * `wg addconf` would give it, so that a hook may have set its private key before. Hooks are text, for a
 * shell.
 *
 * @param name the interface's name, which wg-quick(8) takes from the name of the file
 * @throws {ConfigFileError} `EINVAL` for conflicts, unknown keys and what is no name server, all at once
 * @source wg-quick(8), src/wg-quick/linux.bash
 * @example
 * ```ts
 * const file = await readConfigFile('/etc/wireguard/wg0.conf')
 * await wg.up(toInterfaceConfig(file, 'wg0'))
 * ```
 */
export function toInterfaceConfig(
  file: ConfigFile,
  name: string,
  options: UseOptions = {},
): InterfaceConfig {
  checkFields(options, 'options', USE_OPTIONS)
  checkInterfaceName(name)
  refuseProblems(file, options, true)
  const { addresses, dns, mtu, table, preUp, postUp, preDown, postDown, saveConfig } =
    file.interface
  const { forward, nat, betweenClients } = file.interface
  return {
    name,
    ...deviceConfigOf(file, 'addconf'),
    addresses,
    dns,
    ...(mtu !== undefined && { mtu }),
    ...(table !== undefined && { table }),
    hooks: { preUp, postUp, preDown, postDown },
    ...(forward !== undefined && { forward }),
    ...(nat && { nat }),
    ...(betweenClients !== undefined && { betweenClients }),
    ...(saveConfig !== undefined && { saveConfig }),
  }
}

/** The text of a file without wg-quick(8)'s keys, as `wg setconf` can read it; secrets included. */
export function stripConfig(file: ConfigFile): string {
  const document = documentOf(file)
  let text = ''
  for (const { line } of document.numberedLines()) {
    const { statement } = line
    const isQuick = statement.is === 'assignment' && statement.rule?.dialect === 'wg-quick'
    if (!isQuick) text += line.text + line.end
  }
  return text
}
