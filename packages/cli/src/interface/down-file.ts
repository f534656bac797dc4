import { reasonWithin } from '@wgctrl/types'
import {
  type ConfigFile,
  type ConfigProblemKind,
  type InterfaceConfig,
  type ReadOptions,
  readConfigFile,
  WireGuardError,
} from 'wgctrl'
import { fileErrorText } from '../error-text.js'
import type { ConfigPath } from './config-path.js'

/** What `up` refuses, and `down` does not need. */
const MISTAKES = new Set<ConfigProblemKind>(['syntax', 'value', 'misplaced', 'missing'])
const OTHERS = new Set<ConfigProblemKind>(['unknown-section', 'unknown-key', 'conflict'])

/**
 * Reads a file as far as it can be read: an interface goes down whatever has become of its file. Hooks of a file
 * that others can write are not among it, and `saveConfig` only if the file may be written.
 */
export async function readDownFile(
  { path, name }: ConfigPath,
  trust: ReadOptions,
  warn: (text: string) => void,
): Promise<InterfaceConfig> {
  const read = await readAnyhow(path, { ...trust, mistakes: 'keep' })
  if ('error' in read) {
    warn(`no hook is run: ${fileErrorText(path, read.error)}`)
    return { name }
  }
  const { file, distrust } = read
  const { preUp, postUp, preDown, postDown, table, dns, saveConfig, firewallMark, mtu } =
    file.interface
  const problems = file.warnings.filter(({ kind }) => MISTAKES.has(kind) || OTHERS.has(kind))
  for (const { message } of problems) warn(`${path}: ${message}; up would refuse it`)
  if (distrust !== undefined) warn(`no hook is run: ${distrust}`)
  const hasMistakes = problems.some(({ kind }) => MISTAKES.has(kind))
  const isSaved = saveConfig === true && !hasMistakes && distrust === undefined
  if (saveConfig === true && !isSaved) warn(`${path} is left as it is, in spite of SaveConfig`)
  const hooks = { preUp, postUp, preDown, postDown }
  return {
    name,
    dns,
    ...(table !== undefined && { table }),
    ...(firewallMark !== undefined && { firewallMark }),
    // What is saved has an MTU where the file has one.
    ...(isSaved && { saveConfig, mtu }),
    ...(distrust === undefined && { hooks }),
  }
}

type Reading =
  | { readonly file: ConfigFile; readonly distrust: string | undefined }
  | { readonly error: unknown }

async function readAnyhow(path: string, options: ReadOptions): Promise<Reading> {
  try {
    return { file: await readConfigFile(path, options), distrust: undefined }
  } catch (error) {
    if (!(error instanceof WireGuardError)) throw error
    if (error.code !== 'EPERM') return { error }
    const distrust = reasonWithin(error)
    return await readConfigFile(path, { ...options, unsafePermissions: 'allow' }).then(
      (file) => ({ file, distrust }),
      () => ({ error }),
    )
  }
}
