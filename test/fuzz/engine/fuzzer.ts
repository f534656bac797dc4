import { WireGuardError } from '@wgctrl/types'
import { Corpus } from './corpus.js'
import { Coverage } from './coverage.js'
import { LONGEST_INPUT, mutate, Random } from './mutate.js'
import type { Watchdog } from './watchdog.js'

/** What is fuzzed: any input gives a value or an error of ours. */
export interface Target {
  readonly name: string
  /** Where the corpus starts from: real messages and texts. */
  seeds(): Uint8Array[]
  /** What the format is made of: key words, separators. */
  readonly words?: readonly (string | Uint8Array)[]
  /** Reads an input. Throws an error of another kind than ours where a promise is broken. */
  run(input: Uint8Array): unknown
}

/** An input that broke a promise, and how. */
export class Finding extends Error {
  constructor(
    readonly input: Uint8Array,
    cause: unknown,
  ) {
    const text = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)
    super(`${input.length} bytes, ${Buffer.from(input).toString('hex').slice(0, 400)}: ${text}`, {
      cause,
    })
  }
}

/** Megabytes that the process may hold beyond what it began with: the inputs have kilobytes. */
const MOST_MEMORY = 1024

/** Inputs between two looks at the clock and the memory. */
const BATCH = 256

/** Runs inputs of one target, and keeps those that reach what none before them reached. */
export class Fuzzer {
  readonly coverage = new Coverage()
  /** How many inputs ran. */
  runs = 0
  readonly #target: Target
  readonly #watchdog: Watchdog
  readonly #words: Uint8Array[]
  readonly #inputs: Uint8Array[] = []

  constructor(target: Target, watchdog: Watchdog) {
    this.#target = target
    this.#watchdog = watchdog
    this.#words = (target.words ?? []).map((word) =>
      typeof word === 'string' ? new TextEncoder().encode(word) : word,
    )
  }

  /** Runs what the corpus keeps, and the seeds. @throws {Finding} */
  async replay(): Promise<void> {
    const corpus = new Corpus(this.#target.name)
    const kept = corpus.names().map((name) => corpus.read(name))
    for (const input of [...this.#target.seeds(), ...kept]) {
      const start = input.subarray(0, LONGEST_INPUT)
      if (await this.#isNews(start)) this.#inputs.push(start)
    }
  }

  /** @param onNews is told of every input that is kept @throws {Finding} */
  async fuzz(seconds: number, seed: number, onNews = (_: Uint8Array): void => {}): Promise<void> {
    const random = new Random(seed)
    const end = performance.now() + seconds * 1000
    const before = process.memoryUsage.rss()
    while (performance.now() < end) {
      for (let left = BATCH; left > 0; left--) {
        const input = mutate(this.#pick(random), this.#inputs, this.#words, random)
        if (!(await this.#isNews(input))) continue
        this.#inputs.push(input)
        onNews(input)
      }
      const megabytes = (process.memoryUsage.rss() - before) / 2 ** 20
      if (megabytes > MOST_MEMORY) {
        throw new Error(`${this.#target.name}: the process grew by ${megabytes.toFixed()} MiB`)
      }
      // Others of this process get a turn.
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  /**
   * The inputs that together reach all that the given ones reach, the short ones first.
   */
  async smallest(inputs: readonly Uint8Array[]): Promise<Uint8Array[]> {
    const reached = new Set<number>()
    const kept: Uint8Array[] = []
    for (const input of [...inputs].sort((a, b) => a.length - b.length)) {
      await this.#isNews(input)
      const places = this.coverage.reached()
      if (places.every((place) => reached.has(place))) continue
      for (const place of places) reached.add(place)
      kept.push(input)
    }
    return kept
  }

  /** New ones more often than old ones. */
  #pick(random: Random): Uint8Array {
    const { length } = this.#inputs
    const from = random.below(2) === 0 ? 0 : Math.max(0, length - 16)
    return this.#inputs[from + random.below(length - from)] as Uint8Array
  }

  async #isNews(input: Uint8Array): Promise<boolean> {
    this.runs++
    this.coverage.start()
    this.#watchdog.enter(input)
    try {
      // Targets get a copy: they zero what they read.
      const result = this.#target.run(Uint8Array.from(input))
      if (result instanceof Promise) await result
    } catch (error) {
      if (!(error instanceof WireGuardError)) throw new Finding(input, error)
    } finally {
      this.#watchdog.leave()
    }
    return this.coverage.takeNews()
  }
}
