import { isEnd, isHiddenHeader, isOpening } from './comment.js'
import { type Line, makeLine } from './line.js'
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

  /**
   * What stays when the section is removed: below its closing marker, or from a section on that was commented
   * out, lines are nobody's. Blank lines alone go with the section.
   */
  get remains(): Line[] {
    const rest = this.body.slice(this.#ownEnd)
    return rest.every(isBlank) ? [] : rest
  }

  /** Takes in what a section that followed left behind. */
  adopt(remains: readonly Line[], style: Style): void {
    if (remains.length === 0) return
    this.terminate(style)
    const last = this.body.at(-1)
    const from =
      last === undefined || isBlank(last) ? remains.findIndex((line) => !isBlank(line)) : 0
    for (const line of remains.slice(from)) this.body.push(line)
  }

  /** Where in the body that ends which was written for this section. */
  get #ownEnd(): number {
    const { body, insertionIndex } = this
    const end = body.findIndex((line, at) => at >= insertionIndex && isEnd(line))
    const hidden = body.findIndex((line, at) => at >= insertionIndex && isHiddenHeader(line))
    if (hidden < 0 || (end >= 0 && end < hidden)) return end < 0 ? body.length : end + 1
    const above = body.slice(insertionIndex, hidden)
    return insertionIndex + above.findLastIndex((line) => !isOpening(line)) + 1
  }
}

const isBlank = ({ statement }: Line): boolean => statement.is === 'blank'

function kindOf(header: Line | undefined): SectionKind {
  if (header?.statement.is !== 'section') return 'preamble'
  const name = lower(header.statement.name)
  return name === 'interface' || name === 'peer' ? name : 'unknown'
}
