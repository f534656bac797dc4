import { conflictProblems } from './check-conflict.js'
import { placeProblem, valueProblems } from './check-line.js'
import { type ConfigDocument, publicKeyOf } from './document.js'
import { type ConfigProblem, type ConfigProblemKind, problem } from './problem.js'

const FATAL = new Set<ConfigProblemKind>(['syntax', 'value', 'misplaced', 'missing'])
const UNKNOWN = new Set<ConfigProblemKind>(['unknown-section', 'unknown-key', 'byte-order-mark'])

/** `parseConfig` refuses it in any case. */
export const isFatal = ({ kind }: ConfigProblem): boolean => FATAL.has(kind)

/** Can be kept, but both programs refuse it. */
export const isUnknown = ({ kind }: ConfigProblem): boolean => UNKNOWN.has(kind)

/** All that is wrong or strange with each line by itself, in the order of the file. */
export function findLineProblems(document: ConfigDocument): ConfigProblem[] {
  const problems = findPlaceProblems(document)
  for (const { section, line, number } of document.numberedLines()) {
    if (section.kind === 'unknown' || placeProblem(section, line, document.dialect)) continue
    for (const found of valueProblems(line)) problems.push(problem({ ...found, line: number }))
  }
  return inOrder(problems)
}

/** As {@link findLineProblems}, and what contradicts another line. For a document that is readable. */
export function findProblems(document: ConfigDocument): ConfigProblem[] {
  return inOrder([...findLineProblems(document), ...conflictProblems(document)])
}

/** What of a readable document is refused by wg(8), or would be lost in part. */
export function findRefusals(
  document: ConfigDocument,
  asksForUnknown: boolean,
  asksForConflicts: boolean,
): ConfigProblem[] {
  return inOrder([
    ...(asksForUnknown ? findPlaceProblems(document).filter(isUnknown) : []),
    ...(asksForConflicts
      ? conflictProblems(document).filter(({ kind }) => kind === 'conflict')
      : []),
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
