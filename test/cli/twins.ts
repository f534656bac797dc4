import { expect } from 'vitest'
import type { Bench } from '../contract/bench.js'
import { configured, viewOf } from '../interop/view.js'
import { comparable } from './meaning.js'
import type { PortPairs } from './ports.js'
import { type Outcome, type RunOptions, runOurs, runWg } from './wg.js'

/** Two devices with one history: what wg(8) does to the one, we do to the other. */
export class Twins {
  readonly #bench: Bench
  readonly #ports: PortPairs
  readonly names: readonly [string, string]
  readonly #files: string

  /** @param files the folder that `@files` stands for */
  constructor(bench: Bench, ports: PortPairs, names: readonly [string, string], files: string) {
    this.#bench = bench
    this.#ports = ports
    this.names = names
    this.#files = files
  }

  /** Both without keys, mark and peers. A port cannot be cleared: it is one of the system's choice. */
  async reset(): Promise<void> {
    const blank = { privateKey: null, listenPort: 0, firewallMark: null, replacePeers: true }
    await Promise.all(this.names.map((name) => this.#bench.wg.configure(name, blank)))
  }

  /** Runs one command on both sides. `@device` and `@0` stand for a side's device and ports, `@files` for a folder. */
  async run(
    words: readonly string[],
    options: RunOptions = {},
  ): Promise<readonly [Outcome, Outcome]> {
    return this.runWith(runWg, runOurs, words, options)
  }

  /** The same with other ways to run the two. */
  async runWith(
    theirs: typeof runWg,
    ours: typeof runWg,
    words: readonly string[],
    options: RunOptions = {},
  ): Promise<readonly [Outcome, Outcome]> {
    return Promise.all([
      theirs(this.#wordsOf(words, 0), options),
      ours(this.#wordsOf(words, 1), options),
    ])
  }

  /** What the device of a side is, with what it stands for in the place of ports. */
  async view(side: 0 | 1): Promise<object> {
    const view = viewOf(await this.#bench.wg.device(this.names[side]))
    const port = this.#ports.read(view.listenPort, side)
    // A port that neither side gave is one of the system's choice.
    const listenPort = typeof port === 'number' ? 'any' : port
    return { ...configured(view, false), listenPort }
  }

  async expectSame(outcomes: readonly [Outcome, Outcome], words: string[]): Promise<void> {
    const [theirs, ours] = outcomes.map(comparable)
    expect(ours, words.join(' ')).toEqual(theirs)
    await this.expectSameDevices(words.join(' '))
  }

  /** @param after what was done, for the error */
  async expectSameDevices(after: string): Promise<void> {
    const [theirs, ours] = await Promise.all([this.view(0), this.view(1)])
    expect(ours, after).toEqual(theirs)
  }

  /** A text with `@0`, `@1`, … replaced by the ports of a side. */
  textOf(text: string, side: 0 | 1): string {
    return this.#ports.write(text, side)
  }

  #wordsOf(words: readonly string[], side: 0 | 1): string[] {
    return words.map((word) =>
      this.textOf(word, side).replace('@device', this.names[side]).replace('@files', this.#files),
    )
  }
}
