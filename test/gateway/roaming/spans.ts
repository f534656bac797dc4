import { clock } from './world.js'

interface Span {
  readonly from: number
  to: number
}

/** From when to when something was so, in milliseconds since 1970. The last may go on. */
export class Spans {
  readonly #spans: Span[] = []

  get isOpen(): boolean {
    return this.#spans.at(-1)?.to === Number.POSITIVE_INFINITY
  }

  get count(): number {
    return this.#spans.length
  }

  begin(from: number = clock()): void {
    if (!this.isOpen) this.#spans.push({ from, to: Number.POSITIVE_INFINITY })
  }

  end(): void {
    const last = this.#spans.at(-1)
    // One that was to begin later does not begin at all.
    if (last && last.from > clock()) this.#spans.pop()
    else if (last && this.isOpen) last.to = clock()
  }

  /** Whether it was so all the time. */
  has(from: number, to: number = from): boolean {
    return this.at(from) !== undefined && this.at(from) === this.at(to)
  }

  /** Since when it was so at a moment. */
  at(moment: number): number | undefined {
    return this.#spans.find((span) => span.from <= moment && span.to >= moment)?.from
  }
}
