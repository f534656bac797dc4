import { counters, PLACES } from './instrument.js'

/** How often, in classes: once, twice, three times, four to seven, … What AFL made customary. */
const CLASS = Uint8Array.from({ length: 256 }, (_, count) => {
  if (count < 4) return count === 3 ? 4 : count
  return 1 << Math.min(7, 2 + Math.floor(Math.log2(count / 2)))
})

/** What inputs have reached so far, and whether one more reached something new. */
export class Coverage {
  readonly #counters = counters()
  readonly #seen = new Uint8Array(PLACES)
  /** Places reached, in any number. */
  places = 0

  /** Forgets what was counted, before an input runs. */
  start(): void {
    this.#counters.fill(0)
  }

  /** @returns whether the input that just ran reached a place, or as often, as none before it */
  takeNews(): boolean {
    let isNew = false
    // Four at a time: nearly all are 0.
    const words = new Uint32Array(this.#counters.buffer)
    for (let word = 0; word < words.length; word++) {
      if (words[word] === 0) continue
      for (let place = word * 4; place < word * 4 + 4; place++) {
        const found = CLASS[this.#counters[place] as number] as number
        const seen = this.#seen[place] as number
        if ((found & ~seen) === 0) continue
        if (seen === 0) this.places++
        this.#seen[place] = seen | found
        isNew = true
      }
    }
    return isNew
  }

  /** The places that the input that just ran reached, however often. */
  reached(): number[] {
    const found: number[] = []
    for (let place = 0; place < PLACES; place++) if (this.#counters[place]) found.push(place)
    return found
  }
}
