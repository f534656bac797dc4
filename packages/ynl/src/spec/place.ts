import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
} from 'yaml'
import { SpecError } from './spec-error.js'

interface Source {
  readonly file: string
  readonly lines: LineCounter
  readonly targets: ReadonlyMap<Alias, Node>
}

/** What each alias stands for: the last node before it with its anchor. */
function targetsOf(document: Document): Map<Alias, Node> {
  const anchors = new Map<string, Node>()
  const targets = new Map<Alias, Node>()
  visit(document, {
    Node: (_, node) => {
      if (isAlias(node)) {
        const target = anchors.get(node.source)
        if (target) targets.set(node, target)
      } else if (node.anchor) anchors.set(node.anchor, node)
    },
  })
  return targets
}

/**
 * A value of a YAML file and where it stands there, so that whatever is wrong with it can be told with file, line
 * and path. Aliases are followed.
 */
export class Place {
  readonly #source: Source
  readonly #node: Node | null
  readonly path: string

  private constructor(source: Source, node: Node | null, path: string) {
    this.#source = source
    this.#node = isAlias(node) ? (source.targets.get(node) ?? null) : node
    this.path = path
  }

  /** @throws {SpecError} for text that is no YAML */
  static of(text: string, file: string): Place {
    const lines = new LineCounter()
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
    const [error] = document.errors
    if (error !== undefined) {
      const { line, col } = lines.linePos(error.pos[0])
      throw new SpecError(error.message, { file, line, column: col, path: '' })
    }
    const targets = targetsOf(document)
    return new Place({ file, lines, targets }, document.contents as Node | null, '')
  }

  fault(problem: string): SpecError {
    const { file, lines } = this.#source
    const start = this.#node?.range?.[0]
    const at = start === undefined ? undefined : lines.linePos(start)
    return new SpecError(problem, { file, line: at?.line, column: at?.col, path: this.path })
  }

  /** A field of a mapping; absent where it has none of that name, or an empty one. */
  field(key: string): Place | undefined {
    const node = this.#map().get(key, true) as Node | undefined
    if (node === undefined) return undefined
    const place = new Place(this.#source, node, this.path === '' ? key : `${this.path}.${key}`)
    return isScalar(place.#node) && place.#node.value === null ? undefined : place
  }

  /** @throws {SpecError} where it is missing */
  required(key: string): Place {
    const found = this.field(key)
    if (found === undefined) throw this.fault(`${key} is missing`)
    return found
  }

  /** The elements of the list that a field is; none where there is no such field. */
  list(key: string): Place[] {
    return this.field(key)?.items() ?? []
  }

  items(): Place[] {
    const node = this.#node
    if (!isSeq(node)) throw this.fault('must be a list')
    return node.items.map(
      (item, at) => new Place(this.#source, item as Node, `${this.path}[${at}]`),
    )
  }

  isMapping(): boolean {
    return isMap(this.#node)
  }

  /** A scalar as it is written: a name can look like a number. */
  text(): string {
    const node = this.#node
    if (!isScalar(node)) throw this.fault('must be text')
    return typeof node.value === 'string' ? node.value : (node.source ?? String(node.value))
  }

  /** A whole number, not below 0 unless that is allowed. */
  number(least = 0): number {
    const value = isScalar(this.#node) ? this.#node.value : undefined
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least) return value
    throw this.fault(`must be a whole number${least === 0 ? ' from 0' : ''}`)
  }

  flag(): boolean {
    const value = isScalar(this.#node) ? this.#node.value : undefined
    if (typeof value === 'boolean') return value
    throw this.fault('must be true or false')
  }

  /** A number, or text. */
  scalar(): number | string {
    const value = isScalar(this.#node) ? this.#node.value : undefined
    return typeof value === 'number' ? value : this.text()
  }

  /** One of some words. */
  oneOf<const T extends string>(words: readonly T[]): T {
    const word = this.text()
    const found = words.find((each) => each === word)
    if (found === undefined) throw this.fault(`must be one of ${words.join(', ')}, not ${word}`)
    return found
  }

  #map() {
    const node = this.#node
    if (!isMap(node)) throw this.fault('must be a mapping')
    return node
  }
}
