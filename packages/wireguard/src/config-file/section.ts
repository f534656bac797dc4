import { ruleOf } from './key-rule.js'
import { commentOf, type Line, makeLine } from './line.js'
import { lower } from './space.js'

export type SectionKind = 'preamble' | 'interface' | 'peer' | 'unknown'

/** How new lines are written: as the file has it. */
export interface Style {
  /** Goes before the LF. */
  readonly cr: '\r' | ''
  readonly indent: string
  readonly equals: string
}

/** A section with the lines that belong to it. The lines before the first header are one as well. */
export class Section {
  readonly kind: SectionKind
  /** Comments right above the header. */
  leading: Line[] = []
  header: Line | undefined
  body: Line[] = []

  constructor(header?: Line) {
    this.header = header
    this.kind = kindOf(header)
  }

  /** wg-quick(8) finds its keys only below a header without spaces in it. */
  get readsQuickKeys(): boolean {
    const statement = this.header?.statement
    return this.kind === 'interface' && statement?.is === 'section' && !statement.hasInnerSpace
  }

  /** Spells the header so that wg-quick(8) finds its keys. */
  admitQuickKeys(): void {
    const { header } = this
    if (header && !this.readsQuickKeys) {
      this.header = makeLine(header.text.replace(/\[[^\]]*\]/, '[Interface]'), header.end)
    }
  }

  *lines(): Generator<Line> {
    yield* this.leading
    if (this.header) yield this.header
    yield* this.body
  }

  /** Puts a line at an index of the body. Where the file ended without a newline, it still does. */
  insert(at: number, text: string, style: Style): void {
    const before = this.body[at - 1] ?? this.header
    const isLast = before?.end === ''
    if (isLast) this.#replace(at - 1, makeLine(before.text + style.cr, '\n'))
    this.body.splice(at, 0, isLast ? makeLine(text, '') : makeLine(text + style.cr, '\n'))
  }

  #replace(at: number, line: Line): void {
    if (at < 0) this.header = line
    else this.body[at] = line
  }

  /** Where a new key goes: behind the last one, before comments and blank lines that follow it. */
  get insertionIndex(): number {
    return this.body.findLastIndex((line) => line.statement.is === 'assignment') + 1
  }

  /** Ends the last line, so that another section can follow. */
  terminate({ cr }: Style): void {
    const last = this.body.at(-1) ?? this.header
    if (last?.end === '') this.#replace(this.body.length - 1, makeLine(last.text + cr, '\n'))
  }

  /** Moves the comments at the end that speak of the section that follows. */
  takeClosingComments(): Line[] {
    const { body } = this
    return body.splice(body.findLastIndex((line) => !isOpening(line)) + 1)
  }

  /** Keeps a comment that became the last line from being read as one of the section that follows. */
  separate(style: Style): void {
    const last = this.body.at(-1)
    if (last && isOpening(last)) this.body.push(makeLine(style.cr))
  }

  /** Removes blank lines at the end. */
  trimEnd(): void {
    const { body } = this
    body.splice(body.findLastIndex((line) => line.statement.is !== 'blank') + 1)
  }
}

/** A comment that speaks of the section that follows it. */
function isOpening(line: Line): boolean {
  return line.statement.is === 'comment' && !isClosing(line)
}

/** `### end alice ###`, as PiVPN writes it, and keys that were commented out belong to what is above. */
function isClosing(line: Line): boolean {
  const text = commentOf(line)
  const key = /^([a-z]+)[ \t]*=/i.exec(text)?.[1]
  return /^end[ \t]/i.test(text) || (key !== undefined && ruleOf(key) !== undefined)
}

function kindOf(header: Line | undefined): SectionKind {
  if (header?.statement.is !== 'section') return 'preamble'
  const name = lower(header.statement.name)
  return name === 'interface' || name === 'peer' ? name : 'unknown'
}
