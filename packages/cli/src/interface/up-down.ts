import {
  type ConfigFile,
  type InterfaceConfig,
  readConfigFile,
  type UpOptions,
  type WireGuardClient,
  writeConfigFile,
} from 'wgctrl'
import type { Invocation, Run } from '../command.js'
import { errorText } from '../error-text.js'
import { fileOptions } from '../globals.js'
import type { Io } from '../io.js'
import { withInterfaces } from '../session.js'
import { visible } from '../visible-text.js'
import { say, warner } from '../warner.js'
import { retryLine } from '../wg/lookup.js'
import { choiceOf } from './choice.js'
import { configOf, findConfig } from './config-path.js'
import { readDownFile } from './down-file.js'
import { fileForHooks } from './file-for-hooks.js'
import { bringFileInLine } from './file-in-line.js'
import { FIREWALLS } from './firewall.js'
import { holdFile } from './held-file.js'
import { interfaceOf } from './interface-file.js'
import { wholeChange } from './whole-change.js'

const KINDS = ['linux-kernel', 'userspace'] as const

/** A signal takes back what was done: a half of an interface is none. */
export const runUp: Run = (invocation, io) =>
  withInterfaces(invocation, io, async (wg) => {
    const [word = ''] = invocation.words
    const found = await configOf(word, warner(invocation, io), invocation.globals)
    const backend = backendOf(invocation)
    const common = { ...commonOptions(invocation, io), backend }
    if (invocation.options['dryRun'] === true) {
      const file = await readConfigFile(found.path, fileOptions(invocation.globals))
      return await showPlan(wg, interfaceOf(file, found.name, invocation), common, invocation, io)
    }
    return await wholeChange(invocation, io, 'all is taken back', async ({ signal }) => {
      using _ = await holdFile(found.path, signal)
      const file = await readConfigFile(found.path, fileOptions(invocation.globals))
      const config = interfaceOf(file, found.name, invocation)
      await wg.up(config, { ...common, ...(await fileForHooks(found, invocation)), signal })
      return 0
    })
  })

/** A step a line; what is wrong with the file or in its way, each with its own. */
async function showPlan(
  wg: WireGuardClient,
  config: InterfaceConfig,
  options: UpOptions,
  { program, command }: Invocation,
  io: Io,
): Promise<number> {
  const { faults, steps } = await wg.up(config, { ...options, dryRun: true })
  for (const { step } of steps) io.stdout.write(`${visible(step)}\n`)
  for (const fault of faults) say(io.stderr, `${program} ${command}: ${errorText(fault)}\n`)
  return faults.length === 0 ? 0 : 1
}

/** A signal is heard when all is done: what is half gone is of no use to anybody. */
export const runDown: Run = (invocation, io) =>
  withInterfaces(invocation, io, async (wg) => {
    const [word = ''] = invocation.words
    const options = commonOptions(invocation, io)
    const warn = warner(invocation, io)
    const found = await findConfig(word, warn, invocation.globals)
    return await wholeChange(invocation, io, 'nothing was changed', async (interruption) => {
      using _ = found && (await holdFile(found.path, interruption.signal))
      interruption.begin()
      if (!found) {
        await wg.down(word, options)
        return 0
      }
      const trust = fileOptions(invocation.globals)
      const config = await readDownFile(found, trust, warn)
      // Read anew: a hook, or who holds no file, may have written it.
      const save = async (current: InterfaceConfig) =>
        saveConfig(wg, found.path, await readConfigFile(found.path, trust), current)
      await wg.down(config, { ...options, ...(await fileForHooks(found, invocation)), save })
      return 0
    })
  })

export function commonOptions(invocation: Invocation, io: Io): UpOptions {
  const { hooks, quiet } = invocation.options
  const warn = warner(invocation, io)
  const firewall = choiceOf(invocation.options, 'firewall', FIREWALLS)
  return {
    ...(firewall && { firewall }),
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
  wg: WireGuardClient,
  path: string,
  file: ConfigFile,
  current: InterfaceConfig,
): Promise<void> {
  await bringFileInLine(wg, file, current)
  await writeConfigFile(path, file)
}
