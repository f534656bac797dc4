import { showable } from '@wgctrl/types'
import { isNameServer, isSearchDomain } from '../interface/name-server.js'
import { conflictProblems } from './check-conflict.js'
import { placeProblem, valueProblems } from './check-line.js'
import { type ConfigDocument, publicKeyOf } from './document.js'
import { readsQuickKeys } from './key-rule.js'
import { entriesOf } from './line.js'
import { type ConfigProblem, type ConfigProblemKind, problem } from './problem.js'

const FATAL = new Set<ConfigProblemKind>(['syntax', 'value', 'misplaced', 'missing'])
const UNKNOWN = new Set<ConfigProblemKind>(['unknown-section', 'unknown-key', 'byte-order-mark'])

/** `parseConfig` refuses it in any case. */
export const isFatal = ({ kind }: ConfigProblem): boolean => FATAL.has(kind)

/** Can be kept, but both programs refuse it. */
export const isUnknown = ({ kind }: ConfigProblem): boolean => UNKNOWN.has(kind)

const isConflict = ({ kind }: ConfigProblem): boolean => kind === 'conflict'

/** All that is wrong or strange with each line by itself, in the order of the file. */
export function findLineProblems(document: ConfigDocument): ConfigProblem[] {
  const problems = findPlaceProblems(document)
  for (const { section, line, number } of document.numberedLines()) {
    if (section.kind === 'unknown' || placeProblem(section, line, document.dialect)) continue
    for (const found of valueProblems(line, document.dialect))
      problems.push(problem({ ...found, line: number }))
  }
  return inOrder(problems)
}

/** As {@link findLineProblems}, and what contradicts another line. For a document that is readable. */
export function findProblems(document: ConfigDocument): ConfigProblem[] {
  return inOrder([...findLineProblems(document), ...conflictProblems(document)])
}

/**
 * Of a document that cannot be read: all for which it would be refused sooner or later, so that it is mended in one
 * round. wg(8) takes conflicts.
 */
export function allRefusals(document: ConfigDocument): ConfigProblem[] {
  const refused = findLineProblems(document).filter((found) => isFatal(found) || isUnknown(found))
  if (!readsQuickKeys(document.dialect)) return refused
  return inOrder([
    ...refused,
    ...conflictProblems(document).filter(isConflict),
    ...findDnsProblems(document),
  ])
}

/** Entries of `DNS` that are no name servers, nor domains to search. */
function findDnsProblems(document: ConfigDocument): ConfigProblem[] {
  const problems: ConfigProblem[] = []
  for (const { line, number } of document.numberedLines()) {
    const { statement } = line
    if (statement.is !== 'assignment' || statement.rule?.name !== 'DNS') continue
    for (const { text, start } of entriesOf(line, statement)) {
      if (isNameServer(text) || (!text.includes(':') && isSearchDomain(text))) continue
      const { name: key, expected } = statement.rule
      const at = { line: number, column: start + 1, text: showable(text) }
      problems.push(problem({ kind: 'value', ...at, key, expected }))
    }
  }
  return problems
}

/** What of a readable document is refused by wg(8), or would be lost in part. */
export function findRefusals(
  document: ConfigDocument,
  asksForUnknown: boolean,
  asksForConflicts: boolean,
  asksForDns: boolean,
): ConfigProblem[] {
  return inOrder([
    ...(asksForDns ? findDnsProblems(document) : []),
    ...(asksForUnknown ? findPlaceProblems(document).filter(isUnknown) : []),
    ...(asksForConflicts ? conflictProblems(document).filter(isConflict) : []),
  ])
}

function findPlaceProblems(document: ConfigDocument): ConfigProblem[] {
  const problems = document.hasByteOrderMark ? [BYTE_ORDER_MARK] : []
  for (const { section, line, number } of document.numberedLines()) {
    if (line === section.header && section.kind === 'peer' && publicKeyOf(section) === undefined) {
      problems.push(missingKey(number))
    }
    const found = placeProblem(section, line, document.dialect)
    if (found) problems.push(problem({ ...found, line: number }))
  }
  return problems
}

function inOrder(problems: ConfigProblem[]): ConfigProblem[] {
  return problems.sort((a, b) => a.line - b.line || a.column - b.column)
}

const BYTE_ORDER_MARK = problem({
  kind: 'byte-order-mark',
  line: 1,
  column: 1,
  text: 'U+FEFF',
  expected: 'a file without a byte order mark',
})

function missingKey(line: number): ConfigProblem {
  const expected = 'a PublicKey in this section'
  return problem({ kind: 'missing', line, column: 1, text: '[Peer]', expected })
}
