/**
 * Those who wait to be let in, in the order in which they came; who was known before comes before who was not.
 */
export class Arrivals<T> {
  readonly #known: T[] = []
  readonly #others: T[] = []

  get size(): number {
    return this.#known.length + this.#others.length
  }

  add(one: T, isKnown: boolean): void {
    ;(isKnown ? this.#known : this.#others).push(one)
  }

  /** Takes out the first; fewer when there are not so many. */
  take(count: number): T[] {
    const known = this.#known.splice(0, count)
    return [...known, ...this.#others.splice(0, count - known.length)]
  }

  /** They were taken, and have to wait for longer: they are the first again. */
  putBack(some: readonly T[]): void {
    this.#known.unshift(...some)
  }
}
