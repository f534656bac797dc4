import { type KeyRule, ruleOf, wordOf } from './key-rule.js'
import { endOf, squeeze, startOf, trim } from './space.js'

/** What a line says. */
type Statement = { readonly is: 'blank' | 'comment' | 'nonsense' } | SectionStart | Assignment

interface SectionStart {
  readonly is: 'section'
  /** What stands in the brackets, without whitespace. */
  readonly name: string
  /** wg(8) reads `[ Peer ]` as `[Peer]`, wg-quick(8) does not. */
  readonly hasInnerSpace: boolean
}

export interface Assignment {
  readonly is: 'assignment'
  /** As spelled, without whitespace at its ends. */
  readonly key: string
  /** Absent: a key that neither program knows. */
  readonly rule: KeyRule | undefined
  /** Columns, from 0, of the value without whitespace at its ends. */
  readonly start: number
  readonly end: number
  /** It stands in a comment, for us alone. */
  readonly isWord?: true
}

/** What a comment begins with that is for us; wg(8) and wg-quick(8) see a comment. */
export const WORD_MARK = '# wgctrl: '
const WORD = /^[ \t]*#[ \t]*wgctrl:(?=[^#]*=)/i

/** One line of a file with what it says. `text` includes a CR; `end` is LF, or nothing at the end. */
export interface Line {
  readonly text: string
  readonly end: '\n' | ''
  readonly statement: Statement
}

export function makeLine(text: string, end: '\n' | '' = '\n'): Line {
  return { text, end, statement: readStatement(text) }
}

/** LF alone ends a line, in both programs: a CR is whitespace to them. */
export function splitLines(text: string): Line[] {
  const lines: Line[] = []
  for (let from = 0; from < text.length; ) {
    const at = text.indexOf('\n', from)
    const to = at < 0 ? text.length : at
    lines.push(makeLine(text.slice(from, to), at < 0 ? '' : '\n'))
    from = to + 1
  }
  return lines
}

function readStatement(text: string): Statement {
  const mark = text.indexOf('#')
  const content = mark < 0 ? text : text.slice(0, mark)
  const from = startOf(content)
  if (from === content.length) return mark < 0 ? { is: 'blank' } : readComment(text)
  if (content[from] === '[') return readSectionStart(trim(content))
  const equals = content.indexOf('=')
  const key = trim(content.slice(0, Math.max(equals, 0)))
  if (key === '' || text.includes('\0')) return { is: 'nonsense' }
  const rule = ruleOf(key)
  // The shell that runs a hook knows comments itself.
  const body = rule?.isHook ? text : content
  const start = startOf(body, equals + 1)
  return { is: 'assignment', key, rule, start, end: Math.max(start, endOf(body)) }
}

/** The same line where nobody but wg(8) reads it. */
export function withoutWord(line: Line): Line {
  const { statement } = line
  const isWord = statement.is === 'assignment' && statement.isWord
  return isWord ? { ...line, statement: { is: 'comment' } } : line
}

function readComment(text: string): Statement {
  const [mark] = WORD.exec(text) ?? []
  if (mark === undefined || text.includes('\0')) return { is: 'comment' }
  const end = text.indexOf('#', mark.length)
  const content = end < 0 ? text : text.slice(0, end)
  const equals = content.indexOf('=', mark.length)
  const key = trim(content.slice(mark.length, equals))
  const start = startOf(content, equals + 1)
  const until = Math.max(start, endOf(content))
  return { is: 'assignment', key, rule: wordOf(key), start, end: until, isWord: true }
}

function readSectionStart(content: string): Statement {
  const squeezed = squeeze(content)
  if (!/^\[[^[\]=]*\]$/.test(squeezed)) return { is: 'nonsense' }
  return { is: 'section', name: squeezed.slice(1, -1), hasInnerSpace: squeezed !== content }
}

/** The value of an assignment as spelled, without comment and outer whitespace. */
export function spelledValue(line: Line, { start, end }: Assignment): string {
  return line.text.slice(start, end)
}

/** The line with another value: indentation, spelling of the key and comment stay. */
export function withValue(line: Line, { start, end }: Assignment, value: string): Line {
  return makeLine(line.text.slice(0, start) + value + line.text.slice(end), line.end)
}

/** One value of an assignment, and where it stands in the line. */
export interface Entry {
  /** As the program that reads it sees it: wg(8) without any whitespace. */
  readonly text: string
  readonly start: number
  readonly end: number
}

/** The values of an assignment: several where the key takes a list. */
export function entriesOf(line: Line, { start, end, rule }: Assignment): Entry[] {
  if (rule?.list === undefined) {
    return start === end && rule?.mayBeEmpty ? [] : [entryAt(line, start, end, rule)]
  }
  const value = line.text.slice(start, end)
  const entries: Entry[] = []
  let at = start
  for (const part of value.split(rule.list === 'commas' ? /(,)/ : /([, \t])/)) {
    const from = at + startOf(part)
    const until = Math.max(from, at + endOf(part))
    at += part.length
    const isSeparator = part === ',' || part === ' ' || part === '\t'
    if (isSeparator || (rule.list === 'words' && part === '')) continue
    entries.push(entryAt(line, from, until, rule))
  }
  return entries
}

function entryAt(line: Line, start: number, end: number, rule: KeyRule | undefined): Entry {
  const text = line.text.slice(start, end)
  const isSqueezed = rule?.dialect === 'wg' || (rule?.dialect === 'awg' && !rule.keepsSpace)
  return { text: isSqueezed ? squeeze(text) : text, start, end }
}

/** The text of a comment line without its marks. */
export function commentOf(line: Line): string {
  return trim(trim(line.text).replace(/^#+/, ''))
}
