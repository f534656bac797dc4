import { checkFields, InvalidTypeError } from '@wgctrl/types'
import { PARSE_OPTIONS } from '../option-fields.js'
import { allRefusals, findLineProblems, isFatal, isUnknown } from './check.js'
import { ConfigFile, documentOf } from './config-file.js'
import { ConfigDocument } from './document.js'
import type { Dialect } from './key-rule.js'
import { ConfigFileError } from './problem.js'

export interface ParseOptions {
  /**
   * `wg`: what `wg setconf` reads; wg-quick(8)'s keys are refused. Absent: `wg-quick`, which is that
   * and `Address`, `DNS`, `MTU`, `Table`, `SaveConfig` and the hooks. `awg` and `awg-quick`: the same with AmneziaWG's keys,
   * `Jc`, `S1`, `H1`, `I1` and so on, which the others do not know.
   */
  readonly dialect?: Dialect | undefined
  /**
   * Keys and sections that neither program knows. `keep` (the default) lets them pass here; they
   * are in `warnings`, and `toDeviceConfig` refuses them. `refuse`: as both programs do.
   */
  readonly unknownKeys?: 'keep' | 'refuse' | undefined
  /**
   * Lines that neither program can read. Absent: `refuse` the file. `keep`: they count for nothing, and are in
   * `warnings`. For who wants what else is in the file, such as its hooks; `toDeviceConfig` takes what is left.
   */
  readonly mistakes?: 'keep' | 'refuse' | undefined
}

/**
 * Reads a config file as wg(8) and wg-quick(8) do. Nothing is lost: `formatConfig` gives the same text
 * back, edited only where it was edited.
 *
 * @throws {ConfigFileError} `EINVAL`; `problems` has all that is wrong, each with line and column
 * @source wireguard-tools, src/config.c and src/wg-quick/linux.bash
 * @example
 * ```ts
 * const file = parseConfig('[Interface]\nListenPort = 51820 # as always\n')
 * file.interface.listenPort = 51821
 * formatConfig(file)   // '[Interface]\nListenPort = 51821 # as always\n'
 * ```
 */
export function parseConfig(text: string, options: ParseOptions = {}): ConfigFile {
  checkFields(options, 'options', PARSE_OPTIONS)
  return parseNamed(text, options, undefined)
}

/** @param path how the error names the file */
export function parseNamed(
  text: string,
  { dialect = 'wg-quick', unknownKeys = 'keep', mistakes = 'refuse' }: ParseOptions,
  path: string | undefined,
): ConfigFile {
  if (typeof text !== 'string') throw new InvalidTypeError('text', 'a config must be a string')
  const document = new ConfigDocument(text, dialect, path)
  const problems = findLineProblems(document)
  const isRefused = problems.some(
    (found) =>
      (mistakes === 'refuse' && isFatal(found)) || (unknownKeys === 'refuse' && isUnknown(found)),
  )
  if (isRefused) throw new ConfigFileError(allRefusals(document), path)
  return new ConfigFile(document)
}

/** The whole text of a file, secrets included. */
export function formatConfig(config: ConfigFile): string {
  return documentOf(config).format()
}
