import { join } from 'node:path'
import {
  type ConfigFile,
  formatConfig,
  formatInterfaceConfig,
  parseConfig,
  readConfigFile,
  readInterface,
  toInterfaceConfig,
  type WireGuardClient,
} from 'wgctrl'
import type { Invocation, Run } from '../command.js'
import { fileErrorText } from '../error-text.js'
import { fileOptions } from '../globals.js'
import type { Io } from '../io.js'
import { withInterfaces } from '../session.js'
import { visible } from '../visible-text.js'
import { warner } from '../warner.js'
import { jsonText } from '../wg/json.js'
import { warnIfOpen } from '../wg/open-output.js'
import { type ConfigPath, findConfig } from './config-path.js'
import { bringFileInLine } from './file-in-line.js'
import { NewFile } from './new-file.js'
import { wholeChange } from './whole-change.js'

/** Prints interfaces as config files, or as JSON. */
export const runExport: Run = (invocation, io) =>
  withInterfaces(invocation, io, async (wg) => {
    const [word] = invocation.words
    const { json, secrets, output } = invocation.options
    const words =
      word === undefined ? await wg.names({ backend: invocation.globals.backend }) : [word]
    if (word === undefined && json !== true && output === undefined) {
      throw new Error('for all interfaces --json or --output is needed: a file is for one')
    }
    const files: Exported[] = []
    for (const each of words) files.push(await exported(wg, each, invocation, io))
    if (typeof output === 'string') return await writeFiles(files, output, invocation, io)
    if (json === true) {
      const values = files.map(asData)
      if (secrets === true) warnIfOpen(io)
      io.stdout.write(jsonText(word === undefined ? values : values[0], secrets === true))
      return 0
    }
    warnIfOpen(io)
    for (const { file } of files) io.stdout.write(formatConfig(file))
    return 0
  })

interface Exported {
  readonly name: string
  readonly file: ConfigFile
}

/** The file of the interface, in line with it; one made up where there is none. */
async function exported(
  wg: WireGuardClient,
  word: string,
  invocation: Invocation,
  io: Io,
): Promise<Exported> {
  const warn = warner(invocation, io)
  const { backend, netns } = invocation.globals
  const found = await findConfig(word, warn, invocation.globals)
  const name = found?.name ?? word
  const current = await readInterface({ wg, netns }, name, { backend })
  const file = found && (await readFound(found, invocation, warn))
  const { dialect } = fileOptions(invocation.globals)
  if (!file) return { name, file: parseConfig(formatInterfaceConfig(current), { dialect }) }
  await bringFileInLine(wg, file, current)
  file.interface.forward = current.forward
  file.interface.nat = current.nat
  file.interface.betweenClients = current.betweenClients
  return { name, file }
}

/** What is wrong with it is no reason to give out nothing: the interface is what counts. */
async function readFound(
  { path }: ConfigPath,
  { globals }: Invocation,
  warn: (text: string) => void,
): Promise<ConfigFile | undefined> {
  try {
    return await readConfigFile(path, fileOptions(globals))
  } catch (error) {
    warn(`without hooks and names: ${fileErrorText(path, error)}`)
    return undefined
  }
}

/** What `up` takes, with the names of peers. */
function asData({ name, file }: Exported): object {
  const { peers = [], ...config } = toInterfaceConfig(file, name, { conflicts: 'last-wins' })
  const named = peers.map(({ replaceAllowedIPs, ...peer }) => {
    const called = file.peer(String(peer.publicKey))?.name
    return { ...(called !== undefined && { name: called }), ...peer }
  })
  return { ...config, peers: named }
}

async function writeFiles(
  files: readonly Exported[],
  folder: string,
  invocation: Invocation,
  io: Io,
): Promise<number> {
  return await wholeChange(invocation, io, 'nothing was changed', async (interruption) => {
    interruption.begin()
    for (const { name, file } of files) {
      const path = join(folder, `${name}.conf`)
      await using target = await NewFile.create(path)
      await target.write(formatConfig(file))
      io.stdout.write(`${visible(path)}\n`)
    }
    return 0
  })
}
