import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, expect, it } from 'vitest'
import { isolate } from '../contract/harnesses/isolation.js'

const run = promisify(execFile)
const program = fileURLToPath(new URL('soak.mjs', import.meta.url))

/** `npm run soak` asks for an hour's worth. */
const rounds = process.env['WGCTRL_SOAK_ROUNDS'] ?? '240'

interface Sample {
  readonly round: number
  /** Bytes, after collection. */
  readonly memory: number
  readonly descriptors: number
  readonly threads: number
}

beforeAll(isolate)

/** The first samples, while code is compiled and caches fill, are left out. */
async function soak(rounds: string, leak?: string): Promise<Sample[]> {
  const args = ['--expose-gc', program, rounds, ...(leak ? [leak] : [])]
  const { stdout } = await run(process.execPath, args, { maxBuffer: 1 << 26 })
  const samples: Sample[] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(samples.length).toBeGreaterThan(15)
  return samples.slice(Math.ceil(samples.length / 3))
}

/** What a kind of holding grows by over all rounds: the slope of the line nearest to the samples. */
function growth(samples: readonly Sample[], kind: keyof Sample): number {
  const mean = (of: keyof Sample): number =>
    samples.reduce((sum, sample) => sum + sample[of], 0) / samples.length
  const [meanRound, meanValue] = [mean('round'), mean(kind)]
  let above = 0
  let below = 0
  for (const sample of samples) {
    above += (sample.round - meanRound) * (sample[kind] - meanValue)
    below += (sample.round - meanRound) ** 2
  }
  const [first, last] = [samples[0], samples.at(-1)] as [Sample, Sample]
  return (above / below) * (last.round - first.round)
}

/** Bytes: the collector's own tables breathe by less, a leak of some kilobytes in a round makes more. */
const MOST_MEMORY = 1 << 20

function expectFlat(samples: readonly Sample[]): void {
  expect(growth(samples, 'descriptors'), 'descriptors').toBeLessThan(1)
  expect(growth(samples, 'threads'), 'threads').toBeLessThan(1)
  expect(growth(samples, 'memory'), 'bytes').toBeLessThan(MOST_MEMORY)
}

it('mixed calls leave memory, descriptors and threads as they were', async () => {
  expectFlat(await soak(rounds))
})

it.each(['memory', 'descriptors'])('a leak of %s is noticed', async (leak) => {
  const samples = await soak('120', leak)
  expect(() => expectFlat(samples)).toThrow(leak === 'memory' ? /bytes/ : /descriptors/)
})
