import type { PublicKey } from '@wgctrl/types'
import { type Dialect, readsQuickKeys } from './key-rule.js'
import { entriesOf, type Line, makeLine, splitLines, withoutWord } from './line.js'
import { Section, type Style } from './section.js'
import { startOf } from './space.js'

const BYTE_ORDER_MARK = '\uFEFF'

export interface NumberedLine {
  readonly section: Section
  readonly line: Line
  readonly number: number
}

/** The text of a config file as sections of lines; joined they are the file again. */
export class ConfigDocument {
  readonly dialect: Dialect
  /** The file that it was read from, for messages. */
  readonly path: string | undefined
  readonly hasByteOrderMark: boolean
  readonly style: Style
  /** The first is what stands before any header. */
  readonly sections: Section[]
  #peers: Map<PublicKey, Section[]> | undefined
  /** Sections that brought the blank line before them along. */
  readonly #added = new WeakSet<Section>()

  constructor(text: string, dialect: Dialect, path?: string) {
    this.dialect = dialect
    this.path = path
    this.hasByteOrderMark = text.startsWith(BYTE_ORDER_MARK)
    const all = splitLines(this.hasByteOrderMark ? text.slice(1) : text)
    const lines = readsQuickKeys(dialect) ? all : all.map(withoutWord)
    this.style = styleOf(lines)
    this.sections = toSections(lines)
  }

  format(): string {
    let text = this.hasByteOrderMark ? BYTE_ORDER_MARK : ''
    for (const section of this.sections) {
      for (const line of section.lines()) text += line.text + line.end
    }
    return text
  }

  /** All lines with their numbers, from 1. */
  *numberedLines(): Generator<NumberedLine> {
    let number = 1
    for (const section of this.sections) {
      for (const line of section.lines()) yield { section, line, number: number++ }
    }
  }

  ofKind(kind: Section['kind']): Section[] {
    return this.sections.filter((section) => section.kind === kind)
  }

  /** The sections of a peer: more than one where the file names it again. */
  peerSections(key: PublicKey): readonly Section[] {
    this.#peers ??= indexPeers(this.ofKind('peer'))
    return this.#peers.get(key) ?? []
  }

  /** To call when the public key of a section changed. */
  forgetPeers(): void {
    this.#peers = undefined
  }

  /** The last `[Interface]`: there new keys are sure to count. Made at the top where there is none. */
  interfaceSection(): Section {
    const last = this.ofKind('interface').at(-1)
    if (last) return last
    const section = new Section(makeLine(`[Interface]${this.style.cr}`))
    this.sections[0]?.terminate(this.style)
    this.sections.splice(1, 0, section)
    if (this.sections.length > 2) section.insert(0, '', this.style)
    return section
  }

  /** A new section at the end, a blank line before it. */
  addPeer(key: PublicKey): Section {
    const { style } = this
    const section = new Section(makeLine(`[Peer]${style.cr}`))
    section.insert(0, `${style.indent}PublicKey${style.equals}${key}`, style)
    const last = this.sections.at(-1)
    last?.terminate(style)
    const above = last?.body.at(-1) ?? last?.header
    if (above && above.statement.is !== 'blank') section.leading.push(makeLine(style.cr))
    this.peerSections(key)
    this.sections.push(section)
    this.#added.add(section)
    this.#peers?.set(key, [...this.peerSections(key), section])
    return section
  }

  removePeer(key: PublicKey): boolean {
    const removed = this.peerSections(key)
    for (const section of removed) this.#remove(section)
    this.#peers?.delete(key)
    return removed.length > 0
  }

  /** Leaves the first of the sections of a peer: a later one would undo what the first says. */
  removeRepeats(key: PublicKey): void {
    const [first, ...repeats] = this.peerSections(key)
    for (const section of repeats) this.#remove(section)
    if (first) this.#peers?.set(key, [first])
  }

  #remove(section: Section): void {
    const at = this.sections.indexOf(section)
    const before = this.sections[at - 1]
    const { remains } = section
    this.sections.splice(at, 1)
    const wasLast = at === this.sections.length
    if (remains.length > 0) before?.adopt(remains, this.style)
    else if (wasLast && !this.#added.has(section)) before?.trimEnd()
  }
}

function toSections(lines: readonly Line[]): Section[] {
  let current = new Section()
  const sections = [current]
  for (const line of lines) {
    if (line.statement.is === 'section') {
      const next = new Section(line)
      next.leading = current.takeClosingComments()
      sections.push(next)
      current = next
    } else current.body.push(line)
  }
  return sections
}

function indexPeers(sections: readonly Section[]): Map<PublicKey, Section[]> {
  const index = new Map<PublicKey, Section[]>()
  for (const section of sections) {
    const key = publicKeyOf(section)
    if (key === undefined) continue
    const known = index.get(key)
    if (known) known.push(section)
    else index.set(key, [section])
  }
  return index
}

/** The public key that counts in a section: the last. */
export function publicKeyOf(section: Section): PublicKey | undefined {
  for (let at = section.body.length - 1; at >= 0; at--) {
    const line = section.body[at] as Line
    const { statement } = line
    if (statement.is !== 'assignment' || statement.rule?.name !== 'PublicKey') continue
    return entriesOf(line, statement)[0]?.text
  }
  return undefined
}

/** New lines look like the first key of the file. */
function styleOf(lines: readonly Line[]): Style {
  const cr = lines[0]?.text.endsWith('\r') ? '\r' : ''
  for (const { text, statement } of lines) {
    if (statement.is !== 'assignment' || statement.isWord) continue
    const indent = text.slice(0, startOf(text))
    const isTight = text[indent.length + statement.key.length] === '='
    return { cr, indent, equals: isTight ? '=' : ' = ' }
  }
  return { cr, indent: '', equals: ' = ' }
}
