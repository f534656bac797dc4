import type { DeviceConfig, PublicKey } from '@wgctrl/types'
import { SecretKey } from '@wgctrl/types'
import {
  type ConfigFile,
  ConfigFileError,
  type ConfigProblem,
  parseConfig,
  toDeviceConfig,
  type WireGuardClient,
} from 'wgctrl'
import type { Run } from '../command.js'
import type { Globals } from '../globals.js'
import type { Io } from '../io.js'
import { applyConfigs, type LeaveOut, openClient, type Target, withoutOwnKey } from './client.js'
import { CommandFailure, reasonOfFile, withFailures } from './failure.js'
import { readInput } from './key-file.js'
import { lookUpAll } from './lookup.js'
import { markThatRulesName } from './switched-off-mark.js'
import { printUsage } from './usage.js'

type Mode = 'setconf' | 'addconf' | 'syncconf'

/** `setconf`, `addconf` and `syncconf`. */
export const run: Run = async (invocation, io) => {
  const [name, path, ...rest] = invocation.words
  if (name === undefined || path === undefined || rest.length > 0) {
    printUsage(invocation, io)
    return 1
  }
  const mode = invocation.command as Mode
  return withFailures(io, async () => {
    const file = await readConf(path, io, invocation.globals)
    const configs: DeviceConfig[] = []
    const read = (ownKey?: PublicKey): Promise<DeviceConfig> => {
      const config = toConfig(file, mode, ownKey)
      configs.push(config)
      return resolved(config, io)
    }
    try {
      await using wg = await openClient(invocation, io)
      // A peer that the device ignores takes no network from those before it: the file is read anew.
      const target = { ...invocation, name }
      if (mode === 'syncconf') await sync(wg, target, await read(), io)
      else await apply(wg, target, await read(), mode, (_, own) => read(own))
    } finally {
      for (const config of configs) wipeConf(config)
    }
  })
}

async function apply(
  wg: WireGuardClient,
  target: Target,
  config: DeviceConfig,
  mode: 'setconf' | 'addconf',
  leaveOut: LeaveOut,
): Promise<void> {
  return applyConfigs(wg, target, [config], mode === 'addconf' ? leaveOut : undefined)
}

async function sync(
  wg: WireGuardClient,
  target: Target,
  config: DeviceConfig,
  io: Io,
): Promise<void> {
  const { name, program } = target
  await withoutOwnKey(config, program, async (rest) => {
    const mark = await markThatRulesName(await wg.sync(name, rest), target.globals)
    if (mark === undefined) return
    const hex = `0x${mark.toString(16)}`
    const danger = `the mark ${hex} of ${name} is off, and policy rules still go by it`
    io.stderr.write(`Warning: ${danger}. The file has no FwMark; see "${program} reload"\n`)
  })
  // A difference cannot tell "any port": wg(8) asks for another one every time.
  if (config.listenPort === 0) await applyConfigs(wg, target, [{ listenPort: 0 }])
}

/** A name that is not found makes a file as wrong as a bad line does. */
async function resolved(config: DeviceConfig, io: Io): Promise<DeviceConfig> {
  try {
    return await lookUpAll(config, io)
  } catch (error) {
    throw new CommandFailure(`${(error as CommandFailure).message}\n${PARSING_ERROR}`)
  }
}

const PARSING_ERROR = 'Configuration parsing error'

function toConfig(file: ConfigFile, mode: Mode, ownKey?: PublicKey): DeviceConfig {
  return toDeviceConfig(file, { mode, ownKey, conflicts: 'last-wins', unknownKeys: 'refuse' })
}

async function readConf(path: string, io: Io, { dialect }: Globals): Promise<ConfigFile> {
  const text = await readText(path, io)
  try {
    const file = parseConfig(text, {
      dialect: dialect === 'amneziawg' ? 'awg' : 'wg',
      unknownKeys: 'refuse',
    })
    for (const { kind, text: network } of file.warnings) {
      if (kind !== 'host-bits') continue
      const plain = network.replace(/^[+-]/, '')
      io.stderr.write(`Warning: AllowedIP has nonzero host part: ${plain}\n`)
    }
    return file
  } catch (error) {
    if (!(error instanceof ConfigFileError)) throw error
    throw new CommandFailure(problemsText(path, error.problems))
  }
}

/** All that is wrong, and then what wg(8) says of it. */
function problemsText(path: string, problems: readonly ConfigProblem[]): string {
  const lines = problems.map(({ message }) => `${path}: ${message}`)
  const isComplete = problems.some(({ kind }) => kind !== 'missing')
  return [...lines, isComplete ? PARSING_ERROR : 'Invalid configuration'].join('\n')
}

async function readText(path: string, io: Io): Promise<string> {
  let bytes: Uint8Array
  try {
    bytes = (await readInput(path, io)).bytes
  } catch (error) {
    // fopen(3) opens a folder, and finds nothing to read in it.
    if ((error as NodeJS.ErrnoException).code === 'EISDIR') return ''
    throw new CommandFailure(`fopen: ${reasonOfFile(error)}`)
  }
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()
  bytes.fill(0)
  return text
}

function wipeConf({ privateKey, amnezia, peers = [] }: DeviceConfig): void {
  const keys = [privateKey, amnezia?.headerProtectionKey]
  for (const key of [...keys, ...peers.map(({ presharedKey }) => presharedKey)]) {
    if (key instanceof SecretKey) key.wipe()
  }
}
