import { InvalidTypeError, WireGuardError } from '@wgctrl/types'

/**
 * What is wrong at one place of a config file.
 *
 * - `syntax`: neither a section, nor `key = value`, nor a comment
 * - `value`: a value that the key cannot have
 * - `misplaced`: a key in the wrong section, before any section, or of the other dialect
 * - `missing`: a peer without a public key
 * - `unknown-section`, `unknown-key`, `byte-order-mark`: kept by {@link parseConfig}, refused by wg(8)
 * - `conflict`: wg(8) takes it, but one half is lost: a network on two peers, a peer in two sections,
 *   the device's own key as a peer
 * - `repeated`: the same key twice in a section; the last counts
 * - `host-bits`: an allowed IP with bits behind its prefix, which are cleared
 */
export type ConfigProblemKind =
  | 'syntax'
  | 'value'
  | 'misplaced'
  | 'missing'
  | 'unknown-section'
  | 'unknown-key'
  | 'byte-order-mark'
  | 'conflict'
  | 'repeated'
  | 'host-bits'

export interface ConfigProblem {
  readonly kind: ConfigProblemKind
  /** From 1. */
  readonly line: number
  /** From 1, in UTF-16 units, as editors count. */
  readonly column: number
  /** The offending text; `(hidden)` where it is or could be a secret. */
  readonly text: string
  /** What should stand there. */
  readonly expected: string
  /** The key of the line as the manual pages spell it. */
  readonly key?: string
  /** All of the above in one sentence. */
  readonly message: string
}

export function problem(fields: Omit<ConfigProblem, 'message'>): ConfigProblem {
  const { line, column, key, text, expected } = fields
  const what = key === undefined || key === text ? text : `${key} ${JSON.stringify(text)}`
  return { ...fields, message: `line ${line}, column ${column}: ${what}: expected ${expected}` }
}

export const HIDDEN = '(hidden)'

/** A config file that cannot be used as it is: `problems` has all that is wrong with it. */
export class ConfigFileError extends WireGuardError {
  override readonly name: string = 'ConfigFileError'
  /** In the order of the file; at least one. */
  readonly problems: readonly ConfigProblem[]
  /** The file's path, where one was read. */
  declare readonly file?: string

  constructor(problems: readonly ConfigProblem[], file?: string) {
    super(describe(problems, file), { code: 'EINVAL', line: problems[0]?.line })
    this.problems = problems
    if (file !== undefined) this.file = file
  }
}

function describe(problems: readonly ConfigProblem[], file: string | undefined): string {
  if (!Array.isArray(problems)) throw new InvalidTypeError('problems', 'must be an array')
  const where = file === undefined ? '' : `${file}: `
  const [first] = problems
  if (problems.length === 1 && first) return where + first.message
  const lines = problems.map(({ message }) => `  ${message}`)
  return [`${where}${problems.length} problems in the config:`, ...lines].join('\n')
}
