interface Range {
  readonly first: bigint
  readonly last: bigint
}

/** Where a range stands, or would stand. */
interface Place {
  readonly page: number
  readonly at: number
}

/** Ranges of a page: what a range that comes or goes moves at most. */
const PAGE = 256

/**
 * Numbers as ranges that neither overlap nor touch, in order: what is next to a range is free. They stand on pages, so
 * that a change moves those of one page alone. To find, to add and to take away take O(log n).
 */
export class RangeSet {
  /** None is empty, but for the only one. */
  readonly #pages: Range[][] = [[]]

  constructor(ranges: readonly Range[]) {
    for (const { first, last } of ranges) this.add(first, last)
  }

  /** The least number from `value` on that is not in the set. */
  nextFree(value: bigint): bigint {
    const range = this.#rangeAt(this.#find(value))
    return range !== undefined && range.first <= value ? range.last + 1n : value
  }

  /** Whether none of the numbers from `first` to `last` is in the set. */
  isClear(first: bigint, last: bigint): boolean {
    const range = this.#rangeAt(this.#find(first))
    return range === undefined || range.first > last
  }

  add(first: bigint, last: bigint): void {
    const place = this.#find(first - 1n)
    let [low, high] = [first, last]
    for (const range of this.#cut(place, last + 1n)) {
      if (range.first < low) low = range.first
      if (range.last > high) high = range.last
    }
    this.#insert(this.#find(low), { first: low, last: high })
  }

  delete(first: bigint, last: bigint): void {
    for (const range of this.#cut(this.#find(first), last)) {
      if (range.first < first) this.add(range.first, first - 1n)
      if (range.last > last) this.add(last + 1n, range.last)
    }
  }

  /** The parts of the set that lie between `first` and `last`. */
  *within(first: bigint, last: bigint): Generator<Range> {
    for (let from = first; from <= last; ) {
      const range = this.#rangeAt(this.#find(from))
      if (range === undefined || range.first > last) return
      const end = range.last + 1n
      yield { first: largest(range.first, from), last: end > last ? last : range.last }
      from = end
    }
  }

  /** Takes the ranges out that begin at `place` or behind it, and not behind `last`. */
  #cut(place: Place, last: bigint): Range[] {
    const taken: Range[] = []
    for (let { page, at } = place; page < this.#pages.length; at = 0) {
      const ranges = this.#pages[page] as Range[]
      const stay = ranges.findIndex((range, index) => index >= at && range.first > last)
      taken.push(...ranges.splice(at, (stay < 0 ? ranges.length : stay) - at))
      if (ranges.length === 0 && this.#pages.length > 1) this.#pages.splice(page, 1)
      else page++
      if (stay >= 0) break
    }
    return taken
  }

  #insert({ page, at }: Place, range: Range): void {
    const ranges = this.#pages[page] as Range[]
    ranges.splice(at, 0, range)
    if (ranges.length > PAGE) this.#pages.splice(page + 1, 0, ranges.splice(PAGE / 2))
  }

  #rangeAt({ page, at }: Place): Range | undefined {
    return this.#pages[page]?.[at]
  }

  /** Where the first range is that does not end before `value`; behind the last: at the end of the last page. */
  #find(value: bigint): Place {
    const pages = this.#pages
    const found = lowest(pages.length, (index) => !endsBefore(pages[index]?.at(-1), value))
    const page = Math.min(found, pages.length - 1)
    const ranges = pages[page] as Range[]
    return { page, at: lowest(ranges.length, (index) => !endsBefore(ranges[index], value)) }
  }
}

/** Math.max() knows no bigints. */
const largest = (one: bigint, other: bigint): bigint => (one < other ? other : one)

const endsBefore = (range: Range | undefined, value: bigint): boolean =>
  range === undefined || range.last < value

/** The lowest of `count` indices that holds; all behind it hold as well. @returns `count` when none does */
function lowest(count: number, holds: (index: number) => boolean): number {
  let low = 0
  let high = count
  while (low < high) {
    const middle = (low + high) >> 1
    if (holds(middle)) high = middle
    else low = middle + 1
  }
  return low
}
