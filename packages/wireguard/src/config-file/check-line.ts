import { showable } from '@wgctrl/types'
import type { AllowedIPEntry } from './address-value.js'
import {
  type Dialect,
  isOfWg,
  type KeyRule,
  keysOf,
  readerOf,
  readsQuickKeys,
  ruleIn,
  WORDS,
} from './key-rule.js'
import { type Assignment, type Entry, entriesOf, type Line } from './line.js'
import { type ConfigProblem, HIDDEN } from './problem.js'
import type { Section } from './section.js'
import { startOf, trim } from './space.js'

/** A problem of a line whose number is not known yet. */
export type LineProblem = Omit<ConfigProblem, 'line' | 'message'>

/** What is wrong with a line but for its values. */
export function placeProblem(
  section: Section,
  line: Line,
  dialect: Dialect,
): LineProblem | undefined {
  const { statement } = line
  if (section.kind === 'unknown') {
    if (statement.is !== 'section') return undefined
    const text = showable(`[${statement.name}]`)
    const expected = '[Interface] or [Peer]'
    return { kind: 'unknown-section', column: startOf(line.text) + 1, text, expected }
  }
  if (statement.is === 'nonsense') return nonsenseProblem(line.text)
  if (statement.is !== 'assignment') return undefined
  const problem = statement.isWord
    ? wordProblem(section, statement)
    : keyProblem(section, statement, dialect)
  return problem ? { ...problem, column: startOf(line.text) + 1 } : undefined
}

/** What is wrong or strange with the values of a line that stands where it should. */
export function* valueProblems(line: Line, dialect: Dialect): Generator<LineProblem> {
  const { statement } = line
  const rule = statement.is === 'assignment' ? ruleIn(statement.rule, dialect) : undefined
  if (statement.is !== 'assignment' || !rule) return
  const read = readerOf(rule, dialect)
  for (const entry of entriesOf(line, statement)) {
    const value = read(entry.text)
    const at = () => ({ column: entry.start + 1, text: shown(entry, rule), key: rule.name })
    if (value === undefined) yield { ...at(), kind: 'value', expected: rule.expected }
    else if (rule.name === 'AllowedIPs' && (value as AllowedIPEntry).hadHostBits) {
      yield { ...at(), kind: 'host-bits', expected: (value as AllowedIPEntry).cidr }
    }
  }
}

function nonsenseProblem(line: string): LineProblem {
  const expected = line.includes('\0')
    ? 'text without NUL characters'
    : '[Interface], [Peer], key = value or # comment'
  // The beginning alone: more of it could be a secret.
  const text = showable(/^[^\s=:]+/.exec(trim(line))?.[0] ?? trim(line).slice(0, 1))
  return { kind: 'syntax', column: startOf(line) + 1, text, expected }
}

/** A file for wg(8) has none. */
function wordProblem(
  section: Section,
  { key, rule }: Assignment,
): Omit<LineProblem, 'column'> | undefined {
  const text = showable(key)
  if (!rule) return { kind: 'unknown-key', text, expected: `one of ${WORDS} behind "wgctrl:"` }
  if (section.kind === rule.section) return undefined
  return { kind: 'misplaced', text, key: rule.name, expected: 'it in [Interface]' }
}

function keyProblem(
  section: Section,
  { key, rule: anyRule }: Assignment,
  dialect: Dialect,
): Omit<LineProblem, 'column'> | undefined {
  const rule = ruleIn(anyRule, dialect)
  if (section.kind === 'preamble') {
    const expected = '[Interface] or [Peer] before the first key'
    return { kind: 'misplaced', text: showable(key), expected }
  }
  if (!rule) {
    const kind = /^[A-Za-z][\w.-]*$/.test(key) ? 'unknown-key' : 'syntax'
    return { kind, text: showable(key), expected: `one of ${keysOf(section.kind, dialect)}` }
  }
  if (rule.section === section.kind && isOfWg(rule)) return undefined
  const at = { kind: 'misplaced', text: showable(key), key: rule.name } as const
  if (rule.section !== section.kind) {
    return { ...at, expected: `it in ${rule.section === 'peer' ? '[Peer]' : '[Interface]'}` }
  }
  if (!readsQuickKeys(dialect))
    return { ...at, expected: 'a key of wg(8): this one is of wg-quick(8)' }
  if (section.readsQuickKeys) return undefined
  return { ...at, expected: 'a header without spaces, [Interface], for a key of wg-quick(8)' }
}

function shown({ text }: Entry, rule: KeyRule): string {
  if (rule.isSecret) return HIDDEN
  return rule.name === 'PublicKey' ? text.slice(0, 80) : showable(text)
}
