import { invalid } from '@wgctrl/types'
import type { ConfigDocument } from './document.js'
import {
  isOfWg,
  type KeyRule,
  readerOf,
  readsQuickKeys,
  ruleIn,
  ruleOf,
  wordOf,
} from './key-rule.js'
import {
  type Assignment,
  entriesOf,
  type Line,
  spelledValue,
  WORD_MARK,
  withValue,
} from './line.js'
import type { Section } from './section.js'
import { lower, trim } from './space.js'

interface Found {
  readonly section: Section
  readonly at: number
  readonly line: Line
  readonly statement: Assignment
}

/** Reads and changes the keys of one section, or of all `[Interface]` sections together. */
export class KeyEditor {
  readonly #document: ConfigDocument
  readonly #kind: 'interface' | 'peer'
  readonly #sections: () => readonly Section[]
  readonly #target: () => Section

  /** @param peer the section of a peer; absent: the interface */
  constructor(document: ConfigDocument, peer?: Section) {
    this.#document = document
    this.#kind = peer ? 'peer' : 'interface'
    this.#sections = () => (peer ? [peer] : document.ofKind('interface'))
    this.#target = () => peer ?? document.interfaceSection()
  }

  /** The names of all keys, as spelled, in the order of the file. */
  names(): string[] {
    return this.#found(() => true).map(({ statement }) => statement.key)
  }

  /** The values of all lines with a key, as spelled. */
  values(name: string): string[] {
    return this.#named(name).map(({ line, statement }) => spelledValue(line, statement))
  }

  /** The entries of all lines with a key, read. */
  read<T>(name: string, read: (text: string) => T | undefined): T[] {
    return this.#named(name)
      .flatMap(({ line, statement }) => entriesOf(line, statement))
      .flatMap(({ text }) => read(text) ?? [])
  }

  /** The last line of a key that comes once is the one that counts; without a value it resets the key. */
  readLast<T>(name: string, read: (text: string) => T | undefined): T | undefined {
    const last = this.#named(name).at(-1)
    const entry = last && entriesOf(last.line, last.statement).at(-1)
    return entry && read(entry.text)
  }

  /**
   * Gives a key these values, a line each; none removes it. Lines that have their value already, and
   * the comments of all, stay.
   *
   * @throws {WireGuardError} `EINVAL` when the key cannot have such a value
   */
  set(name: string, values: readonly string[]): void {
    const texts = values.map((value) => this.#checked(name, value))
    const isPublicKey = lower(name) === 'publickey'
    if (isPublicKey && texts.length === 0) throw invalid(name, 'a peer needs a public key')
    const found = this.#named(name)
    for (const [at, { section, at: index, line, statement }] of found.entries()) {
      const text = texts[at]
      if (text !== undefined && text !== spelledValue(line, statement)) {
        section.body[index] = withValue(line, statement, text)
      }
    }
    for (const { section, at } of found.slice(texts.length).reverse()) this.#remove(section, at)
    this.#append(name, texts.slice(found.length), found.slice(0, texts.length).at(-1))
    if (isPublicKey) this.#document.forgetPeers()
  }

  /**
   * Gives a key with a list these entries. Lines whose entries all stay are not touched; new entries
   * join the last line.
   */
  setList(
    name: string,
    entries: readonly string[],
    read: (text: string) => string | undefined,
  ): void {
    for (const entry of entries) this.#checked(name, entry)
    const canonical = [...new Set(entries.map((entry) => read(entry) ?? entry))]
    const wanted = new Set(canonical)
    const lines = this.#named(name).map(({ line, statement }) => entriesOf(line, statement))
    const kept = lines.map((line) => line.filter(({ text }) => wanted.delete(read(text) ?? text)))
    const added = canonical.filter((entry) => wanted.has(entry))
    const staying = kept.flat().map(({ text }) => read(text) ?? text)
    const inOrder = [...staying, ...added].every((entry, at) => entry === canonical[at])
    if (!inOrder || staying.length === 0) {
      this.set(name, canonical.length === 0 ? [] : [canonical.join(', ')])
      return
    }
    const rest = kept.map((line) => line.map(({ text }) => text))
    const last = rest.findLast((line) => line.length > 0)
    for (const entry of added) last?.push(entry)
    this.#rewrite(name, rest)
  }

  /** Gives each line of a key its entries; a line without any goes. */
  #rewrite(name: string, entries: readonly string[][]): void {
    const found = [...this.#named(name).entries()]
    for (const [at, { section, at: index, line, statement }] of found.reverse()) {
      const before = entriesOf(line, statement).map(({ text }) => text)
      const after = entries[at] ?? []
      if (after.length === 0) this.#remove(section, index)
      else if (after.join() !== before.join()) {
        section.body[index] = withValue(line, statement, after.join(', '))
      }
    }
  }

  #remove(section: Section, at: number): void {
    section.body.splice(at, 1)
    if (section !== this.#document.sections.at(-1)) section.separate(this.#document.style)
  }

  #append(name: string, texts: readonly string[], after: Found | undefined): void {
    if (texts.length === 0) return
    const section = after?.section ?? this.#target()
    let at = after ? after.at + 1 : section.insertionIndex
    const { style } = this.#document
    const rule = this.#ruleOf(name)
    if (rule?.dialect === 'wg-quick') section.admitQuickKeys()
    const spelled = (rule?.dialect === 'wgctrl' ? WORD_MARK : '') + (rule?.name ?? name)
    for (const text of texts) {
      section.insert(at++, `${style.indent}${spelled}${style.equals}${text}`, style)
    }
  }

  /** Refuses what would not come back as it was given: above all a newline, which begins a new key. */
  #checked(name: string, value: string): string {
    const { dialect } = this.#document
    const rule = this.#ruleOf(name)
    const fits = rule
      ? rule.section === this.#kind && (isOfWg(rule) || readsQuickKeys(dialect))
      : /^[A-Za-z][A-Za-z0-9_-]*$/.test(name)
    if (!fits) {
      throw invalid(name, `no key of [${this.#kind}] in the ${dialect} dialect`)
    }
    const text = trim(String(value))
    const forbidden = rule?.isHook ? /[\n\0]/ : /[\n\0#]/
    if (text === '' || forbidden.test(text)) {
      throw invalid(name, 'a value must have text, without a newline, NUL or # in it')
    }
    if (rule && !isReadable(rule, text, readerOf(rule, dialect)))
      throw invalid(name, `expected ${rule.expected}`)
    return text
  }

  #named(name: string): Found[] {
    const rule = this.#ruleOf(name)
    if (rule) return this.#found((statement) => statement.rule === rule)
    return this.#found(({ key }) => lower(key) === lower(name))
  }

  #ruleOf(name: string): KeyRule | undefined {
    return ruleIn(ruleOf(name), this.#document.dialect) ?? wordOf(name)
  }

  #found(test: (statement: Assignment) => boolean): Found[] {
    const found: Found[] = []
    for (const section of this.#sections()) {
      section.body.forEach((line, at) => {
        const { statement } = line
        if (statement.is === 'assignment' && test(statement)) {
          found.push({ section, at, line, statement })
        }
      })
    }
    return found
  }
}

function isReadable(rule: KeyRule, value: string, read: KeyRule['read']): boolean {
  const statement = { is: 'assignment', key: rule.name, rule, start: 0, end: value.length } as const
  const entries = entriesOf({ text: value, end: '', statement }, statement)
  return entries.length > 0 && entries.every(({ text }) => read(text) !== undefined)
}
