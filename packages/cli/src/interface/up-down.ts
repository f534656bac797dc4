import {
  type ConfigFile,
  type InterfaceConfig,
  readConfigFile,
  toInterfaceConfig,
  type UpOptions,
  updateConfig,
  type WireGuard,
  writeConfigFile,
} from 'wgctrl'
import type { Invocation, Run } from '../command.js'
import type { Io } from '../io.js'
import { configFileOf } from '../peer-names/peer-names.js'
import { withInterfaces } from '../session.js'
import { visible } from '../visible-text.js'
import { say, warner } from '../warner.js'
import { retryLine } from '../wg/lookup.js'
import { choiceOf } from './choice.js'
import { findConfig } from './config-path.js'
import { interfaceOf } from './interface-file.js'

const KINDS = ['linux-kernel', 'userspace'] as const

export const runUp: Run = (invocation, io) =>
  withInterfaces(invocation, io, async (wg) => {
    const [word = ''] = invocation.words
    const found = await findConfig(word, warner(invocation, io))
    if (!found) throw new Error(`${configFileOf(word)} does not exist`)
    const config = interfaceOf(
      await readConfigFile(found.path, invocation.globals.trust),
      found.name,
      invocation,
    )
    await wg.up(config, { ...commonOptions(invocation, io), backend: backendOf(invocation) })
    return 0
  })

export const runDown: Run = (invocation, io) =>
  withInterfaces(invocation, io, async (wg) => {
    const [word = ''] = invocation.words
    const options = commonOptions(invocation, io)
    const found = await findConfig(word, warner(invocation, io))
    if (!found) {
      await wg.down(word, options)
      return 0
    }
    const { trust } = invocation.globals
    const file = await readConfigFile(found.path, trust)
    // Read anew: another call may have written it while this one stood in line.
    const save = async (current: InterfaceConfig) =>
      saveConfig(wg, found.path, await readConfigFile(found.path, trust), current)
    await wg.down(toInterfaceConfig(file, found.name), { ...options, save })
    return 0
  })

export function commonOptions(invocation: Invocation, io: Io): UpOptions {
  const { hooks, quiet } = invocation.options
  const warn = warner(invocation, io)
  return {
    ...(hooks === true && { hooks: 'shell' as const }),
    ...(quiet !== true && { onStep: ({ step }) => say(io.stderr, `[#] ${visible(step)}\n`) }),
    onRetry: (retry) => say(io.stderr, retryLine(retry)),
    onWarning: ({ code, message }) =>
      warn(code === 'EHOOKS' ? `${message}; --hooks runs them` : message),
  }
}

function backendOf({ options, globals }: Invocation): UpOptions['backend'] {
  return choiceOf(options, 'backend', KINDS) ?? globals.backend
}

/** What SaveConfig wants: the file says what the interface is; comments and spelling stay. */
async function saveConfig(
  wg: WireGuard,
  path: string,
  file: ConfigFile,
  current: InterfaceConfig,
): Promise<void> {
  const device = await wg.device(current.name)
  updateConfig(file, device)
  device.privateKey?.wipe()
  const section = file.interface
  const { addresses = [], dns, mtu } = current
  if (!hasSame(section.addresses, addresses)) section.addresses = [...addresses]
  section.dns = { servers: dns?.servers ?? [], search: dns?.search ?? [] }
  if (section.mtu !== undefined && section.mtu !== mtu) section.mtu = mtu
  await writeConfigFile(path, file)
}

function hasSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((each) => other.includes(each))
}
