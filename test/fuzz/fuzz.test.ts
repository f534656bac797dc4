import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Corpus } from './engine/corpus.js'
import { Finding, Fuzzer } from './engine/fuzzer.js'
import { Watchdog } from './engine/watchdog.js'
import { targets } from './targets/index.js'

/** `npm run fuzz -- <target> <seconds>` sets these: one target, for longer, and the corpus grows. */
const only = process.env['WGCTRL_FUZZ_TARGET']
const seconds = Number(process.env['WGCTRL_FUZZ_SECONDS'] ?? 1)
const seed = Number(process.env['WGCTRL_FUZZ_SEED'] ?? Date.now() % 2 ** 32)

/** Places that the kept corpus has to reach at least: a target that reaches none tests nothing. */
const FEWEST_PLACES = 20

describe.each(targets.filter(({ name }) => only === undefined || name === only))(
  '$name',
  (target) => {
    const corpus = new Corpus(target.name)
    let watchdog: Watchdog

    beforeAll(() => {
      watchdog = new Watchdog(join(tmpdir(), `fuzz-${target.name}-endless`))
    })

    afterAll(() => watchdog.end())

    it('reads the kept inputs: a value or an error of ours', async () => {
      const fuzzer = new Fuzzer(target, watchdog)
      await fuzzer.replay()
      expect(fuzzer.coverage.places).toBeGreaterThan(FEWEST_PLACES)
    })

    it('reads whatever else is tried', async () => {
      const fuzzer = new Fuzzer(target, watchdog)
      await fuzzer.replay()
      const before = fuzzer.coverage.places
      const news: Uint8Array[] = []
      try {
        await fuzzer.fuzz(seconds, seed, (input) => news.push(input))
      } catch (error) {
        if (!(error instanceof Finding)) throw error
        const name = corpus.add(error.input, true)
        throw new Error(`seed ${seed}; the input is test/fuzz/corpus/${target.name}/${name}`, {
          cause: error,
        })
      }
      const { runs, coverage } = fuzzer
      console.log(`${target.name}: ${runs} inputs, ${coverage.places} places, ${before} before`)
      expect(runs).toBeGreaterThan(100)
      if (only !== undefined) await keepSmallest(news)
    })

    /** The corpus with what is new in it, less what adds nothing. Findings stay. */
    const keepSmallest = async (news: readonly Uint8Array[]): Promise<void> => {
      const names = corpus.names().filter((name) => !name.startsWith('found-'))
      const inputs = [...names.map((name) => corpus.read(name)), ...news]
      const kept = await new Fuzzer(target, watchdog).smallest(inputs)
      for (const name of names) corpus.remove(name)
      for (const input of kept) corpus.add(input)
      console.log(`${target.name}: the corpus has ${kept.length} inputs`)
    }
  },
)

it('every target has a kept corpus', () => {
  const empty = targets.filter(({ name }) => new Corpus(name).names().length === 0)
  expect(empty.map(({ name }) => name)).toEqual([])
})
